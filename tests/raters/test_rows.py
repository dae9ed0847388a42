"""Rows read by statements of our own are those that the ORM reads, and are locked where they are said to be."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from raters import rows
from raters.models import Assignment, Campaign, CampaignRater, Rater, Rating, Task
from raters.models.tasks import AssignmentState, TaskState
from tests.factories.rating import lease, make_campaign, make_rater, rate

pytestmark = pytest.mark.django_db


def values(row: Model | None) -> dict[str, Any]:
    assert row is not None
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(4)


@pytest.fixture
def held(campaign: Campaign) -> list[Assignment]:
    """Two images in one rater's hands, one of them rated by another before."""
    rate(make_rater(), campaign)
    return lease(make_rater(), campaign, hold=2)


def test_every_column_is_as_the_orm_reads_it(held: list[Assignment]) -> None:
    first = Assignment.objects.select_related("campaign__question_set", "task__subject", "rater").get(pk=held[0].pk)
    found = rows.assignment(first.rater_id, first.uuid)
    assert found is not None
    assert values(found) == values(first)
    assert values(found.campaign) == values(first.campaign)
    assert values(found.campaign.question_set) == values(first.campaign.question_set)
    assert values(rows.task(first.task_id)) == values(first.task)
    assert values(rows.rater_of(first.rater.user_id or 0)) == values(first.rater)
    member = CampaignRater.objects.get(rater=first.rater, campaign=first.campaign)
    assert values(rows.member(first.rater_id, first.campaign_id)) == values(member)
    assert rows.states(first) == ("held", "open")
    rating = Rating.objects.get()
    assert [values(one) for one in rows.ratings_of([rating.task_id, 0])] == [values(rating)]


def test_what_is_held_comes_oldest_first_with_tasks_and_subjects(held: list[Assignment]) -> None:
    with CaptureQueriesContext(connection) as queries:
        mine = rows.held(held[0].rater_id, held[0].campaign_id)
        subjects = [one.task.subject for one in mine]
    assert len(queries) == 1
    assert [one.pk for one in mine] == [one.pk for one in held]
    for one, subject in zip(mine, subjects, strict=True):
        stored = Task.objects.select_related("subject").get(pk=one.task_id)
        assert values(one.task) == values(stored)
        assert values(subject) == values(stored.subject)


def test_nothing_held_is_asked_no_further(campaign: Campaign) -> None:
    rater = make_rater()
    with CaptureQueriesContext(connection) as queries:
        assert rows.held(rater.pk, campaign.pk) == []
    assert len(queries) == 1


def test_an_image_without_a_subject_has_none(held: list[Assignment]) -> None:
    Task.objects.update(subject=None)
    task = Task.objects.filter(state=TaskState.BEGUN).first()
    assert task is not None
    begun = rows.begun_task(task.pk)
    assert begun is not None
    with CaptureQueriesContext(connection) as queries:
        assert begun.subject is None
        assert rows.held(held[0].rater_id, held[0].campaign_id)[0].task.subject is None
    assert len(queries) == 1


def test_fresh_tasks_come_in_order_within_the_bounds(campaign: Campaign) -> None:
    places = list(Task.objects.order_by("position").values_list("position", "pk"))

    def first(*bounds: int) -> int | None:
        found = rows.fresh_task(campaign.pk, *bounds)
        return None if found is None else found.pk

    assert first(0) == places[0][1]
    assert first(places[1][0]) == places[1][1]
    assert first(0, places[0][0]) is None
    assert first(places[-1][0] + 1) is None
    Task.objects.filter(pk=places[0][1]).update(state=TaskState.FULL)
    assert first(0) == places[1][1]
    assert rows.begun_task(places[0][1]) is None


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("an assignment", lambda rater, _: rows.assignment(rater.pk, uuid.uuid4())),
        ("a member", lambda rater, campaign: rows.member(rater.pk, campaign.pk)),
        ("a rater", lambda *_: rows.rater_of(0)),
        ("a fresh task", lambda *_: rows.fresh_task(0, 0)),
        ("a begun task", lambda *_: rows.begun_task(0)),
    ],
)
def test_there_may_be_no_such_row(name: str, look: Callable[[Rater, Campaign], object], campaign: Campaign) -> None:
    assert look(make_rater(), campaign) is None, name


def test_another_raters_assignment_is_not_found(held: list[Assignment]) -> None:
    assert rows.assignment(make_rater().pk, held[0].uuid) is None


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("name", "look", "lock"),
    [
        ("task", lambda one: rows.task(one.task_id), "FOR NO KEY UPDATE"),
        ("member", lambda one: rows.member(one.rater_id, one.campaign_id), "FOR NO KEY UPDATE"),
        ("assignment", lambda one: rows.assignment(one.rater_id, one.uuid, lock=True), "FOR NO KEY UPDATE OF a"),
        ("begun", lambda one: rows.begun_task(one.task_id), "FOR NO KEY UPDATE OF a SKIP LOCKED"),
        ("fresh", lambda one: rows.fresh_task(one.campaign_id, 0), "FOR NO KEY UPDATE OF a SKIP LOCKED"),
    ],
)
def test_locks(name: str, look: Callable[[Assignment], object], lock: str, held: list[Assignment]) -> None:
    with CaptureQueriesContext(connection) as queries:
        look(held[0])
    assert queries[0]["sql"].endswith(lock), name
    assert len(queries) == 1


def test_a_row_is_written_as_the_orm_writes_it(held: list[Assignment]) -> None:
    first = held[0]
    now = timezone.now()
    answers = {"product": "yes", "ünï": 'of "quotes"'}
    rating = Rating(
        assignment=first, task=first.task, campaign=first.campaign, rater=first.rater, request_id=uuid.uuid4(),
        answers=answers, active_ms=7, accepted=True, made_at=now,
    )  # fmt: skip
    rows.insert(rating)
    stored = Rating.objects.get(pk=rating.pk)
    assert values(stored) == values(rating)
    assert (stored.answers, stored.times, stored.made_at) == (answers, {}, now)
    first.state, first.ended_at, first.reason, first.number = AssignmentState.SKIPPED, now, "blurred", 99
    rows.write(first, ("state", "ended_at", "reason"))
    stored_first = Assignment.objects.get(pk=first.pk)
    assert (stored_first.state, stored_first.ended_at, stored_first.reason) == ("skipped", now, "blurred")
    assert stored_first.number != 99
    rows.write(first)
    assert values(Assignment.objects.get(pk=first.pk)) == values(first)


def test_a_field_that_is_not_there_is_not_passed_over(held: list[Assignment]) -> None:
    with pytest.raises(FieldDoesNotExist):
        rows.write(held[0], ("state", "colour"))


def test_a_row_that_is_gone_is_not_written(held: list[Assignment]) -> None:
    gone = held[0]
    Assignment.objects.filter(pk=gone.pk).delete()
    with pytest.raises(DatabaseError, match="no more"):
        rows.write(gone, ("state",))
