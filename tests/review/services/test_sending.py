"""Images sent from a wall to a new campaign: which ones, with what questions, by whom."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from raters.exceptions import BadCampaign
from raters.models import Campaign
from raters.services import campaigns
from review.cards import ImageKey
from review.models import JudgedImage
from review.services import sending
from tests.factories.accounts import make_user
from tests.factories.rating import make_question_set
from tests.review.pictured import make_uploads, make_world
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]


def test_chosen_images_become_a_draft(operator: User) -> None:
    world, upload = make_world(), make_uploads(1)[0]
    keys = [ImageKey("candidate", world.candidates[n].pk) for n in (0, 5)] + [ImageKey("task", upload.pk)]
    sent = sending.send(keys, "Second look", raters_per_image=2, by=operator)
    assert (sent.campaign.state, sent.campaign.raters_per_image, sent.campaign.made_by) == ("draft", 2, operator)
    assert (sent.images, sent.left_out, sent.campaign.task_count, sent.campaign.rating_target) == (3, 0, 3, 6)
    assert sent.campaign.question_set_id == world.campaign.question_set_id
    again = sent.campaign.tasks.get(candidate=None)
    assert (again.picture_key, again.method, again.subject.photos) == (
        upload.picture_key, upload.method, upload.subject.photos,
    )  # fmt: skip
    campaigns.open_campaign(sent.campaign)


def test_questions_are_those_that_most_were_asked(operator: User) -> None:
    world = make_world(judged=2, waiting=0)
    other = make_question_set("colour")
    type(world.campaign).objects.filter(pk=world.campaign.pk).update(question_set=other)
    JudgedImage.objects.update(question_set=other.pk)
    sent = sending.send([ImageKey("candidate", one.pk) for one in world.candidates], "Colours", raters_per_image=1)
    assert sent.campaign.question_set == other


def test_what_cannot_be_rated_is_left_out_and_counted(operator: User) -> None:
    world, upload = make_world(), make_uploads(1)[0]
    type(world.candidates[0]).objects.filter(pk=world.candidates[0].pk).update(dropped="unsafe")
    type(upload).objects.filter(pk=upload.pk).update(picture_key="")
    keys = [ImageKey("candidate", world.candidates[0].pk), ImageKey("task", upload.pk)]
    with pytest.raises(BadCampaign, match="None of these images can be rated again"):
        sending.send(keys, "Nothing", raters_per_image=1, by=operator)
    sent = sending.send([*keys, ImageKey("candidate", world.candidates[1].pk)], "One", raters_per_image=1, by=operator)
    assert (sent.images, sent.left_out) == (1, 2)


def test_a_page_sends_the_chosen_or_all(client_for: ClientFor, operator: User) -> None:
    world = make_world()
    client = client_for(operator)
    address = f"/review/images/send/?product={world.product.pk}&verdict=failed"
    for which, images in (("all", 2), ("chosen", 1)):
        data = {
            "name": f"Look at {which}",
            "raters": 2,
            "which": which,
            "images": f"candidate:{world.candidates[0].pk}",
        }
        made = client.post(address, data)
        sent = Campaign.objects.get(name=f"Look at {which}")
        assert made["Location"] == f"/campaigns/{sent.pk}/"
        assert sent.task_count == images
        assert f"{images} images are in" in client.get(made["Location"]).content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "", "raters": 2, "which": "all"}, "name: This field is required."),
        ({"name": "X", "raters": 0, "which": "all"}, "raters: "),
        ({"name": "X", "raters": 2, "which": "some"}, "which: "),
        ({"name": "X", "raters": 2, "which": "chosen"}, "Choose some images first."),
        ({"name": "X", "raters": 2, "which": "chosen", "images": "candidate:999999999"}, "None of these images"),
    ],
)
def test_what_cannot_be_sent_is_said_on_the_wall(
    data: dict[str, str], said: str, client_for: ClientFor, operator: User
) -> None:
    world = make_world(judged=1, waiting=0)
    client = client_for(operator)
    refused = client.post(f"/review/images/send/?product={world.product.pk}&sort=score", data)
    assert refused["Location"] == f"/review/products/{world.product.pk}/?sort=score"
    assert said in client.get(refused["Location"]).content.decode()
    assert Campaign.objects.count() == 1


def test_only_operators_send_and_analysts_are_told_why(client_for: ClientFor, analyst: User) -> None:
    make_world(judged=1, waiting=0)
    data = {"name": "X", "raters": 1, "which": "all"}
    for role in (Role.ANALYST, Role.RATER, None):
        user = make_user(role) if role else make_user()
        assert client_for(user).post("/review/images/send/", data).status_code == 403
    assert client_for(None).post("/review/images/send/", data).status_code == 302
    assert client_for(make_user(Role.OPERATOR)).get("/review/images/send/").status_code == 405
    page = client_for(analyst).get("/review/images/").content.decode()
    assert "An operator can send images from here to a new campaign" in page
    assert "Send the chosen" not in page
    assert "Send the chosen" in client_for(make_user(Role.OPERATOR)).get("/review/images/").content.decode()
