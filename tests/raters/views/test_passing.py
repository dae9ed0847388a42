"""What the rating page sends of images that it is done with, or is not: skipped, reported, given back."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from raters.models import Assignment, Campaign, Task
from raters.services import campaigns
from tests.factories.rating import make_campaign

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]


def post(client: Client, campaign: Campaign, call: str, body: Any = None) -> Any:
    return client.post(f"/rate/{campaign.pk}/{call}", body or {}, content_type="application/json")


def test_skip_report_and_leave(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(4), client_for(rater)
    body = post(client, campaign, "next").json()
    after = post(client, campaign, "skip", {"assignment": body["task"]["assignment"], "reason": "blurred"}).json()
    assert after["task"]["assignment"] == body["ahead"]["assignment"]
    assert after["progress"]["remaining"] == 3
    post(client, campaign, "report", {"assignment": after["task"]["assignment"], "reason": "unsafe"})
    assert Task.objects.filter(reports=1).count() == 1
    # As a beacon sends it: a form, with the token as a field.
    assert client.post(f"/rate/{campaign.pk}/leave", {"csrfmiddlewaretoken": "x"}).status_code == 204
    assert not Assignment.objects.filter(state="held").exists()


def test_a_page_that_goes_keeps_what_it_is_not_done_with(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(4), client_for(rater)
    body = post(client, campaign, "next").json()
    assert post(client, campaign, "leave", {"keep": [body["task"]["assignment"]]}).status_code == 204
    assert [str(one.uuid) for one in Assignment.objects.filter(state="held")] == [body["task"]["assignment"]]
    for wrong in ("x", ["x"], [str(uuid.uuid4())] * 101):
        assert post(client, campaign, "leave", {"keep": wrong}).status_code == 400
    assert Assignment.objects.filter(state="held").count() == 1


def test_an_image_skipped_while_the_campaign_pauses_is_skipped(client_for: ClientFor, rater: User) -> None:
    campaign, client = make_campaign(4), client_for(rater)
    body = post(client, campaign, "next").json()
    campaigns.pause(campaign)
    answer = post(client, campaign, "skip", {"assignment": body["task"]["assignment"], "reason": "blurred"})
    assert (answer.status_code, answer.json()["task"]) == (200, None)
    assert "is paused" in answer.json()["notice"]


def test_of_a_draft_raters_learn_not_even_the_name(client_for: ClientFor, rater: User) -> None:
    campaign = make_campaign(1, open=False)
    for answer in (
        post(client_for(rater), campaign, "next"),
        post(client_for(rater), campaign, "leave"),
        client_for(rater).get(f"/rate/{campaign.pk}/mine"),
    ):
        assert (answer.status_code, answer.json()["sentence"]) == (404, "There is no such campaign.")
