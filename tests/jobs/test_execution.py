"""One job from claim to end, in this process."""

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from jobs import execution, logtail, process, services
from jobs.context import JobContext
from jobs.models import Attempt, Job, State
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db
Kinds = Callable[..., Any]


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def run(kind: str = "test.x") -> tuple[Job, Attempt]:
    job = services.submit(kind)
    assert execution.run_next("cpu", "cpu@here:1") == job
    job.refresh_from_db()
    return job, Attempt.objects.get(number=job.fence)


def test_nothing_ready_is_no_error() -> None:
    assert execution.run_next("cpu", "w") is None


def test_a_job_runs_with_its_params_and_keeps_its_result(kind: Kinds) -> None:
    kind("test.add")(lambda _, a, b: {"sum": a + b})
    job = services.submit("test.add", {"a": 1, "b": 2})
    execution.run_next("cpu", "w")
    job.refresh_from_db()
    assert (job.state, job.result) == (State.SUCCEEDED, {"sum": 3})


def test_what_it_logs_and_its_last_progress_are_kept(kind: Kinds) -> None:
    logtail.attach()

    def work(context: JobContext) -> None:
        logging.getLogger("catalog.anything").warning("The file is odd.")
        context.progress(7, 9, "Nearly")

    kind("test.x")(work)
    job, attempt = run()
    assert (job.progress_done, job.progress_total, job.message) == (7, 9, "Nearly")
    assert "The file is odd." in attempt.log_tail


def test_each_attempt_keeps_how_long_it_took(kind: Kinds) -> None:
    def work(context: JobContext) -> None:
        time.sleep(0.05)
        raise TimeoutError

    kind("test.x", retry_on=(TimeoutError,))(work)
    _, attempt = run()
    assert attempt.seconds is not None
    assert 0.05 <= attempt.seconds < 5


def test_an_error_fails_the_job_at_once_with_its_traceback(kind: Kinds) -> None:
    def work(context: JobContext) -> None:
        raise KeyError("chair")

    kind("test.x")(work)
    job, attempt = run()
    assert (job.state, job.error) == (State.FAILED, "KeyError: 'chair'")
    assert attempt.exception == "builtins.KeyError"
    assert "in work" in attempt.traceback


def test_a_named_error_is_tried_again(kind: Kinds) -> None:
    def work(context: JobContext) -> None:
        raise TimeoutError("slow")

    kind("test.x", retry_on=(TimeoutError,))(work)
    job, attempt = run()
    assert (job.state, job.strikes, attempt.outcome) == (State.QUEUED, 1, "retried")


@pytest.mark.parametrize("error", [MemoryError, OutOfMemoryError])
def test_out_of_memory_halves_until_it_fits(kind: Kinds, error: type[Exception]) -> None:
    sizes = []

    def work(context: JobContext) -> None:
        sizes.append(context.batch_size(8))
        if sizes[-1] > 2:
            raise error("too much")

    kind("test.x")(work)
    job, _ = run()
    while execution.run_next("cpu", "w"):
        pass
    job.refresh_from_db()
    assert (job.state, sizes) == (State.SUCCEEDED, [8, 4, 2])


def test_out_of_memory_without_a_batch_fails(kind: Kinds) -> None:
    def work(context: JobContext) -> None:
        raise MemoryError

    kind("test.x")(work)
    assert run()[0].state == State.FAILED


def test_a_kind_that_is_gone_is_said_plainly() -> None:
    job = make_job("old.kind")
    execution.run_next("cpu", "w")
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert job.error.startswith("There is no job kind 'old.kind'")


def test_a_cancelled_job_stops_at_its_next_step(kind: Kinds) -> None:
    done = []

    def work(context: JobContext) -> None:
        for number in range(3):
            context.step(str(number), lambda: done.append(1))
            Job.objects.update(cancel_requested=True)
            context._written_at = -1e9

    kind("test.x")(work)
    job, attempt = run()
    assert (job.state, attempt.outcome, len(done)) == (State.CANCELLED, "cancelled", 1)


def test_a_zombie_leaves_the_row_to_its_new_owner(kind: Kinds) -> None:
    kind("test.x")(lambda _: Job.objects.update(fence=7) and None)
    job = services.submit("test.x")
    execution.run_next("cpu", "w")
    job.refresh_from_db()
    assert (job.state, job.fence) == (State.RUNNING, 7)


def test_a_stopping_worker_gives_its_job_back(kind: Kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(context: JobContext) -> None:
        monkeypatch.setattr(process._Process, "stopping", True)
        context.check()

    kind("test.x")(work)
    job, attempt = run()
    assert (job.state, job.strikes, attempt.outcome) == (State.QUEUED, 0, "given_back")
    assert execution.run_next("cpu", "w") is None, "and begins no other"


def test_the_time_limit_interrupts(kind: Kinds) -> None:
    kind("test.x", time_limit=0.1)(lambda _: time.sleep(5))
    began = time.monotonic()
    job, attempt = run()
    assert time.monotonic() - began < 2
    assert (job.state, attempt.exception) == (State.FAILED, "jobs.exceptions.JobTimedOut")
    assert "longer than the 0.1 s that a test.x job may take" in job.error


def test_a_result_that_is_not_json_fails_the_job(kind: Kinds) -> None:
    kind("test.x")(lambda _: {1, 2})
    assert "result of a test.x job must be JSON" in run()[0].error


def test_a_finished_step_survives_a_failure_and_a_retry(kind: Kinds) -> None:
    done: list[str] = []

    def work(context: JobContext) -> None:
        context.step("costly", lambda: done.append("costly"))
        if len(done) == 1:
            done.append("broke")
            raise ValueError

    kind("test.x")(work)
    job, _ = run()
    services.retry(job)
    execution.run_next("cpu", "w")
    job.refresh_from_db()
    assert (job.state, done) == (State.SUCCEEDED, ["costly", "broke"])


@pytest.mark.parametrize("strange", ["a\x00b", "caf\udce9.jpg"])
def test_what_a_database_cannot_keep_costs_no_job_its_end(kind: Kinds, strange: str) -> None:
    def work(context: JobContext) -> None:
        logtail.attach()
        context.log.info("reading %s", strange)
        context.progress(1, 2, strange)
        context.beat()
        raise ValueError(strange)

    kind("test.x")(work)
    job, attempt = run()
    kept = strange.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    assert (job.state, job.message, job.error) == (State.FAILED, kept, f"ValueError: {kept}")
    assert f"reading {kept}" in attempt.log_tail


@pytest.mark.parametrize("strange", ["a\x00b", "caf\udce9.jpg"])
def test_a_result_that_no_database_keeps_fails_the_job(kind: Kinds, strange: str) -> None:
    kind("test.x")(lambda _: {"name": strange})
    job, _ = run()
    assert job.state == State.FAILED
    assert "result of a test.x job must be JSON: a text in it has" in job.error


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("query", "state"),
    [("SELECT pg_sleep(5)", State.FAILED), ("SELECT pg_terminate_backend(pg_backend_pid())", State.QUEUED)],
)
def test_the_end_is_written_though_the_connection_is_spoilt(kind: Kinds, query: str, state: str) -> None:
    """By an alarm in the middle of a query, or by a server that restarts."""

    def work(_: JobContext) -> None:
        with connection.cursor() as cursor:
            cursor.execute(query)

    kind("test.x", time_limit=0.5)(work)
    assert run()[0].state == state
