"""The thread that keeps leases alive, and ends what does not stop."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from jobs import endings, heartbeat, lease
from jobs.context import JobContext
from jobs.heartbeat import Heart, Watched
from jobs.models import Attempt, Job, State
from tests.factories.jobs import make_job

Kills = list[tuple[int, int]]


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> Kills:
    """What would be killed: never this process."""
    wanted: Kills = []
    monkeypatch.setattr(os, "kill", lambda pid, number: wanted.append((pid, number)))
    return wanted


def watching(job: Job, *, ended: float = 0) -> Heart:
    """A heart without its thread, whose job should have ended `ended` seconds ago."""
    heart, now = Heart(), time.monotonic()
    heart._watched = Watched([JobContext(job)], now - ended if ended else None, now - 1)
    return heart


@pytest.mark.django_db
def test_it_renews_the_lease() -> None:
    job = make_job(state=State.RUNNING)
    watching(job).look()
    before = job.lease_until
    job.refresh_from_db()
    assert before is not None
    assert job.lease_until is not None
    assert job.lease_until >= before


@pytest.mark.django_db
def test_a_job_deaf_to_its_time_limit_is_failed_and_its_process_killed(kills: Kills) -> None:
    job = make_job(state=State.RUNNING)
    watching(job, ended=heartbeat.LIMIT_GRACE - 5).look()
    assert kills == []
    watching(job, ended=heartbeat.LIMIT_GRACE + 1).look()
    assert kills == [(os.getpid(), signal.SIGKILL)]
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "did not react to its time limit" in job.error
    assert Attempt.objects.get().exception == "jobs.exceptions.JobTimedOut"


@pytest.mark.django_db
def test_it_is_killed_even_when_that_cannot_be_written(kills: Kills, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> bool:
        raise DatabaseError("the server has gone away")

    monkeypatch.setattr(endings, "fail", away)
    watching(Job(pk=7, fence=1), ended=heartbeat.LIMIT_GRACE + 1).look()
    assert kills == [(os.getpid(), signal.SIGKILL)]


@pytest.fixture
def locked() -> Iterator[Job]:
    """A job whose row is locked by another transaction, as by its own thread that hangs in a step's `save`."""
    job, held, over = make_job(state=State.RUNNING), threading.Event(), threading.Event()

    def hang() -> None:
        with transaction.atomic():
            lease.hold_for_step(job)
            held.set()
            over.wait(30)
        connection.close()

    thread = threading.Thread(target=hang)
    thread.start()
    held.wait(10)
    yield job
    over.set()
    thread.join()
    connection.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_does_not_wait_for_ever_for_a_job_that_hangs_in_a_step(
    locked: Job, kills: Kills, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOCK_PATIENCE", 1)
    connection.close()
    began = time.monotonic()
    with pytest.raises(DatabaseError, match="lock timeout"):
        watching(locked).look()
    connection.close()
    watching(locked, ended=heartbeat.LIMIT_GRACE + 1).look()
    assert time.monotonic() - began < 10
    assert kills == [(os.getpid(), signal.SIGKILL)]
