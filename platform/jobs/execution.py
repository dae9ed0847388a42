"""Run one job, or a group: claim, call the function, record each end. The process edge where any error is caught."""

import logging
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from jobs import claiming, endings, logtail, plain, process
from jobs.context import JobContext
from jobs.endings import Account
from jobs.exceptions import JobCancelled, JobError, JobInterrupted, JobTimedOut, LeaseLost, WorkerStopping
from jobs.heartbeat import heart
from jobs.kinds import Kind, kind_named, memory_advice
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
    """Run a job that was claimed, with others beside it where its kind takes several, and record how each ends.

    Raises only what the database raises when an end cannot be written: then the lease runs out, for the reaper to see.
    """
    tail.begin()
    try:
        with process.Busy():
            _run_and_record([_context(job)])
    finally:
        tail.end()
        logtail.name_jobs()


def _run_and_record(contexts: list[JobContext]) -> None:
    """`contexts` holds the claimed job's; those of its group are added."""
    job = contexts[0].job
    logtail.name_jobs(job.pk)
    try:
        kind = kind_named(job.kind)
        contexts += [_context(other) for other in claiming.claim_beside(job, job.worker, kind.group_size())]
        logtail.name_jobs(*(context.job_id for context in contexts))
        with heart.watch(contexts, kind.time_limit), _alarm(kind):
            results = kind.run_all(contexts, [context.job.params for context in contexts])
    except (JobCancelled, LeaseLost, WorkerStopping) as error:
        for context in contexts:
            _record_stop(context, error if len(contexts) == 1 else context.stop)
    # The one place that catches everything: what a job's function raises belongs to its row.
    except Exception as error:  # noqa: BLE001
        _record_error(contexts, error)
    else:
        for context, result in zip(contexts, results, strict=True):
            endings.succeed(context.job, result, _account(context))


def _context(job: Job) -> JobContext:
    return JobContext(job, log_news=tail.reader(), stopping=process.stopping)


def _record_stop(context: JobContext, why: JobInterrupted | None) -> None:
    """End a job that was stopped; in a group the one that was not, and only stood beside it, is given back."""
    if isinstance(why, LeaseLost):
        logger.warning("%s Nothing more is written by it.", why)
    elif isinstance(why, JobCancelled):
        endings.stopped(context.job, _account(context))
    else:
        endings.give_back(context.job, _account(context))


def _record_error(contexts: list[JobContext], error: Exception) -> None:
    process.drop_connections()
    text = plain.text(_sentence(error))
    for context in contexts:
        logger.warning("Job #%s (%s): %s", context.job_id, context.job.kind, text)
        _end_by_error(context, error, text, grouped=len(contexts) > 1)


def _end_by_error(context: JobContext, error: Exception, text: str, *, grouped: bool) -> None:
    job, account = context.job, _account(context, error)
    if _is_out_of_memory(error):
        smallest = not grouped and (context.largest_batch is None or context.largest_batch <= 1)
        endings.halve(job, text, account, smallest=smallest, advice=memory_advice(job.kind))
        return
    try:
        kind = kind_named(job.kind)
    except JobError:
        endings.fail(job, text, account)
        return
    if isinstance(error, kind.retry_on):
        endings.try_later(job, text, account, kind.max_strikes)
    elif grouped:
        endings.run_alone(job, text, account, kind.max_strikes)
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
