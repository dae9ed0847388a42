"""A rater's own export: everything that they gave, in rows that tell nothing else."""

import csv
import io
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from raters.exchange.own import NAMES, rows_by
from raters.exchange.writing import as_csv
from raters.models import Campaign, Rater
from raters.services import campaigns, changes, passing, rating
from tests.factories import rating as made

pytestmark = pytest.mark.django_db


def exported(rater: Rater) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(as_csv(rows_by(rater), NAMES)).decode())))


def of_kind(rows: list[dict[str, str]], kind: str, *names: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in rows if row["kind"] == kind]


def held(rater: Rater, campaign: Campaign) -> uuid.UUID:
    return made.lease(rater, campaign)[0].uuid


def test_ratings_with_their_times() -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    made.rate(rater, campaign, made.NO, times={"size": 1500}, active_ms=12_000)
    rows = exported(rater)
    assert [row["question"] for row in rows] == list(made.KEYS)
    size = rows[made.KEYS.index("size")]
    assert (size["campaign"], size["rater"], size["number"]) == (campaign.name, rater.code, "1")
    assert (size["answer"], size["question_seconds"], size["seconds"], size["counts"]) == ("no", "1.5", "12.0", "true")


def test_what_was_answered_before_a_change() -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    one = made.rate(rater, campaign, made.YES)
    changes.change(rater, one.assignment.uuid, made.NO, reason="looked again")
    rows = exported(rater)
    assert of_kind(rows, "earlier", "question", "answer", "reason") == [("size", "yes", "looked again")]
    assert ("size", "no") in of_kind(rows, "rating", "question", "answer")


def test_a_withdrawal_and_why() -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    changes.withdraw(rater, made.rate(rater, campaign).assignment.uuid, reason="wrong product")
    rows = exported(rater)
    assert of_kind(rows, "withdrawal", "question", "reason") == [("", "wrong product")]
    assert set(of_kind(rows, "rating", "counts")) == {("false",)}


@pytest.mark.parametrize(("kind", "service"), [("skip", passing.skip), ("report", passing.report)])
def test_what_was_passed_over_and_why(kind: str, service: Any) -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    service(rater, held(rater, campaign), "=cannot judge")
    (row,) = exported(rater)
    assert (row["kind"], row["reason"], row["answer"]) == (kind, "'=cannot judge", "")
    assert row["at"]


@pytest.mark.parametrize("given_back", [False, True], ids=["held", "given back"])
def test_drafts(given_back: bool) -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    rating.save_draft(rater, held(rater, campaign), {"size": "maybe"}, {"size": 2500}, 4000)
    if given_back:
        rating.give_back(rater, campaign)
    (row,) = exported(rater)
    told = (row["kind"], row["question"], row["answer"], row["question_seconds"], row["seconds"])
    assert told == ("draft", "size", "maybe", "2.5", "4.0")


def test_a_draft_that_was_sent_is_a_rating() -> None:
    campaign, rater = made.make_campaign(1), made.make_rater()
    assignment = held(rater, campaign)
    rating.save_draft(rater, assignment, {"size": "maybe"})
    rating.submit(rater, assignment, made.sent())
    assert {row["kind"] for row in exported(rater)} == {"rating"}


def test_nothing_of_gold_items_methods_images_and_others() -> None:
    campaign, rater, other = made.make_campaign(1, open=False, qualification_items=1), made.make_rater(), "=other"
    made.make_gold(campaign, 1, use="qualification")
    campaign.tasks.update(method="secret-method")
    campaigns.open_campaign(campaign)
    for _ in range(2):
        made.rate(rater, campaign)
    stranger = made.make_rater()
    passing.skip(stranger, held(stranger, campaign), other)
    rows = exported(rater)
    assert len(rows) == 16
    assert {tuple(row) for row in rows} == {NAMES}
    text = "".join(value for row in rows for value in row.values())
    assert not [word for word in ("gold", "secret-method", stranger.code, other, "Product") if word in text]


def test_a_campaign_entered_while_the_file_is_written() -> None:
    first, rater = made.make_campaign(1), made.make_rater()
    made.rate(rater, first)
    batches = rows_by(rater)
    assert {row["campaign"] for row in next(batches)} == {first.name}
    second = made.make_campaign(2)
    made.rate(rater, second)
    passing.skip(rater, held(rater, second), "too dark")
    rows = [row for batch in batches for row in batch]
    assert {(row["campaign"], row["kind"]) for row in rows} == {(second.name, "rating"), (second.name, "skip")}
    assert [row["question"] for row in rows if row["kind"] == "rating"] == list(made.KEYS)


def test_an_empty_file_has_its_header() -> None:
    assert b"".join(as_csv(rows_by(made.make_rater()), NAMES)).decode().strip().split(",") == list(NAMES)


def test_as_many_queries_for_many_as_for_one() -> None:
    campaign, rater = made.make_campaign(6), made.make_rater()
    used = []
    for count in (1, 4):
        for _ in range(count):
            made.rate(rater, campaign)
        with CaptureQueriesContext(connection) as queries:
            assert exported(rater)
        used.append(len(queries))
    assert used[0] == used[1]
