"""What a running job can do."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.context import JobContext
from jobs.exceptions import JobCancelled, LeaseLost, WorkerStopping
from jobs.models import Attempt, Job, State, Step
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return make_job(state=State.RUNNING)


def no_pause(context: JobContext) -> JobContext:
    context._written_at = -1e9
    return context


def test_progress_is_written_at_most_once_a_second(job: Job) -> None:
    context = no_pause(JobContext(job))
    with CaptureQueriesContext(connection) as queries:
        for done in range(1, 200):
            context.progress(done, 200, f"Row {done}")
    assert 1 <= len(queries) <= 4
    job.refresh_from_db()
    assert (job.progress_done, job.progress_total, job.message) == (1, 200, "Row 1")
    assert context.last_progress()["progress_done"] == 199


def test_a_long_message_is_cut(job: Job) -> None:
    no_pause(JobContext(job)).progress(1, message="x" * 999)
    job.refresh_from_db()
    assert len(job.message) == 300


def test_a_cancellation_is_raised(job: Job) -> None:
    context = no_pause(JobContext(job))
    Job.objects.update(cancel_requested=True)
    with pytest.raises(JobCancelled, match=f"#{job.pk} was cancelled"):
        context.check()
    with pytest.raises(JobCancelled):
        context.progress(1)


def test_a_lost_lease_is_raised(job: Job) -> None:
    context = no_pause(JobContext(job))
    Job.objects.update(fence=9)
    with pytest.raises(LeaseLost):
        context.progress(1)


def test_a_stopping_worker_is_raised(job: Job) -> None:
    with pytest.raises(WorkerStopping, match="goes back to the queue"):
        JobContext(job, stopping=lambda: True).check()


def test_a_step_is_done_once_for_ever(job: Job) -> None:
    calls: list[int] = []

    def work() -> tuple[int, int]:
        calls.append(1)
        return (1, 2)

    context = JobContext(job)
    assert [context.step("a", work), context.step("a", work), JobContext(job).step("a", work)] == [[1, 2]] * 3
    assert len(calls) == 1
    assert Step.objects.get().fence == job.fence


def test_what_a_step_saves_is_there_exactly_when_the_step_is(job: Job) -> None:
    def save(result: Any) -> None:
        Job.objects.filter(pk=job.pk).update(subject=result)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        JobContext(job).step("a", lambda: "saved", save)
    job.refresh_from_db()
    assert (job.subject, Step.objects.count()) == ("", 0)
    assert JobContext(job).step("a", lambda: "saved", lambda _: None) == "saved"


def test_a_zombie_saves_no_step(job: Job) -> None:
    saved: list[Any] = []

    def taken_away() -> int:
        Job.objects.update(fence=2)
        return 1

    with pytest.raises(LeaseLost):
        JobContext(job).step("a", taken_away, saved.append)
    assert (saved, Step.objects.count()) == ([], 0)


def test_a_zombie_writes_nothing_outside_the_database_either(job: Job) -> None:
    written: list[str] = []
    context = JobContext(job)
    context.write_held(lambda: written.append("held"))
    Job.objects.update(fence=9)
    with pytest.raises(LeaseLost):
        context.write_held(lambda: written.append("lost"))
    with pytest.raises(LeaseLost):
        context.check()
    assert written == ["held"]


def test_what_is_written_while_held_wipes_out_no_strike(job: Job) -> None:
    """A job that dies at the same place each time must end, though it writes before."""
    Job.objects.update(strikes=2)
    JobContext(job).write_held(lambda: None)
    job.refresh_from_db()
    assert job.strikes == 2


def test_a_step_done_wipes_out_strikes(job: Job) -> None:
    Job.objects.update(strikes=3)
    JobContext(job).step("a", lambda: None)
    job.refresh_from_db()
    assert job.strikes == 0


@pytest.mark.parametrize("result", [{1, 2}, float("nan"), object()])
def test_a_result_that_is_not_json_is_refused(job: Job, result: Any) -> None:
    with pytest.raises(ValueError, match="step 'a' is not JSON"):
        JobContext(job).step("a", lambda: result)


@pytest.mark.parametrize(("halvings", "size"), [(0, 8), (1, 4), (3, 1), (9, 1)])
def test_the_batch_halves_with_each_lack_of_memory(job: Job, halvings: int, size: int) -> None:
    job.halvings = halvings
    context = JobContext(job)
    assert (context.batch_size(8), context.largest_batch) == (size, size)
    assert (context.batch_size(1), context.largest_batch) == (1, size), "the large ones can be halved still"


def test_new_log_lines_go_with_the_heartbeat(job: Job) -> None:
    news = iter(["first line", None])
    context = JobContext(job, log_news=lambda: next(news))
    context.beat()
    context.beat()
    assert Attempt.objects.get().log_tail == "first line"
