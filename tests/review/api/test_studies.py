"""Metrics against people and plans by the API, and their tables as files: the figures that the pages show."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from jobs.models import Job
from review import against_people, plans
from review.models import Study
from review.services import studies
from tests.factories.ranking import make_ranker
from tests.review.made import run_job
from tests.review.measured import measured, scored
from tests.review.reading import read

ClientFor = Callable[[User | None], Client]
ROOM = "/api/review/studies/"
PLAN = "base=10&expected=25&images=6&raters=3&power=80&level=5"


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def ask(client: Client, kind: str, asked: str) -> Any:
    return client.post(ROOM, {"kind": kind, "asked": asked}, content_type="application/json")


def test_metrics_are_asked_for_and_read_as_tables(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    scored(make_ranker())
    monkeypatch.setattr(against_people, "RESAMPLES", 60)
    monkeypatch.setattr(against_people, "RESAMPLES_OF_TYPES", 30)
    made = ask(client, "metrics", "method=a&first=2")
    assert (made.status_code, made.json()["asked"], made.json()["computed_at"]) == (201, "method=a&first=2", None)
    assert ask(client, "metrics", "first=2&method=a").json()["id"] == made.json()["id"]
    address = f"{ROOM}{made.json()['id']}/"
    assert read(client, f"{address}figures.csv") == []
    run_job(Job.objects.get())
    told = client.get(address).json()["result"]
    for room in (address, f"/review/studies/{made.json()['id']}/"):
        rows = read(client, f"{room}figures.parquet")
        by_key = {row["key"]: row for row in rows if row["type"] == ""}
        assert list(by_key) == [one["name"] for one in told["rows"]]
        assert (by_key["sum"]["auc"], by_key["sum"]["metric"], by_key["sum"]["images"]) == (1.0, "Plain sum", 48)
        assert by_key["sum"]["first"] == next(
            one["figures"]["top_2"]["value"] for one in told["rows"] if one["name"] == "sum"
        )
        assert (by_key["seg_clip_i"]["pearson"], by_key["clip_t"]["pearson"]) == (None, None)
        assert {row["type"] for row in rows} == {"", "mug"}
        points = read(client, f"{room}scatter.parquet")
        assert sum(row["row"] == "image" for row in points if row["key"] == "sum") == 48
        assert sum(row["of"] for row in points if row["key"] == "sum" and row["row"] == "tenth") == 48
        (low, high) = read(client, f"{room}reliability.csv")
        assert (float(low["value"]), float(high["value"])) == (0, 1)
        (week,) = read(client, f"{room}drift.parquet")
        assert (str(week["week"]), week["of"]) == ("2026-03-02", 24)


def test_a_plan_is_asked_for_and_read_as_tables(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "POINTS", 3)
    monkeypatch.setattr(plans.planning, "STUDIES", 200)
    made = ask(client, "plan", PLAN).json()
    assert made["asked"] == PLAN
    assert read(client, f"{ROOM}{made['id']}/plan.csv") == []
    run_job(Job.objects.get())
    told = client.get(f"{ROOM}{made['id']}/").json()["result"]
    (row,) = read(client, f"{ROOM}{made['id']}/plan.parquet")
    assert (row["products"], row["ratings"], row["icc"], row["hours"]) == (
        told["products"], told["ratings"], told["icc"]["value"], None,
    )  # fmt: skip
    assert row["asked"] == PLAN
    curve = read(client, f"/review/studies/{made['id']}/curve.parquet")
    assert [one["power"] for one in curve] == [one["power"] for one in told["curve"]]
    assert "result" not in client.get(ROOM).json()[0]
    page = client.get(f"/review/planner/?{PLAN}").content.decode()
    assert f'href="/review/studies/{made["id"]}/plan.csv"' in page


@pytest.mark.parametrize(
    ("kind", "asked", "where"),
    [
        ("plan", "", "base"),
        ("plan", "base=10&expected=10&images=6&raters=3&power=80&level=5", "expected"),
        ("metrics", "first=0", "first"),
        ("metrics", "campaign=x", "campaign"),
        ("else", "", "kind"),
    ],
)
def test_what_cannot_be_asked_is_told(kind: str, asked: str, where: str, client: Client) -> None:
    answer = ask(client, kind, asked)
    assert (answer.status_code, list(answer.json()["errors"])[:1]) == (400, [where])
    assert not Study.objects.exists()


def test_what_is_too_long_to_be_kept_is_told(client: Client) -> None:
    long = "\N{CJK UNIFIED IDEOGRAPH-676F}" * 120  # nine characters each in an address
    answer = ask(client, "metrics", f"method={long}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["asked"])
    said = "These filters take 1,095 characters of an address, and 1,000 are kept"
    assert said in answer.json()["errors"]["asked"][0]
    page = client.post(f"/review/metrics/?method={long}")
    assert (page.status_code, said in page.content.decode()) == (422, True)
    assert client.get(f"/review/metrics/?method={long}").status_code == 200
    assert ask(client, "plan", f"{PLAN}&campaign={'9' * 900}").status_code == 400
    assert not Study.objects.exists()


def test_what_is_not_there(client: Client) -> None:
    plan = studies.ask(Study.Kind.PLAN, PLAN)
    for address in ("99999/", "99999/plan.csv", f"{plan.pk}/figures.csv", f"{plan.pk}/plan.doc"):
        assert client.get(f"{ROOM}{address}").status_code == 404, address
    assert "it has plan, curve" in client.get(f"{ROOM}{plan.pk}/figures.csv").content.decode()
