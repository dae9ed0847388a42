"""Submit, cancel, retry."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs import claiming, endings, services
from jobs.endings import NOTHING_SAID
from jobs.exceptions import BadDependency, BadParams, NotAllowed, UnknownKind
from jobs.models import Dependency, Job, Queue, State
from jobs.services import Order
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db
Tickets = list[tuple[int, str]]


def succeed(job: Job) -> None:
    claimed = claiming.claim(job.queue, "w")
    assert claimed == job
    endings.succeed(claimed, None, NOTHING_SAID)


def test_a_job_is_kept_and_its_ticket_sent_after_the_commit(
    sent: Tickets, django_capture_on_commit_callbacks: Any, operator: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = services.submit("jobs.rehearse_gpu", {"steps": 2}, subject="A try", priority=3, asked_by=operator)
        assert sent == []
    job.refresh_from_db()
    assert (job.state, job.queue, job.priority, job.subject, job.asked_by) == (
        State.QUEUED, Queue.GPU, 3, "A try", operator,
    )  # fmt: skip
    assert sent == [(job.pk, Queue.GPU)]
    assert job.dispatched_at is not None


def test_it_notes_what_must_be_warm_and_whose_turn_it_takes(operator: Any) -> None:
    job = services.submit("jobs.rehearse", affinity="segment sdxl", asked_by=operator)
    batch = services.submit_many([Order("jobs.rehearse", affinity="caption")], asked_by=operator)
    nobodys = services.submit("jobs.rehearse", key="nightly")
    rows = Job.objects.order_by("pk").values_list("pk", "affinity", "asker")
    assert list(rows) == [
        (job.pk, "segment sdxl", operator.pk), (batch[0].pk, "caption", operator.pk), (nobodys.pk, "", 0),
    ]  # fmt: skip


def test_the_same_key_gives_the_same_job_whatever_its_state(sent: Tickets) -> None:
    first = services.submit("jobs.rehearse", key="imports/1")
    services.cancel(first)
    assert services.submit("jobs.rehearse", {"steps": 9}, key="imports/1") == first
    assert Job.objects.count() == 1


def test_submitting_many_is_one_transaction_of_few_queries(
    sent: Tickets, django_capture_on_commit_callbacks: Any
) -> None:
    with CaptureQueriesContext(connection) as queries, django_capture_on_commit_callbacks(execute=True):
        jobs = services.submit_many([Order("jobs.rehearse", {"steps": n}) for n in range(100)])
    assert len(queries) <= 8
    assert [job.params["steps"] for job in jobs] == list(range(100))
    assert len(sent) == 100


def test_one_bad_order_keeps_all_out() -> None:
    with pytest.raises(UnknownKind):
        services.submit_many([Order("jobs.rehearse"), Order("no.such")])
    with pytest.raises(BadParams, match="key of a job may have 200"):
        services.submit("jobs.rehearse", key="k" * 201)
    with pytest.raises(BadParams, match="priority 40000"):
        services.submit("jobs.rehearse", priority=40_000)
    with pytest.raises(BadParams, match="affinity of a job may have 100 characters"):
        services.submit("jobs.rehearse", affinity="x" * 101)
    assert not Job.objects.exists()


def test_a_job_waits_for_those_before_it(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first, second = services.submit("jobs.rehearse"), services.submit("jobs.rehearse")
        last = services.submit("jobs.rehearse", after=[first, second.pk], priority=9)
    assert last.waiting_on == 2
    with django_capture_on_commit_callbacks(execute=True):
        succeed(first)
    last.refresh_from_db()
    assert (last.waiting_on, (last.pk, "cpu") in sent) == (1, False)
    with django_capture_on_commit_callbacks(execute=True):
        succeed(second)
    last.refresh_from_db()
    assert (last.waiting_on, (last.pk, "cpu") in sent) == (0, True)
    succeed(last)


def test_what_has_succeeded_is_not_waited_for() -> None:
    done = make_job(state=State.SUCCEEDED)
    assert services.submit("jobs.rehearse", after=[done]).waiting_on == 0


def test_a_job_cannot_wait_for_what_never_comes() -> None:
    gone = make_job(state=State.CANCELLED)
    with pytest.raises(BadDependency, match=f"#{gone.pk} is cancelled"):
        services.submit("jobs.rehearse", after=[gone])
    with pytest.raises(BadDependency, match="no job #999999"):
        services.submit("jobs.rehearse", after=[999_999])


def test_a_failed_job_holds_its_dependents_and_a_retry_frees_them() -> None:
    first = services.submit("jobs.rehearse")
    last = services.submit("jobs.rehearse", after=[first])
    claimed = claiming.claim("cpu", "w")
    assert claimed
    endings.fail(claimed, "It broke.", NOTHING_SAID)
    last.refresh_from_db()
    assert (last.state, last.waiting_on) == (State.QUEUED, 1)
    again = services.retry(first)
    assert (again.state, again.error, again.strikes) == (State.QUEUED, "", 0)
    succeed(first)
    last.refresh_from_db()
    assert last.waiting_on == 0


def test_cancelling_takes_along_all_that_waits_and_says_why() -> None:
    first = services.submit("jobs.rehearse")
    second = services.submit("jobs.rehearse", after=[first])
    third = services.submit("jobs.rehearse", after=[second])
    bystander = services.submit("jobs.rehearse")
    assert services.cancel(first).state == State.CANCELLED
    for job, cause in ((second, first), (third, second)):
        job.refresh_from_db()
        assert (job.state, job.message) == (
            State.CANCELLED, f"Cancelled because job #{cause.pk}, which it needs, was cancelled.",
        )  # fmt: skip
    bystander.refresh_from_db()
    assert bystander.state == State.QUEUED


def test_a_running_job_is_asked_to_stop() -> None:
    job = make_job(state=State.RUNNING)
    row = services.cancel(job)
    assert (row.state, row.cancel_requested) == (State.RUNNING, True)


@pytest.mark.parametrize(("state", "word"), [("succeeded", "succeeded"), ("failed", "failed"), ("cancelled", "been")])
def test_what_has_finished_cannot_be_cancelled(state: str, word: str) -> None:
    with pytest.raises(NotAllowed, match=f"already {word}"):
        services.cancel(make_job(state=state))


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_only_what_ended_badly_can_be_tried_again(state: str) -> None:
    with pytest.raises(NotAllowed, match="only a failed or cancelled job"):
        services.retry(make_job(state=state))


def test_a_dependent_of_a_cancelled_job_asks_for_that_one_first() -> None:
    first = services.submit("jobs.rehearse")
    last = services.submit("jobs.rehearse", after=[first])
    services.cancel(first)
    with pytest.raises(NotAllowed, match=f"retry #{first.pk} first"):
        services.retry(last)
    services.retry(first)
    assert services.retry(last).waiting_on == 1


def test_a_rollback_sends_nothing(sent: Tickets, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        services.submit("jobs.rehearse")
        transaction.set_rollback(True)
    assert (sent, Job.objects.count()) == ([], 0)


def beside(*stages: Callable[[], object]) -> Callable[[], None]:
    """Begin these in a transaction of another connection, with a pause after the first; returns what joins it."""
    begun, errors = threading.Event(), list[Exception]()

    def run() -> None:
        try:
            with transaction.atomic():
                for stage in stages:
                    stage()
                    if not begun.is_set():
                        begun.set()
                        time.sleep(0.7)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)

    def join() -> None:
        thread.join(20)
        assert errors == []

    return join


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_submitted_in_the_midst_of_a_cancellation_goes_with_it() -> None:
    first = services.submit("jobs.rehearse")
    second = services.submit("jobs.rehearse", after=[first])
    join = beside(lambda: services.submit("jobs.rehearse", after=[second]))
    services.cancel(first)
    join()
    assert list(Job.objects.values_list("state", flat=True)) == [State.CANCELLED] * 3


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_orders_lock_what_they_need_by_rising_id() -> None:
    """Else it would be a deadlock with whoever ends the older job and then frees the younger."""
    older, younger = make_job(), make_job()
    rows = Job.objects.select_for_update()
    join = beside(lambda: rows.get(pk=older.pk), lambda: rows.get(pk=younger.pk))
    services.submit_many([Order("jobs.rehearse", after=[younger]), Order("jobs.rehearse", after=[older])])
    join()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_job_submitted_while_the_one_before_it_ends_is_told() -> None:
    make_job()
    first = claiming.claim(Queue.CPU, "w")
    assert first is not None
    join = beside(lambda: services.submit("jobs.rehearse", after=[first]))
    assert endings.succeed(first, None, NOTHING_SAID)
    join()
    assert Job.objects.get(state=State.QUEUED).waiting_on == 0


@pytest.mark.django_db(transaction=True)
def test_a_page_waits_for_a_live_job_until_it_is_answered() -> None:
    job = make_job(queue=Queue.LIVE)

    def answer() -> None:
        time.sleep(0.1)
        claimed = claiming.claim(Queue.LIVE, "w")
        assert claimed is not None
        endings.succeed(claimed, {"mask": 1}, NOTHING_SAID)
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    began = time.monotonic()
    answered = services.wait(job, 10)
    thread.join()
    assert (answered.state, answered.result) == (State.SUCCEEDED, {"mask": 1})
    assert time.monotonic() - began < 5


def test_a_page_does_not_wait_longer_than_it_wants() -> None:
    job = make_job(queue=Queue.LIVE)
    began = time.monotonic()
    assert services.wait(job, 0.1).state == State.QUEUED
    assert 0.1 <= time.monotonic() - began < 1
    failed = make_job(state=State.FAILED)
    assert services.wait(failed, 60) == failed


def test_many_with_keys_and_needs_take_as_many_statements_as_few() -> None:
    counts = []
    for number in (3, 30):
        first = services.submit("jobs.rehearse")
        orders = [Order("jobs.rehearse", key=f"{number}-{index}", after=[first]) for index in range(number)]
        with CaptureQueriesContext(connection) as queries:
            jobs = services.submit_many([*orders, orders[0]])
        counts.append(len(queries))
        assert jobs[-1] == jobs[0], "a key that comes twice is one job"
        assert {job.waiting_on for job in jobs} == {1}
        assert Dependency.objects.filter(needs=first).count() == number
        assert services.submit_many(orders) == jobs[:-1]
    assert counts[0] == counts[1]
