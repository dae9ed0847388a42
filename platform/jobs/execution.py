"""Run one job: claim it, call its function, record how it ended. This is the process edge where any error is caught."""

import logging
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from jobs import claiming, endings, logtail, plain, process
from jobs.context import JobContext
from jobs.endings import Account
from jobs.exceptions import JobCancelled, JobError, JobTimedOut, LeaseLost, WorkerStopping
from jobs.heartbeat import heart
from jobs.kinds import Kind, kind_named
from jobs.logtail import tail
from jobs.models import Job
from jobs.warmth import warmth

_LONGEST_TRACEBACK = 20_000
logger = logging.getLogger(__name__)


def run_next(queue: str, worker: str) -> Job | None:
    """Claim the next ready job of a queue and run it to its end; None when nothing is ready."""
    if process.stopping():
        return None
    wish = warmth.wish()
    job = claiming.claim(queue, worker, wish)
    if job is not None:
        warmth.took(job.affinity, wish)
        run(job)
    return job


def run(job: Job) -> None:
    """Run a job that was claimed, and record its end whatever that is.

    Raises only what the database raises when the end cannot be written: then the lease runs out, for the reaper to see.
    """
    logtail.name_job(job.pk)
    tail.begin()
    context = JobContext(job, log_news=tail.news, stopping=process.stopping)
    try:
        with process.Busy():
            _run_and_record(context)
    finally:
        tail.end()
        logtail.name_job(None)


def _run_and_record(context: JobContext) -> None:
    job = context.job
    try:
        kind = kind_named(job.kind)
        with heart.watch(context, kind.time_limit), _alarm(kind):
            result = _as_json(kind, kind.run(context, job.params))
    except JobCancelled:
        endings.cancelled(job, _account(context))
    except LeaseLost as error:
        logger.warning("%s Nothing more is written by it.", error)
    except WorkerStopping:
        endings.give_back(job, _account(context))
    # The one place that catches everything: what a job's function raises belongs to its row.
    except Exception as error:  # noqa: BLE001
        _record_error(context, error)
    else:
        endings.succeed(job, result, _account(context))


def _record_error(context: JobContext, error: Exception) -> None:
    process.drop_connections()
    job, text = context.job, plain.text(_sentence(error))
    logger.warning("Job #%s (%s): %s", job.pk, job.kind, text)
    account = _account(context, error)
    if _is_out_of_memory(error):
        endings.halve(job, text, account, smallest=context.last_batch is None or context.last_batch <= 1)
        return
    try:
        kind = kind_named(job.kind)
    except JobError:
        endings.fail(job, text, account)
        return
    if isinstance(error, kind.retry_on):
        endings.try_later(job, text, account, kind.max_strikes)
    else:
        endings.fail(job, text, account)


def _account(context: JobContext, error: Exception | None = None) -> Account:
    if error is None:
        return Account(log_tail=tail.text(), progress=context.last_progress(), seconds=context.seconds())
    path = f"{type(error).__module__}.{type(error).__qualname__}"[:200]
    trace = plain.text("".join(traceback.format_exception(error)))[-_LONGEST_TRACEBACK:]
    return Account(path, trace, tail.text(), context.last_progress(), context.seconds())


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, JobError) else f"{type(error).__name__}: {error}"


def _is_out_of_memory(error: Exception) -> bool:
    # Torch's error by its name: this room never imports torch.
    return any(cls is MemoryError or cls.__name__ == "OutOfMemoryError" for cls in type(error).__mro__)


def _as_json(kind: Kind, result: Any) -> Any:
    try:
        return plain.as_json(result)
    except (TypeError, ValueError) as error:
        raise ValueError(f"The result of a {kind.name} job must be JSON: {error}.") from None


@contextmanager
def _alarm(kind: Kind) -> Iterator[None]:
    """Raise JobTimedOut in the job's thread when its time is over; signals reach the main thread only."""
    if not kind.time_limit or threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        raise JobTimedOut(f"The job ran longer than the {kind.time_limit:g} s that a {kind.name} job may take.")

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, kind.time_limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
