"""What the reaper puts right."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs import dispatch, reaper
from jobs.models import Job, State
from jobs.reaper import Reaped
from tests.factories.jobs import make_dead_job, make_job

pytestmark = pytest.mark.django_db
Tickets = list[tuple[int, str]]


@pytest.fixture(autouse=True)
def waiting(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """How many messages the broker says that it holds; None is a broker that is down."""
    lengths: dict[str, int | None] = {"cpu": 0, "gpu": 0}
    monkeypatch.setattr(dispatch, "queue_length", lengths.__getitem__)
    return lengths


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def aged(seconds: float, **fields: Any) -> Job:
    job = make_job(**fields)
    Job.objects.filter(pk=job.pk).update(created_at=ago(seconds))
    return job


def test_there_may_be_nothing_to_do(sent: Tickets) -> None:
    make_job(state=State.RUNNING)
    make_job()  # its submitter is just sending the ticket
    assert reaper.reap() == Reaped(0, 0, 0)
    assert sent == []


def test_dead_workers_jobs_are_queued_again_and_sent(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    job = make_dead_job()
    with django_capture_on_commit_callbacks(execute=True):
        assert reaper.reap().lost == 1
    job.refresh_from_db()
    assert (job.state, job.strikes) == (State.QUEUED, 1)
    assert (job.pk, "cpu") in sent
    assert reaper.reap().lost == 0


def test_a_lease_renewed_meanwhile_is_left_alone() -> None:
    make_dead_job()
    seen = Job.objects.filter(state=State.RUNNING)
    rows = list(seen.only("pk", "lease_until", "fence"))
    Job.objects.update(lease_until=timezone.now() + timedelta(seconds=60))

    class Stale:
        def only(self, *_: str) -> list[Job]:
            return rows

    assert reaper._settle(Stale()) == 0  # type: ignore[arg-type]
    assert Job.objects.get().state == State.RUNNING


def test_tickets_that_were_never_sent_go_out_once(sent: Tickets) -> None:
    job = aged(5)
    later = aged(5, run_after=timezone.now() + timedelta(minutes=5))
    assert reaper.reap().sent == 1
    assert sent == [(job.pk, "cpu")]
    assert reaper.reap().sent == 0
    Job.objects.filter(pk=later.pk).update(run_after=ago(1))
    assert reaper.reap().sent == 1


def test_tickets_that_are_gone_are_replaced(sent: Tickets, waiting: dict[str, int | None]) -> None:
    for _ in range(4):
        make_job(dispatched_at=ago(60), queue="gpu")
    waiting["gpu"] = 1
    assert reaper.reap() == Reaped(0, 0, 3)
    assert sent == [(0, "gpu")] * 3


def test_tickets_under_way_are_not(waiting: dict[str, int | None]) -> None:
    make_job(dispatched_at=ago(1))
    assert reaper.reap() == Reaped(0, 0, 0)
    Job.objects.update(dispatched_at=ago(60))
    waiting["cpu"] = 1
    assert reaper.reap() == Reaped(0, 0, 0)
    waiting["cpu"] = None
    assert reaper.reap() == Reaped(0, 0, 0)


def test_a_batch_is_bounded(sent: Tickets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "MOST_SENT", 3)
    for _ in range(5):
        aged(5)
    assert reaper.reap().sent == 3
    assert reaper.reap().sent == 2


def test_a_worker_that_begins_anew_settles_what_it_left() -> None:
    left = make_job(state=State.RUNNING, worker="cpu@host:17")
    other = make_job(state=State.RUNNING, worker="cpu-2@host:18")
    assert reaper.settle_abandoned("cpu@host") == 1
    left.refresh_from_db()
    other.refresh_from_db()
    assert (left.state, other.state) == (State.QUEUED, State.RUNNING)


def test_jobs_of_a_kind_that_is_gone_are_settled_too() -> None:
    make_dead_job(kind="old.kind")
    assert reaper.reap().lost == 1
