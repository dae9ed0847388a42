"""Claiming and holding a job."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import lease
from jobs.exceptions import LeaseLost
from jobs.models import Attempt, Job, Queue, State
from tests.factories.jobs import make_dead_job, make_job

THREADS, JOBS = 8, 50


@pytest.mark.django_db
def test_a_claim_takes_the_row_and_opens_an_attempt() -> None:
    made = make_job()
    job = lease.claim(Queue.CPU, "cpu@host:1")
    assert job == made
    row = Job.objects.get()
    assert (row.state, row.fence, row.worker) == (State.RUNNING, 1, "cpu@host:1")
    assert row.lease_until
    assert row.lease_until > timezone.now()
    assert Attempt.objects.get().number == 1


@pytest.mark.django_db
def test_the_most_urgent_goes_first_then_the_oldest() -> None:
    low, old, new, urgent = (make_job(priority=priority) for priority in (-1, 0, 0, 5))
    taken = [lease.claim(Queue.CPU, "w") for _ in range(5)]
    assert taken == [urgent, old, new, low, None]


@pytest.mark.django_db
def test_only_ready_jobs_of_the_queue_are_taken() -> None:
    make_job(queue=Queue.GPU)
    make_job(waiting_on=1)
    make_job(run_after=timezone.now() + timedelta(minutes=1))
    for state in (State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED):
        make_job(state=state)
    assert lease.claim(Queue.CPU, "w") is None
    due = make_job(run_after=timezone.now() - timedelta(seconds=1))
    assert lease.claim(Queue.CPU, "w") == due


@pytest.mark.django_db
def test_renewing_writes_the_fields_and_tells_of_a_cancellation() -> None:
    job = make_dead_job()
    assert lease.renew(job, progress_done=4) is False
    row = Job.objects.get()
    assert row.progress_done == 4
    assert row.lease_until
    assert row.lease_until > timezone.now()
    Job.objects.update(cancel_requested=True)
    assert lease.renew(job) is True


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"fence": 2}, {"state": State.QUEUED}])
def test_who_no_longer_holds_the_job_changes_nothing(change: dict[str, object]) -> None:
    job = make_job(state=State.RUNNING)
    Job.objects.update(**change)
    with pytest.raises(LeaseLost, match=f"#{job.pk} is no longer held"):
        lease.renew(job, progress_done=99)
    with pytest.raises(LeaseLost):
        lease.hold_for_step(job)
    assert Job.objects.get().progress_done == 0


@pytest.mark.django_db
def test_the_claim_is_served_by_the_index_of_ready_rows() -> None:
    """Without it each claim would sort the whole backlog."""
    Job.objects.bulk_create([Job(kind="jobs.rehearse", state=State.QUEUED) for _ in range(300)])
    now = timezone.now().isoformat()
    on_postgresql = connection.vendor == "postgresql"
    explain = "EXPLAIN" if on_postgresql else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if on_postgresql:
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {lease._CLAIM.format(lock='')}", ["w", now, now, now, Queue.CPU.value, now])
        plan = str(cursor.fetchall())
    assert "job_ready" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.django_db
def test_a_claim_costs_few_queries() -> None:
    make_job()
    with CaptureQueriesContext(connection) as queries:
        lease.claim(Queue.CPU, "w")
    assert len(queries) <= 5  # savepoint, select, update, insert, release


def claim_all(barrier: threading.Barrier, taken: list[int]) -> None:
    barrier.wait()
    while job := lease.claim(Queue.CPU, threading.current_thread().name):
        taken.append(job.pk)
    connection.close()


def race() -> list[int]:
    made = [make_job().pk for _ in range(JOBS)]
    barrier, taken = threading.Barrier(THREADS), []
    threads = [threading.Thread(target=claim_all, args=(barrier, taken)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # Passed-over rows of others may leave a thread early; what matters is that all are taken, once.
    assert sorted(taken) == made
    assert Attempt.objects.count() == JOBS
    return taken


@pytest.mark.django_db(transaction=True)
def test_eight_threads_claim_fifty_jobs_none_lost_none_twice() -> None:
    race()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_on_postgresql_where_rows_are_passed_over() -> None:
    assert connection.vendor == "postgresql"
    race()
