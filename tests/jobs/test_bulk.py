"""Hold, release, cancel and retry, many at once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import claiming, endings, lease, services
from jobs.models import Job, State
from jobs.services import Order, Tally
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db
Tickets = list[tuple[int, str]]
EVERY_STATE = [State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED]


def states(*jobs: Job) -> list[str]:
    found = dict(Job.objects.values_list("pk", "state"))
    return [found[job.pk] for job in jobs]


def ids(*jobs: Job) -> list[int]:
    return [job.pk for job in jobs]


def test_a_held_job_does_not_start_until_it_is_released(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    job = services.submit("jobs.rehearse")
    assert services.hold([job.pk]) == Tally(1, 0)
    job.refresh_from_db()
    assert (job.state, job.word) == (State.QUEUED, "paused")
    assert claiming.claim("cpu", "w") is None
    with django_capture_on_commit_callbacks(execute=True):
        assert services.release([job.pk]) == Tally(1, 0)
    assert sent == [(job.pk, "cpu")]
    assert claiming.claim("cpu", "w") == job


@pytest.mark.parametrize(
    ("act", "done"),
    [
        pytest.param(services.hold, [State.QUEUED], id="hold"),
        pytest.param(services.release, [], id="release"),
        pytest.param(services.cancel_many, [State.QUEUED, State.RUNNING], id="cancel"),
        pytest.param(services.retry_many, [State.FAILED, State.CANCELLED], id="retry"),
    ],
)
def test_what_the_rules_forbid_is_left_and_counted(act: Callable[..., Tally], done: list[str]) -> None:
    jobs = {state: make_job(state=state) for state in EVERY_STATE}
    before = {job.pk: job for job in Job.objects.all()}
    assert act([*ids(*jobs.values()), 999_999]) == Tally(len(done), 6 - len(done))
    for state, job in jobs.items():
        row, was = Job.objects.get(pk=job.pk), before[job.pk]
        same = all(getattr(row, name) == getattr(was, name) for name in ("state", "paused", "cancel_requested"))
        assert same == (state not in done), state


def test_a_job_whose_turn_comes_while_it_is_held_gets_no_ticket(
    sent: Tickets, django_capture_on_commit_callbacks: Any
) -> None:
    first = services.submit("jobs.rehearse")
    last = services.submit("jobs.rehearse", after=[first])
    services.hold([last.pk])
    claimed = claiming.claim("cpu", "w")
    assert claimed == first
    with django_capture_on_commit_callbacks(execute=True):
        endings.succeed(claimed, None, endings.NOTHING_SAID)
    assert sent == []
    assert claiming.claim("cpu", "w") is None
    with django_capture_on_commit_callbacks(execute=True):
        services.release([last.pk])
    assert sent == [(last.pk, "cpu")]


def test_what_is_released_too_early_waits_for_its_time(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    later = make_job(paused=True, run_after=timezone.now() + timedelta(minutes=1))
    waiting = make_job(paused=True, waiting_on=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.release(ids(later, waiting)) == Tally(2, 0)
    assert sent == []
    assert not Job.objects.filter(paused=True).exists()


def test_cancelling_many_takes_along_what_needs_them() -> None:
    first = services.submit("jobs.rehearse")
    second = services.submit("jobs.rehearse", after=[first])
    third = services.submit("jobs.rehearse", after=[second])
    running, apart = make_job(state=State.RUNNING), make_job()
    assert services.cancel_many(ids(first, second, running)) == Tally(3, 0)
    assert states(first, second, third, running, apart) == ["cancelled"] * 3 + ["running", "queued"]
    running.refresh_from_db()
    third.refresh_from_db()
    assert running.cancel_requested
    assert f"job #{second.pk}, which it needs" in third.message


def test_a_chain_is_tried_again_as_a_whole(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    done = make_job(state=State.SUCCEEDED)
    first = services.submit("jobs.rehearse", after=[done])
    second = services.submit("jobs.rehearse", after=[first, done])
    third = services.submit("jobs.rehearse", after=[first, second])
    services.hold(ids(third))
    services.cancel(first)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.retry_many(ids(third, first, second)) == Tally(3, 0)
    rows = [Job.objects.get(pk=job.pk) for job in (first, second, third)]
    assert [(row.state, row.waiting_on, row.paused) for row in rows] == [
        ("queued", 0, False), ("queued", 1, False), ("queued", 2, False),
    ]  # fmt: skip
    assert sent == [(first.pk, "cpu")]


def test_a_job_that_needs_a_cancelled_one_is_left() -> None:
    first = services.submit("jobs.rehearse")
    second = services.submit("jobs.rehearse", after=[first])
    services.cancel(first)
    assert services.retry_many([second.pk]) == Tally(0, 1)
    assert states(second) == ["cancelled"]


@pytest.mark.parametrize("act", [services.hold, services.release, services.cancel_many, services.retry_many])
def test_thousands_cost_few_queries(act: Callable[..., Tally], monkeypatch: pytest.MonkeyPatch) -> None:
    state = State.CANCELLED if act is services.retry_many else State.QUEUED
    finished = timezone.now() if state == State.CANCELLED else None
    fields = {"state": state, "finished_at": finished, "paused": act is services.release}
    rows = Job.objects.bulk_create([Job(kind="jobs.rehearse", **fields) for _ in range(2_000)])
    with CaptureQueriesContext(connection) as queries:
        assert act([row.pk for row in rows]) == Tally(2_000, 0)
    assert len(queries) <= 8


def test_more_than_one_statement_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "IDS_AT_ONCE", 3)
    jobs = services.submit_many([Order("jobs.rehearse")] * 10)
    for act in (services.hold, services.release, services.cancel_many, services.retry_many):
        assert act(ids(*jobs)) == Tally(10, 0)


@pytest.mark.django_db(transaction=True)
def test_held_beside_a_worker_each_job_is_either_held_or_runs() -> None:
    jobs = services.submit_many([Order("jobs.rehearse")] * 60)
    taken: list[int] = []
    begun = threading.Event()

    def work() -> None:
        while job := claiming.claim("cpu", "w"):
            taken.append(job.pk)
            begun.set()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    tally = services.hold(ids(*jobs))
    thread.join(20)
    assert (tally.done, tally.left) == (60 - len(taken), len(taken))
    assert set(Job.objects.filter(state=State.RUNNING, paused=False).values_list("pk", flat=True)) == set(taken)
    assert Job.objects.filter(state=State.QUEUED, paused=True).count() == tally.done


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [services.hold, services.cancel_many])
def test_a_claim_under_way_is_waited_for(act: Callable[..., Tally]) -> None:
    job = make_job()
    begun = threading.Event()

    def work() -> None:
        with transaction.atomic():
            assert claiming.claim("cpu", "w") == job
            begun.set()
            threading.Event().wait(0.5)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    act([job.pk])
    thread.join()
    job.refresh_from_db()
    assert (job.state, job.paused, job.cancel_requested) == (State.RUNNING, False, act is services.cancel_many)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_cancel_at_once_do_not_wait_for_each_other() -> None:
    """Chains that cross: named are the first of one and the last of the other."""
    for _ in range(10):
        firsts = services.submit_many([Order("jobs.rehearse")] * 2)
        lasts = services.submit_many([Order("jobs.rehearse", after=[first]) for first in firsts])
        barrier, tallies = threading.Barrier(2), list[Tally]()

        def cancel(*jobs: Job, barrier: threading.Barrier = barrier, tallies: list[Tally] = tallies) -> None:
            barrier.wait()
            tallies.append(services.cancel_many(ids(*jobs)))
            connection.close()

        threads = [
            threading.Thread(target=cancel, args=(firsts[0], lasts[1])),
            threading.Thread(target=cancel, args=(firsts[1], lasts[0])),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(tallies) == 2, "neither died of a deadlock"
        assert set(states(*firsts, *lasts)) == {"cancelled"}


class TestTakenBack:
    """A running job that was to be cancelled and is tried again before its worker has looked."""

    def asked_to_stop(self) -> Job:
        job = services.submit("jobs.rehearse")
        held = claiming.claim("cpu", "w")
        assert held == job
        services.cancel_many([job.pk])
        return held

    def test_it_goes_on_as_if_nothing_had_been(self) -> None:
        held = self.asked_to_stop()
        assert services.retry_many([held.pk]) == Tally(1, 0)
        assert not lease.renew(held)
        assert endings.succeed(held, None, endings.NOTHING_SAID)

    def test_it_goes_back_to_the_queue_where_the_worker_had_looked(self) -> None:
        held = self.asked_to_stop()
        after = services.submit("jobs.rehearse", after=[held])
        assert lease.renew(held)
        services.retry_many([held.pk])
        assert endings.stopped(held, endings.NOTHING_SAID)
        assert states(held, after) == [State.QUEUED, State.QUEUED]
        assert Job.objects.get(pk=held.pk).strikes == 0

    def test_without_that_it_is_cancelled(self) -> None:
        held = self.asked_to_stop()
        assert endings.stopped(held, endings.NOTHING_SAID)
        assert states(held) == [State.CANCELLED]

    def test_one_that_another_worker_has_by_now_is_left(self) -> None:
        held = self.asked_to_stop()
        Job.objects.filter(pk=held.pk).update(fence=held.fence + 1)
        assert not endings.stopped(held, endings.NOTHING_SAID)
        assert states(held) == [State.RUNNING]
