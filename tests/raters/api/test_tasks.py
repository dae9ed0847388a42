"""Images one by one, reports of broken ones, and gold items, for programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import tokens
from accounts.models import User
from raters.models import Campaign, CampaignEvent, GoldItem, Task
from raters.services import passing
from tests.factories import rating as made
from tests.factories.campaigns import make_shown_campaign

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def reported(campaign: Campaign, count: int) -> Task:
    """An image that so many raters have reported."""
    task = campaign.tasks.order_by("pk")[0]
    for number in range(count):
        rater = made.make_rater()
        held = next(one for one in made.lease(rater, campaign, hold=100) if one.task_id == task.pk)
        passing.report(rater, held.uuid, f"broken {number}")
    task.refresh_from_db()
    return task


def tasks(client: Client, campaign: Campaign, query: str = "") -> Any:
    return client.get(f"/api/campaigns/{campaign.pk}/tasks/{query}").json()["results"]


def test_images_with_what_was_reported_of_them(client: Client) -> None:
    campaign = made.make_campaign(3)
    task = reported(campaign, 1)
    rows = tasks(client, campaign)
    assert [row["id"] for row in rows] == sorted(campaign.tasks.values_list("pk", flat=True))
    assert [report["reason"] for report in rows[0]["reports"]] == ["broken 0"]
    assert [row["id"] for row in tasks(client, campaign, "?state=reported")] == [task.pk]
    assert tasks(client, campaign, "?state=withheld") == []
    wrong = client.get(f"/api/campaigns/{campaign.pk}/tasks/?state=odd")
    assert (wrong.status_code, "It may be reported, fresh" in wrong.json()["detail"]) == (400, True)


def test_they_come_by_page_with_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = made.make_campaign(6)
    for _ in range(2):
        rater = made.make_rater()
        for held in made.lease(rater, campaign, hold=3):
            passing.report(rater, held.uuid, "broken")
    with django_assert_max_num_queries(8):
        first = client.get(f"/api/campaigns/{campaign.pk}/tasks/?size=4").json()
    rest = client.get(f"/api/campaigns/{campaign.pk}/tasks/?size=4&after={first['next']}").json()
    assert (len(first["results"]), len(rest["results"]), rest["next"]) == (4, 2, None)


def test_an_image_is_withheld_and_released(client: Client, operator: User) -> None:
    campaign = made.make_campaign(2)
    task = reported(campaign, 2)
    act = f"/api/campaigns/{campaign.pk}/tasks/{task.pk}/do/"
    again = client.post(f"{act}withhold/")
    assert (again.status_code, again.json()["detail"]) == (400, f"Image {task.pk} is withheld already.")
    told = client.post(f"{act}release/").json()
    assert (told["state"], len(told["reports"])) == ("begun", 2)
    assert client.post(f"{act}withhold/").json()["state"] == "withheld"
    assert client.post(f"{act}burn/").status_code == 404
    kinds = CampaignEvent.objects.filter(by=operator).values_list("kind", flat=True)
    assert list(kinds) == ["image withheld", "image released"]


def test_gold_items(client: Client, operator: User) -> None:
    campaign = made.make_campaign(2, open=False)
    fresh = tasks(client, campaign, "?state=fresh")
    body = {"task": fresh[0]["id"], "expected": {"size": ["no", "unclear"]}, "explanation": "Too large."}
    answer = client.post(f"/api/campaigns/{campaign.pk}/gold/", body, content_type=JSON)
    assert (answer.status_code, answer.json()["use"]) == (201, "hidden")
    item = GoldItem.objects.get()
    assert (item.expected, item.made_by) == ({"size": ["no", "unclear"]}, operator)
    (row,) = client.get(f"/api/campaigns/{campaign.pk}/gold/").json()["results"]
    assert (row["task"], row["explanation"]) == (fresh[0]["id"], "Too large.")
    assert [row["id"] for row in tasks(client, campaign, "?state=gold")] == [fresh[0]["id"]]


def test_right_answers_that_were_wrong_are_changed(client: Client, operator: User) -> None:
    campaign = made.make_campaign(1, open=False)
    (item,) = made.make_gold(campaign, 1)
    address = f"/api/campaigns/{campaign.pk}/gold/{item.pk}/"
    assert client.get(address).json()["expected"]["size"] == ["yes"]
    told = client.put(address, {"expected": {"size": ["no"]}, "explanation": "Too large."}, content_type=JSON).json()
    assert (told["expected"], told["explanation"], told["use"]) == ({"size": ["no"]}, "Too large.", "hidden")
    event = CampaignEvent.objects.get(kind="gold item changed")
    assert (event.by, event.details["before"]["size"], event.details["after"]) == (operator, ["yes"], {"size": ["no"]})
    assert client.put(address, {"expected": {"size": ["huge"]}}, content_type=JSON).status_code == 422
    other = made.make_campaign(1)
    assert client.get(f"/api/campaigns/{other.pk}/gold/{item.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"expected": {"size": ["banana"]}}, 422, "'banana' is no answer"),
        ({"expected": {"colour": ["no"]}}, 422, "'colour' is no question"),
        ({"expected": {}}, 422, "needs the right answer to at least one question"),
        ({"expected": {"size": "no"}}, 400, "'no' will not do: send a list"),
        ({"use": "nowhere"}, 400, "'nowhere' will not do: send one of"),
        ({"task": 2_000_000_000}, 404, "There is no image 2000000000 in this campaign."),
    ],
)
def test_what_is_no_gold_item_is_said(client: Client, changed: dict[str, Any], status: int, sentence: str) -> None:
    campaign = made.make_campaign(1, open=False)
    body = {"task": campaign.tasks.get().pk, "expected": {"size": ["no"]}} | changed
    answer = client.post(f"/api/campaigns/{campaign.pk}/gold/", body, content_type=JSON)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
    assert not GoldItem.objects.exists()


@pytest.mark.parametrize("path", ["gold/", "tasks/{task}/do/withhold/", "tasks/{task}/do/release/"])
def test_only_operators_decide(client_for: ClientFor, rater: User, analyst: User, path: str) -> None:
    campaign = made.make_campaign(1)
    address = f"/api/campaigns/{campaign.pk}/{path}".format(task=campaign.tasks.get().pk)
    for user in (rater, analyst):
        assert client_for(user).post(address, {}, content_type=JSON).status_code == 403
    assert client_for(None).post(address, {}, content_type=JSON).status_code in (401, 403)


def test_a_token_sees_the_pictures(analyst: User, rater: User) -> None:
    (row,) = tasks(Client(headers=bearer(analyst)), make_shown_campaign(1, photos=1))
    for address in (row["picture"], *row["photos"]):
        answer = Client().get(address, headers=bearer(analyst))
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
        assert Client().get(address, headers=bearer(rater)).status_code == 403


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.make_token(user, 'program')[1]}"}
