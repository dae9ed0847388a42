"""Campaigns, verdicts and files for programs."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from raters.models import AlternativeVerdict, Campaign
from raters.services import adjudication
from tests.factories import rating as made

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"


def rated(*answers: dict[str, str]) -> Campaign:
    campaign = made.make_campaign(2)
    for given in answers:
        rater = made.make_rater()
        made.rate(rater, campaign, given)
        made.rate(rater, campaign, given)
    return campaign


def test_made_opened_and_closed(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    new = client.post("/api/campaigns/", {"name": "Autumn", "raters_per_image": 5, "vote": "rater"}, content_type=JSON)
    assert new.status_code == 201
    pk = new.json()["id"]
    assert (new.json()["state"], new.json()["raters_per_image"], new.json()["vote"]) == ("draft", 5, "rater")
    refused = client.post(f"/api/campaigns/{pk}/do/open/")
    assert refused.status_code == 400
    assert refused.json()["detail"]
    made.make_tasks(Campaign.objects.get(pk=pk), 1)
    assert client.post(f"/api/campaigns/{pk}/do/open/").json()["state"] == "open"
    assert client.post(f"/api/campaigns/{pk}/do/close/").json()["state"] == "closed"
    assert client.post(f"/api/campaigns/{pk}/do/explode/").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "vote": "dice"}, "vote"),
        ({"name": "x", "question_set": 2_000_000_000}, "question_set"),
    ],
)
def test_what_is_wrong_is_told_by_field(
    client_for: ClientFor, operator: User, body: dict[str, object], field: str
) -> None:
    answer = client_for(operator).post("/api/campaigns/", body, content_type=JSON)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_analysts_read_and_do_not_write(client_for: ClientFor, analyst: User) -> None:
    client, pk = client_for(analyst), made.make_campaign(1).pk
    assert client.get("/api/campaigns/").json()["results"][0]["id"] == pk
    assert client.get(f"/api/campaigns/{pk}/").json()["progress"]["target"] == 3
    assert client.post("/api/campaigns/", {"name": "x"}, content_type=JSON).status_code == 403
    assert client.post(f"/api/campaigns/{pk}/do/close/").status_code == 403


def test_verdicts_have_soft_labels_and_rulings(client_for: ClientFor, analyst: User) -> None:
    campaign = rated(made.YES, made.YES, made.NO)
    task = campaign.tasks.order_by("pk")[0]
    adjudication.rule(task, made.NO, by=analyst)
    found = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/verdicts/?final=true&outcome=passed").json()
    first = next(row for row in found["results"] if row["task"] == task.pk)
    assert first["share"] == pytest.approx(2 / 3)
    assert first["questions"]["size"]["share"] == pytest.approx(2 / 3)
    assert (first["outcome"], first["ruling"]["outcome"]) == ("passed", "failed")
    assert len(found["results"]) == 2


def test_other_methods_stand_beside_the_majority(client_for: ClientFor, analyst: User) -> None:
    campaign = rated(made.YES, made.YES, made.NO)
    first, second = campaign.tasks.order_by("pk")
    said = {"size": {"answer": "no", "passes": False, "probability": 0.9}}
    AlternativeVerdict.objects.create(
        task=first, campaign=campaign, method="mace", outcome="failed", probability=0.9, questions=said,
        computed_at=timezone.now(),
    )  # fmt: skip
    rows = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/verdicts/").json()["results"]
    told = {row["task"]: (row["outcome"], row["alternatives"]) for row in rows}
    assert told[second.pk] == ("passed", {})
    assert (told[first.pk][0], told[first.pk][1]["mace"]["outcome"]) == ("passed", "failed")
    assert told[first.pk][1]["mace"]["questions"] == said


def test_one_campaign_with_what_raters_are_told(client_for: ClientFor, analyst: User) -> None:
    campaign = made.make_campaign(1, guidelines="Look at *all* photos.")
    told = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/").json()
    assert (told["guidelines"], told["guidelines_version"], told["withheld"]) == ("Look at *all* photos.", 1, 0)


def test_verdicts_come_by_page(
    client_for: ClientFor, analyst: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    campaign = rated(made.YES, made.YES, made.NO)
    client = client_for(analyst)
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        first = client.get(f"/api/campaigns/{campaign.pk}/verdicts/?size=1").json()
    second = client.get(f"/api/campaigns/{campaign.pk}/verdicts/?size=1&after={first['next']}").json()
    assert first["results"][0]["task"] != second["results"][0]["task"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("kind", "start"), [("csv", b"task,rater"), ("jsonl", b'{"task"'), ("parquet", b"PAR1"), ("json", b"[{")]
)
def test_ratings_are_streamed(client_for: ClientFor, analyst: User, kind: str, start: bytes) -> None:
    campaign = rated(made.YES)
    answer = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/ratings.{kind}")
    assert answer.streaming
    assert b"".join(answer.streaming_content).startswith(start)  # type: ignore[attr-defined]
    assert f"campaign-{campaign.pk}" in answer.headers["Content-Disposition"]


def test_an_unknown_kind_of_file(client_for: ClientFor, analyst: User) -> None:
    answer = client_for(analyst).get(f"/api/campaigns/{made.make_campaign(1).pk}/ratings.xlsx")
    assert answer.status_code == 404
