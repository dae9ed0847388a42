"""Example pictures beside the guidelines, for programs: added, listed, seen, taken out."""

import io
from collections.abc import Callable

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import User
from raters.models import Campaign, GuidelinePicture
from raters.services import campaigns, guidelines
from tests.factories import rating as made
from tests.factories.accounts import make_user
from tests.factories.catalog import image_bytes
from vitrine.access import Role

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db


def picture() -> io.BytesIO:
    file = io.BytesIO(image_bytes())
    file.name = "good.jpg"
    return file


def with_example(**settings: bool) -> tuple[Campaign, str]:
    """A campaign, and the address of its one example picture."""
    campaign = made.make_campaign(1, **settings)
    kept = guidelines.add_picture(campaign, io.BytesIO(image_bytes()), "a.jpg", good=True)
    return campaign, f"/api/campaigns/{campaign.pk}/guidelines/{kept.pk}/picture"


def test_added_listed_and_taken_out(client_for: ClientFor, operator: User) -> None:
    client, base = client_for(operator), f"/api/campaigns/{made.make_campaign(1, open=False).pk}/guidelines/"
    added = client.post(base, {"picture": picture(), "good": "false", "caption": "A handle too many"})
    assert (added.status_code, added.json()["good"], added.json()["caption"]) == (201, False, "A handle too many")
    listed = client.get(base).json()["results"]
    assert listed == [added.json()]
    assert client.get(listed[0]["url"]).headers["Content-Type"] == "image/webp"
    assert client.delete(f"{base}{listed[0]['id']}/").status_code == 204
    assert client.delete(f"{base}{listed[0]['id']}/").status_code == 404
    assert client.get(base).json()["results"] == []


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"good": "true"}, "picture: It is missing; send a file"),
        ({"good": "perhaps", "picture": "x"}, "'perhaps' will not do: send true or false"),
        ({"picture": "x"}, "good: It is missing; send true or false"),
        ({"good": "true", "picture": "words"}, "notes.txt"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    client_for: ClientFor, operator: User, sent: dict[str, object], sentence: str
) -> None:
    if "picture" in sent:
        file = io.BytesIO(str(sent["picture"]).encode())
        file.name = "notes.txt"
        sent = sent | {"picture": file}
    answer = client_for(operator).post(f"/api/campaigns/{made.make_campaign(1).pk}/guidelines/", sent)
    assert answer.status_code == 400
    assert sentence in str(answer.json())
    assert not GuidelinePicture.objects.exists()


def test_a_closed_campaign_keeps_its_guidelines(client_for: ClientFor, operator: User) -> None:
    campaign, address = with_example()
    campaigns.close(campaign)
    answer = client_for(operator).delete(address.removesuffix("picture"))
    assert (answer.status_code, "stays as it is" in answer.json()["detail"]) == (400, True)


def test_only_operators_change_them(client_for: ClientFor, rater: User, analyst: User) -> None:
    campaign, address = with_example()
    base = f"/api/campaigns/{campaign.pk}/guidelines/"
    for user in (rater, analyst):
        client = client_for(user)
        assert client.post(base, {"picture": picture(), "good": "true"}).status_code == 403
        assert client.delete(address.removesuffix("picture")).status_code == 403
    assert client_for(rater).get(base).status_code == 403
    assert len(client_for(analyst).get(base).json()["results"]) == 1


@pytest.mark.parametrize(("by_invitation", "status"), [(False, 200), (True, 404)])
def test_raters_see_those_of_campaigns_that_are_open_to_them(rater: User, by_invitation: bool, status: int) -> None:
    _, address = with_example(by_invitation=by_invitation)
    headers = {"Authorization": f"Bearer {tokens.make_token(rater, 'program')[1]}"}
    assert Client().get(address, headers=headers).status_code == status


def test_another_campaigns_picture_is_not_there(client_for: ClientFor) -> None:
    (_, address), other = with_example(), made.make_campaign(1)
    pk = address.split("/")[-2]
    analyst = make_user(Role.ANALYST)
    assert client_for(analyst).get(f"/api/campaigns/{other.pk}/guidelines/{pk}/picture").status_code == 404
