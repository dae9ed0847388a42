"""The operators' pages of a campaign: made, filled, opened, watched, closed."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from generation.models import Candidate
from raters.models import Campaign, CampaignRater
from raters.selectors import rating_room
from raters.services import campaigns, people
from raters.services.questions import make_question_set
from tests.factories.accounts import make_user
from tests.factories.catalog import image_bytes, make_product
from tests.factories.generation import make_candidate, make_run
from tests.factories.rating import NO, YES, make_campaign, make_rater, make_tasks, rate, rate_task
from vitrine.access import Role

SETTINGS = {
    "name": "Mugs", "raters_per_image": 3, "vote": "question", "lease_minutes": 15, "gold_share": 0,
    "qualification_items": 0, "qualification_share": 80,
}  # fmt: skip


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


def settings_with(site: Client, **fields: Any) -> dict[str, Any]:
    """What the form sends, with the default question set."""
    page = site.get("/campaigns/new/")
    return SETTINGS | {"question_set": page.context["form"].initial["question_set"]} | fields


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_campaign_is_made_filled_and_opened(site: Client) -> None:
    site.post("/campaigns/new/", settings_with(site, gold_share=0, early_stop="on"))
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.early_stop, campaign.made_by is not None) == ("draft", True, True)
    run = make_run()
    for _ in range(2):
        make_candidate(run)
    assert "2 images fit" in text(site.get(f"/campaigns/{campaign.pk}/images/?picked="))
    site.post(f"/campaigns/{campaign.pk}/images/", {})
    site.post(f"/campaigns/{campaign.pk}/do/open/")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.task_count) == ("open", 2)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "This field is required"),
        ("raters_per_image", 0, "greater than or equal to 1"),
        ("gold_share", 80, "less than or equal to 50"),
        ("vote", "loudest", "not one of the available choices"),
    ],
)
def test_wrong_settings_are_said_beside_their_field(site: Client, field: str, value: Any, said: str) -> None:
    response = site.post("/campaigns/new/", settings_with(site, **{field: value}))
    assert response.status_code == 422
    assert said in text(response)
    assert not Campaign.objects.exists()


def test_shares_are_asked_for_in_percent(site: Client) -> None:
    site.post("/campaigns/new/", settings_with(site, gold_share=7.5, qualification_share=60))
    campaign = Campaign.objects.get()
    assert (campaign.gold_share, campaign.qualification_share) == (0.075, 0.6)
    assert 'value="7.5"' in text(site.get(f"/campaigns/{campaign.pk}/edit/"))


def test_once_open_what_gives_ratings_their_meaning_is_fixed(site: Client) -> None:
    campaign = make_campaign(2)
    page = site.get(f"/campaigns/{campaign.pk}/edit/")
    assert "Raters have begun" in text(page)
    assert page.context["form"].fields["raters_per_image"].disabled
    site.post(f"/campaigns/{campaign.pk}/edit/", settings_with(site, name="Later", raters_per_image=9))
    campaign.refresh_from_db()
    assert (campaign.name, campaign.raters_per_image) == ("Later", 3)


@pytest.mark.parametrize(
    ("images", "act", "state", "said"),
    [
        (0, "open", "draft", "There is nothing to rate yet"),
        (1, "open", "open", "is open"),
        (1, "pause", "draft", "cannot be paused"),
        (1, "close", "closed", "is closed"),
    ],
)
def test_a_draft_is_moved_or_told_why_not(site: Client, images: int, act: str, state: str, said: str) -> None:
    campaign = make_campaign(images, open=False)
    response = site.post(f"/campaigns/{campaign.pk}/do/{act}/", follow=True)
    campaign.refresh_from_db()
    assert campaign.state == state
    assert said in text(response)


def test_only_a_campaign_that_was_never_opened_is_deleted(site: Client) -> None:
    draft, opened = make_campaign(1, open=False), make_campaign(1)
    for campaign in (draft, opened):
        site.post(f"/campaigns/{campaign.pk}/do/delete/")
    assert list(Campaign.objects.all()) == [opened]
    assert site.post(f"/campaigns/{opened.pk}/do/explode/").status_code == 404


def test_the_monitor_tells_what_the_ratings_are(site: Client) -> None:
    campaign = make_campaign(2, raters_per_image=1)
    rater = make_rater()
    rate(rater, campaign)
    page = site.get(f"/campaigns/{campaign.pk}/")
    monitor = page.context["monitor"]
    assert (monitor.progress.ratings, monitor.progress.target, monitor.progress.finished) == (1, 2, 1)
    assert {value: count for value, _, count in monitor.outcomes}["passed"] == 1
    assert rater.code in text(page)
    assert 'hx-trigger="every 5s"' in text(site.get(f"/campaigns/{campaign.pk}/live/"))


def test_the_monitor_asks_as_often_for_many_as_for_few(
    site: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(12)
    for _ in range(6):
        rate(make_rater(), campaign)
    with django_assert_max_num_queries(12):
        site.get(f"/campaigns/{campaign.pk}/")
    with django_assert_max_num_queries(8):
        site.get("/campaigns/")


def test_the_list_is_filtered_by_state(site: Client) -> None:
    open_one, draft = make_campaign(1), make_campaign(1, open=False)
    page = text(site.get("/campaigns/?state=draft"))
    assert draft.name in page
    assert open_one.name not in page


def test_the_list_counts_the_ratings_that_ties_ask_for(
    site: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(2, raters_per_image=2, tie_break=True)
    people_here = [make_rater() for _ in range(3)]
    first = campaign.tasks.order_by("pk")[0]
    for rater, answers in zip(people_here, (YES, NO, YES), strict=True):
        rate_task(rater, first, answers)
    for rater in people_here[:2]:
        rate(rater, campaign)
    plain = make_campaign(3, raters_per_image=1)
    with django_assert_max_num_queries(8):
        page = site.get("/campaigns/")
    rows = {row.pk: (row.ratings_done, row.ratings_asked) for row in page.context["page"].items}
    assert rows == {campaign.pk: (5, 5), plain.pk: (0, 3)}
    assert '<progress max="5" value="5"' in text(page)
    assert "5 of 5" in text(page)


def test_a_sample_is_drawn_and_a_bad_range_is_said(site: Client) -> None:
    campaign = make_campaign(0, open=False)
    run = make_run()
    for _ in range(5):
        make_candidate(run)
    site.post(f"/campaigns/{campaign.pk}/images/", {"sample": 2})
    campaign.refresh_from_db()
    assert campaign.task_count == 2
    response = site.get(f"/campaigns/{campaign.pk}/images/?score_from=3&score_to=1")
    assert response.status_code == 422
    assert "No score is at least 3.0" in text(response)
    site.post(f"/campaigns/{campaign.pk}/images/clear/")
    campaign.refresh_from_db()
    assert campaign.task_count == 0
    assert Candidate.objects.count() == 5, "the images themselves stay"


def archive(**files: bytes) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, data in files.items():
            opened.writestr(name.replace("_", "."), data)
    packed.seek(0)
    packed.name = "images.zip"
    return packed


def test_images_made_elsewhere_come_in_an_archive(site: Client) -> None:
    campaign = make_campaign(0, open=False)
    listed = b"image,product,photos\na.png,Mug,b.png\nmissing.png,Mug,b.png\n"
    files = archive(list_csv=listed, a_png=image_bytes(encoding="PNG"), b_png=image_bytes(encoding="PNG"))
    page = site.post(f"/campaigns/{campaign.pk}/images/upload/", {"archive": files}, follow=True)
    assert "1 image added" in text(page)
    assert "Line 3" in text(page)
    assert "not a zip archive" in text(
        site.post(f"/campaigns/{campaign.pk}/images/upload/", {"archive": io.BytesIO(b"no zip")})
    )


def test_guidelines_are_previewed_and_saved(site: Client) -> None:
    campaign = make_campaign(1)
    address = f"/campaigns/{campaign.pk}/guidelines/"
    preview = site.post(address, {"guidelines": "**look**"}, headers={"HX-Request": "true"})
    assert "<strong>look</strong>" in text(preview)
    campaign.refresh_from_db()
    assert campaign.guidelines == ""
    site.post(address, {"guidelines": "**look**"})
    campaign.refresh_from_db()
    assert (campaign.guidelines, campaign.guidelines_version) == ("**look**", 2)


def test_example_pictures_are_added_shown_and_removed(site: Client, client_for: Callable[[User], Client]) -> None:
    campaign = make_campaign(1)
    address = f"/campaigns/{campaign.pk}/guidelines/pictures/"
    upload = io.BytesIO(image_bytes())
    upload.name = "mug.jpg"
    site.post(address, {"picture": upload, "good": "no", "caption": "The handle is missing"})
    picture = campaign.guideline_pictures.get()
    assert not picture.good
    rater = client_for(make_user(Role.RATER))
    assert "The handle is missing" in text(rater.get(f"/rate/{campaign.pk}/"))
    shown = rater.get(f"/media/{picture.key}")
    assert shown.status_code == 200
    b"".join(shown.streaming_content)  # type: ignore[arg-type]
    bad = io.BytesIO(b"nothing")
    bad.name = "x.jpg"
    assert site.post(address, {"picture": bad, "good": "yes"}).status_code == 422
    site.post(f"{address}{picture.pk}/remove/")
    assert not campaign.guideline_pictures.exists()


def test_raters_are_invited_by_name(site: Client, client_for: Callable[[User], Client]) -> None:
    campaign = make_campaign(1, by_invitation=True)
    user, other = make_user(Role.RATER), make_user(Role.RATER)
    site.post(f"/campaigns/{campaign.pk}/raters/", {"people": [user.pk]})
    assert CampaignRater.objects.get().rater.user == user
    assert client_for(user).get(f"/rate/{campaign.pk}/").status_code == 200
    assert client_for(other).get(f"/rate/{campaign.pk}/").status_code == 404
    page = site.get(f"/campaigns/{campaign.pk}/raters/")
    assert user.username in text(page)
    assert site.post(f"/campaigns/{campaign.pk}/raters/", {}).status_code == 422


def test_analysts_see_and_do_not_change(client_for: Callable[[User], Client], analyst: User) -> None:
    campaign = make_campaign(1)
    page = text(client_for(analyst).get(f"/campaigns/{campaign.pk}/"))
    assert "/do/pause/" not in page
    assert client_for(analyst).post(f"/campaigns/{campaign.pk}/do/pause/").status_code == 403


def test_what_is_not_there_is_said(site: Client) -> None:
    for address in ("/campaigns/999/", "/campaigns/999/edit/", "/campaigns/999/images/", "/questions/999/"):
        assert site.get(address).status_code == 404


def test_a_rater_sees_their_campaigns_and_their_own_ratings(client_for: Callable[[User], Client]) -> None:
    user = make_user(Role.RATER)
    site = client_for(user)
    assert "Nothing to rate yet" in text(site.get("/rate/"))
    mine, draft, closed_to_me = make_campaign(2), make_campaign(1, open=False), make_campaign(1, by_invitation=True)
    rate(people.rater_of(user), mine)
    page = text(site.get("/rate/"))
    assert mine.name in page
    assert "You have rated 1 image." in page
    assert draft.name not in page
    assert closed_to_me.name not in page
    own = text(site.get(f"/rate/{mine.pk}/own/"))
    assert own.count('class="card own-rating"') == 1
    assert "Product fidelity" in own
    assert site.get(f"/rate/{draft.pk}/").status_code == 404
    assert site.get(f"/rate/{mine.pk}/own/?before=nothing").status_code == 404


@pytest.mark.parametrize(
    ("answers", "keys", "explained"),
    [
        ([["yes", "maybe", "no", "unclear"]] * 2, "<kbd>1</kbd> or <kbd>y</kbd></dt><dd>yes</dd>", True),
        ([["good", "bad"]] * 2, "<kbd>2</kbd> or <kbd>b</kbd></dt><dd>bad</dd>", False),
        ([["good", "bad"], ["yes", "no"]], "the answers: each question shows its own", False),
    ],
)
def test_the_help_names_the_keys_of_the_campaigns_own_answers(
    client_for: Callable[[User | None], Client], rater: User, answers: list[list[str]], keys: str, explained: bool
) -> None:
    asked = [
        {"key": f"q{number}", "wording": "?", "answers": given, "passing": given[:1]}
        for number, given in enumerate(answers)
    ]
    campaign = make_campaign(1, question_set=make_question_set("Own", "Own", asked))
    page = text(client_for(rater).get(f"/rate/{campaign.pk}/"))
    assert keys in page
    assert ("<em>Unclear</em>" in page) == explained


def test_a_raters_list_ends_however_many_campaigns_are_over(
    client_for: Callable[[User | None], Client], rater: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating_room, "OVER", 2)
    me = people.rater_of(rater)
    over = [make_campaign(1) for _ in range(3)]
    for campaign in over:
        rate(me, campaign)
        campaigns.close(campaign)
    going, strange = make_campaign(1), campaigns.close(make_campaign(1))
    shown = [one.campaign for one in client_for(rater).get("/rate/").context["invitations"]]
    assert shown == [going, over[2], over[1]]
    assert strange not in shown


def test_the_rating_page_asks_the_campaigns_questions_and_names_no_method(client_for: Callable[[User], Client]) -> None:
    campaign = make_campaign(0, open=False)
    make_product("Secret lamp")
    make_tasks(campaign, 2, methods=("secret-method",))
    page = text(client_for(make_user(Role.RATER)).get(f"/rate/{make_campaign(1, methods=('secret',)).pk}/"))
    assert page.count('role="radiogroup"') == 8
    assert page.count('type="radio" name="product"') == 4
    assert "secret" not in page.lower()
