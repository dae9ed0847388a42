"""Which ready job a worker takes next, and that no two take the same."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import claiming
from jobs.claiming import claim
from jobs.models import Attempt, Job, Queue, State, Turn
from jobs.warmth import NOTHING_WARM, Wish
from tests.factories.jobs import make_job

THREADS, JOBS = 8, 50
A, B, C = 1, 2, 3  # askers


def drain(wish: Wish = NOTHING_WARM) -> list[Job]:
    """Everything that is ready, in the order in which one worker takes it."""
    taken = []
    while job := claim(Queue.CPU, "w", wish):
        taken.append(job)
    return taken


@pytest.mark.django_db
def test_a_claim_takes_the_row_and_opens_an_attempt() -> None:
    made = make_job()
    job = claim(Queue.CPU, "cpu@host:1")
    assert job == made
    row = Job.objects.get()
    assert (row.state, row.fence, row.worker) == (State.RUNNING, 1, "cpu@host:1")
    assert row.lease_until
    assert row.lease_until > timezone.now()
    assert Attempt.objects.get().number == 1


@pytest.mark.django_db
def test_the_most_urgent_goes_first_then_the_oldest() -> None:
    low, old, new, urgent = (make_job(priority=priority) for priority in (-1, 0, 0, 5))
    assert drain() == [urgent, old, new, low]


@pytest.mark.django_db
def test_only_ready_jobs_of_the_queue_are_taken() -> None:
    make_job(queue=Queue.GPU)
    make_job(waiting_on=1)
    make_job(paused=True)
    make_job(run_after=timezone.now() + timedelta(minutes=1))
    for state in (State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED):
        make_job(state=state)
    for wish in (NOTHING_WARM, Wish("x", enough=False), Wish("x", enough=True)):
        assert claim(Queue.CPU, "w", wish) is None
    due = make_job(run_after=timezone.now() - timedelta(seconds=1))
    assert claim(Queue.CPU, "w") == due


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "served"),
    [
        pytest.param([A, A, A], [A, A, A], id="alone, one after the other"),
        pytest.param([A, A, A, A, B], [A, B, A, A, A], id="one product beside many"),
        pytest.param([A, A, A, B, B, B, C], [A, B, C, A, B, A, B], id="in turn"),
        pytest.param([0, 0, 0, A], [0, A, 0, 0], id="what nobody asked for is one party"),
    ],
)
def test_askers_are_served_in_turn(asked: list[int], served: list[int]) -> None:
    made = [make_job(asker=asker) for asker in asked]
    taken = drain()
    assert [job.asker for job in taken] == served
    for asker in set(asked):
        own = [job for job in taken if job.asker == asker]
        assert own == [job for job in made if job.asker == asker], "and each one's jobs by age"


@pytest.mark.django_db
def test_who_was_served_longest_ago_comes_next_even_after_a_pause() -> None:
    for asker in (A, B, A):
        make_job(asker=asker)
        claim(Queue.CPU, "w")
    for asker in (A, B, C):
        make_job(asker=asker)
    assert [job.asker for job in drain()] == [C, B, A]


@pytest.mark.django_db
def test_a_turn_belongs_to_its_queue_and_priority_stands_above_it() -> None:
    make_job(asker=A, queue=Queue.GPU)
    claim(Queue.GPU, "w")
    first, second, urgent = make_job(asker=A), make_job(asker=B), make_job(asker=B, priority=1)
    assert drain() == [urgent, first, second]
    assert set(Turn.objects.values_list("queue", "asker")) == {("gpu", A), ("cpu", A), ("cpu", B)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wish", "first"),
    [
        pytest.param(Wish("", enough=False), "sam", id="nothing is warm: the oldest"),
        pytest.param(Wish("sdxl", enough=False), "sdxl", id="what is warm"),
        pytest.param(Wish("gone", enough=False), "sam", id="nothing fits what is warm"),
        pytest.param(Wish("sam", enough=True), "sdxl", id="enough of it: another"),
        pytest.param(Wish("sdxl", enough=True), "", id="enough: who was never served, the oldest"),
    ],
)
def test_what_is_warm_is_preferred_until_it_is_enough(wish: Wish, first: str) -> None:
    for affinity, asker in (("sam", A), ("sdxl", A), ("sdxl", B), ("", B)):
        make_job(affinity=affinity, asker=asker)
    Turn.objects.create(queue="cpu", asker=A, served_at=timezone.now())
    taken = claim(Queue.CPU, "w", wish)
    assert taken is not None
    expected = {"gone": "sdxl", "": "sdxl"}.get(wish.affinity, first)
    assert taken.affinity == expected


@pytest.mark.django_db
def test_enough_of_it_and_nothing_else_there_it_goes_on() -> None:
    jobs = [make_job(affinity="sdxl") for _ in range(2)]
    assert drain(Wish("sdxl", enough=True)) == jobs


@pytest.mark.django_db
def test_what_is_warm_does_not_stand_above_priority() -> None:
    warm, urgent = make_job(affinity="sdxl"), make_job(affinity="sam", priority=1)
    assert drain(Wish("sdxl", enough=False)) == [urgent, warm]


@pytest.mark.django_db
def test_among_warm_ones_askers_are_served_in_turn_too() -> None:
    for asker in (A, A, A, B):
        make_job(affinity="sdxl", asker=asker)
    assert [job.asker for job in drain(Wish("sdxl", enough=False))] == [A, B, A, A]


def backlog(count: int) -> None:
    jobs = (Job(kind="jobs.rehearse", asker=n % 7, affinity=f"stage {n % 5}") for n in range(count))
    Job.objects.bulk_create(jobs, batch_size=500)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["warm", "other", "fair", "any"])
def test_a_claim_seeks_in_the_indexes_and_never_reads_the_backlog(name: str) -> None:
    backlog(400)
    on_postgresql = connection.vendor == "postgresql"
    values: dict[str, Any] = {"queue": "cpu", "worker": "w", "affinity": "stage 1", "most": 10}
    values |= dict.fromkeys(("now", "until"), connection.ops.adapt_datetimefield_value(timezone.now()))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if on_postgresql:
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " if on_postgresql else "EXPLAIN QUERY PLAN "
        cursor.execute(explain + claiming.statements()[name], values)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "job_warm" in plan or "job_ready" in plan
    assert "Seq Scan on jobs_job" not in plan
    assert "SCAN jobs_job" not in plan
    assert "(queue=? AND priority=?" in plan or "priority =" in plan or name == "any"


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="counts the steps of SQLite's machine")
@pytest.mark.parametrize("wish", [NOTHING_WARM, Wish("stage 1", enough=False), Wish("stage 1", enough=True)])
def test_its_cost_does_not_grow_with_the_backlog(wish: Wish) -> None:
    def steps() -> int:
        counted = [0]

        def count() -> int:
            counted[0] += 1
            return 0

        connection.connection.set_progress_handler(count, 20)
        claim(Queue.CPU, "w", wish)
        connection.connection.set_progress_handler(None, 0)
        return counted[0]

    backlog(200)
    few = steps()
    backlog(4_000)
    assert steps() < few * 1.5


@pytest.mark.django_db
def test_a_claim_costs_few_queries() -> None:
    make_job()
    with CaptureQueriesContext(connection) as queries:
        claim(Queue.CPU, "w")
    assert len(queries) <= 5  # savepoint, update, attempt, turn, release


def claim_all(barrier: threading.Barrier, taken: list[int]) -> None:
    barrier.wait()
    while job := claim(Queue.CPU, threading.current_thread().name):
        taken.append(job.pk)
    connection.close()


def race(askers: int) -> list[int]:
    made = [make_job(asker=number % askers).pk for number in range(JOBS)]
    barrier, taken = threading.Barrier(THREADS), list[int]()
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
@pytest.mark.parametrize("askers", [1, JOBS])
def test_eight_threads_claim_fifty_jobs_none_lost_none_twice(askers: int) -> None:
    race(askers)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_on_postgresql_where_rows_are_passed_over() -> None:
    assert connection.vendor == "postgresql"
    race(3)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_is_taking_leaves_the_worker_a_second_choice() -> None:
    """The job of who comes next is locked; the many jobs of another must not be left lying for that."""
    theirs = make_job(asker=B)
    ours = make_job(asker=A)
    Turn.objects.create(queue="cpu", asker=A, served_at=timezone.now())
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction  # noqa: PLC0415

        with transaction.atomic():
            Job.objects.select_for_update().get(pk=theirs.pk)
            held.set()
            over.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    taken: Any = claim(Queue.CPU, "w")
    over.set()
    thread.join()
    assert taken == ours
