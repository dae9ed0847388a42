"""How attempts end, and who may end them."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from jobs import endings, lease, services
from jobs.endings import NOTHING_SAID, Account
from jobs.models import Attempt, Job, State, Step
from tests.factories.jobs import make_dead_job, make_job

pytestmark = pytest.mark.django_db
Tickets = list[tuple[int, str]]


def running(**fields: Any) -> Job:
    return make_job(state=State.RUNNING, **fields)


def test_success_keeps_result_progress_and_log() -> None:
    job = running()
    assert endings.succeed(job, {"rows": 3}, Account(log_tail="done", progress={"progress_done": 3}))
    job.refresh_from_db()
    assert (job.state, job.result, job.progress_done) == (State.SUCCEEDED, {"rows": 3}, 3)
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.log_tail) == ("succeeded", "done")
    assert attempt.finished_at is not None


def test_a_zombie_ends_nothing() -> None:
    job = running()
    Job.objects.update(fence=2)
    assert not endings.succeed(job, 1, NOTHING_SAID)
    assert not endings.fail(job, "x", NOTHING_SAID)
    assert not endings.cancelled(job, NOTHING_SAID)
    assert not endings.try_later(job, "x", NOTHING_SAID, 5)
    assert not endings.halve(job, "x", NOTHING_SAID, smallest=False)
    assert not endings.give_back(job, NOTHING_SAID)
    assert Job.objects.get().state == State.RUNNING
    assert Attempt.objects.get().outcome == "running"


def test_a_retry_waits_longer_each_time() -> None:
    waits = []
    for strikes in range(4):
        job = running(strikes=strikes)
        endings.try_later(job, "TimeoutError: slow", NOTHING_SAID, 9)
        job.refresh_from_db()
        assert (job.state, job.strikes, job.dispatched_at) == (State.QUEUED, strikes + 1, None)
        assert job.run_after
        waits.append((job.run_after - timezone.now()).total_seconds())
    assert waits[0] < 3.1
    assert waits[3] > 7.9  # 2**4 s, at least half of it


def test_retries_end_at_the_last_strike_with_the_error() -> None:
    job = running(strikes=4)
    endings.try_later(job, "TimeoutError: slow", NOTHING_SAID, 5)
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "Failed 5 times in a row, the last time with: TimeoutError: slow")


def test_out_of_memory_halves_and_sends_at_once(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    job = running(halvings=1)
    with django_capture_on_commit_callbacks(execute=True):
        endings.halve(job, "MemoryError", NOTHING_SAID, smallest=False)
    job.refresh_from_db()
    assert (job.state, job.halvings, job.strikes, sent) == (State.QUEUED, 2, 0, [(job.pk, "cpu")])
    assert Attempt.objects.get().outcome == "out_of_memory"


def test_the_smallest_batch_cannot_be_halved() -> None:
    job = running()
    endings.halve(job, "MemoryError", NOTHING_SAID, smallest=True)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "even with the smallest batch" in job.error


def test_a_stopping_worker_gives_back_without_a_strike(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    job = running(strikes=1)
    with django_capture_on_commit_callbacks(execute=True):
        endings.give_back(job, NOTHING_SAID)
    job.refresh_from_db()
    assert (job.state, job.strikes, len(sent)) == (State.QUEUED, 1, 1)
    assert Attempt.objects.get().outcome == "given_back"


def test_a_lost_job_is_queued_with_a_strike() -> None:
    job = make_dead_job()
    assert endings.settle_lost(job, 5)
    job.refresh_from_db()
    assert (job.state, job.strikes, job.lease_until) == (State.QUEUED, 1, None)
    assert Attempt.objects.get().outcome == "lost"


def test_a_lost_attempt_lasted_until_the_last_sign_of_life() -> None:
    job = make_dead_job()
    began = Attempt.objects.get().started_at
    Job.objects.update(heartbeat_at=began + timedelta(seconds=7))
    endings.settle_lost(Job.objects.get(pk=job.pk), 5)
    assert Attempt.objects.get().seconds == 7


def test_a_step_done_in_the_attempt_forgives_the_strikes_before() -> None:
    job = make_dead_job(strikes=4)
    Step.objects.create(job=job, name="one", fence=job.fence)
    endings.settle_lost(job, 5)
    job.refresh_from_db()
    assert (job.state, job.strikes) == (State.QUEUED, 1)


def test_a_step_of_an_earlier_attempt_does_not() -> None:
    job = make_dead_job(strikes=4, fence=6)
    Step.objects.create(job=job, name="one", fence=5)
    endings.settle_lost(job, 5)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "died or stopped answering 5 times in a row" in job.error


def test_a_lost_job_that_was_to_be_cancelled_is() -> None:
    job = make_dead_job(cancel_requested=True)
    endings.settle_lost(job, 5)
    job.refresh_from_db()
    assert job.state == State.CANCELLED


@pytest.mark.parametrize(
    "end",
    [
        lambda job: endings.give_back(job, NOTHING_SAID),
        lambda job: endings.halve(job, "no memory", NOTHING_SAID, smallest=False),
        lambda job: endings.try_later(job, "the network", NOTHING_SAID, max_strikes=5),
    ],
)
def test_a_job_that_was_to_be_cancelled_is_not_queued_again(end: Callable[[Job], bool], sent: Tickets) -> None:
    job = running()
    dependent = services.submit("jobs.rehearse", after=[job])
    services.cancel(job)
    assert end(job)
    job.refresh_from_db()
    dependent.refresh_from_db()
    assert (job.state, job.error, job.run_after) == (State.CANCELLED, "", None)
    assert dependent.state == State.CANCELLED
    assert sent == []


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.CANCELLED])
@pytest.mark.django_db(transaction=True)
def test_more_dependents_than_one_statement_takes(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small: SQLite takes 32,766 ids, here 40, and 60 jobs wait."""
    monkeypatch.setattr(lease, "IDS_AT_ONCE", 20)
    job = running()
    waiting = services.submit_many([services.Order("jobs.rehearse", after=[job])] * 60)
    if connection.vendor == "sqlite":
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 40)
    if state == State.SUCCEEDED:
        assert endings.succeed(job, None, NOTHING_SAID)
    else:
        assert endings.cancelled(job, NOTHING_SAID)
    connection.close()
    freed = Job.objects.filter(pk__in=[row.pk for row in waiting], waiting_on=0, state=State.QUEUED).count()
    assert freed == (60 if state == State.SUCCEEDED else 0)
