"""One thread for each worker process keeps the running jobs' leases alive, and ends jobs that will not stop.

It renews the lease, looks for a cancellation, and writes new log lines and progress. A job that does not react to its
time limit, or to the worker's shutdown, is recorded as such; then the process kills itself, and Celery starts another.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection

from jobs import endings, process
from jobs.context import JobContext
from jobs.kinds import strikes_allowed
from jobs.logtail import tail

TICK = 0.5  # seconds between two looks of the thread
LOOK_EVERY = 5.0  # seconds, at most, until a cancellation is seen
STOP_GRACE = 5.0  # seconds that a job may take to react when the worker stops; Docker kills after 10
LOCK_PATIENCE = 5  # seconds that the thread waits for a lock (SQLite: its busy timeout)
LIMIT_GRACE = 10.0  # seconds that a job may take to react to its time limit
logger = logging.getLogger(__name__)


@dataclass
class Watched:
    """The jobs that are running, one or a group, and since when they have been told to stop (monotonic seconds)."""

    contexts: list[JobContext]
    ends_at: float | None
    beat_at: float
    stop_seen_at: float | None = None


class Heart:
    """The thread, and the jobs it watches."""

    def __init__(self) -> None:
        self._watched: Watched | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, contexts: list[JobContext], time_limit: float | None) -> Iterator[None]:
        """Keep the leases of these jobs while inside; `time_limit` in seconds."""
        now = time.monotonic()
        self._watched = Watched(contexts, now + time_limit if time_limit else None, now + _period())
        self._ensure_running()
        try:
            yield
        finally:
            self._watched = None

    def look(self) -> None:
        """One look: beat if it is time, end what does not stop."""
        watched, now = self._watched, time.monotonic()
        if watched is None:
            connection.close()
            return
        if process.stopping():
            watched.stop_seen_at = watched.stop_seen_at or now
        if watched.stop_seen_at is not None and now - watched.stop_seen_at > STOP_GRACE:
            self._give_back(watched)
        elif watched.ends_at is not None and now - watched.ends_at > LIMIT_GRACE:
            self._fail(watched)
        elif now >= watched.beat_at:
            watched.beat_at = now + _period()
            _be_impatient()
            _beat_all(watched.contexts)

    def _ensure_running(self) -> None:
        # A forked process inherits the object, but no thread.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(TICK)
            try:
                self.look()
            except DatabaseTrouble as error:
                logger.warning("The heartbeat cannot write, and tries again: %s", error)
                connection.close()

    def _give_back(self, watched: Watched) -> None:
        self._end(watched, f"It did not stop within {STOP_GRACE:.0f} s of the worker's end.", _give_back)

    def _fail(self, watched: Watched) -> None:
        error = f"The job did not react to its time limit within {LIMIT_GRACE:.0f} s, so its process was killed."
        self._end(watched, error, _fail_alone if len(watched.contexts) == 1 else _fail_in_a_group)

    def _end(self, watched: Watched, error: str, record: Callable[[JobContext, str], bool]) -> None:
        _be_impatient()
        for context in watched.contexts:
            logger.error("Job #%s: %s", context.job_id, error)
            try:
                record(context, error)
            except DatabaseTrouble as trouble:
                # Kept alive it would hold its lease, or a lock on its own row, for ever: the reaper settles it instead.
                logger.warning("Job #%s: its end cannot be written: %s", context.job_id, trouble)
        # The job may have ended in this very moment; then the process is innocent.
        if self._watched is watched:
            os.kill(os.getpid(), signal.SIGKILL)


def _beat_all(contexts: list[JobContext]) -> None:
    """One that cannot be written does not cost the others their leases. Raises the last error after that."""
    trouble: DatabaseTrouble | None = None
    for context in contexts:
        try:
            context.beat()
        except DatabaseTrouble as error:
            trouble = error
    if trouble is not None:
        raise trouble


def _give_back(context: JobContext, _error: str) -> bool:
    return endings.give_back(context.job, endings.Account(log_tail=tail.text(), seconds=context.seconds()))


def _fail_alone(context: JobContext, error: str) -> bool:
    return endings.fail(context.job, error, _timed_out(context))


def _fail_in_a_group(context: JobContext, error: str) -> bool:
    return endings.run_alone(context.job, error, _timed_out(context), strikes_allowed(context.job.kind))


def _timed_out(context: JobContext) -> endings.Account:
    return endings.Account("jobs.exceptions.JobTimedOut", "", tail.text(), seconds=context.seconds())


def _period() -> float:
    return min(settings.LEASE_SECONDS / 3, LOOK_EVERY)


def _be_impatient() -> None:
    """The job's own thread may hang with its row locked, in the middle of a step: do not wait for that with it."""
    if connection.vendor == "postgresql" and connection.connection is None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_PATIENCE}s'")


heart = Heart()
