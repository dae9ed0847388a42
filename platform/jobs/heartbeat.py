"""One thread for each worker process keeps the running job's lease alive, and ends a job that will not stop.

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
from jobs.logtail import tail

TICK = 0.5  # seconds between two looks of the thread
LOOK_EVERY = 5.0  # seconds, at most, until a cancellation is seen
STOP_GRACE = 5.0  # seconds that a job may take to react when the worker stops; Docker kills after 10
LOCK_PATIENCE = 5  # seconds that the thread waits for a lock (SQLite: its busy timeout)
LIMIT_GRACE = 10.0  # seconds that a job may take to react to its time limit
logger = logging.getLogger(__name__)


@dataclass
class Watched:
    """The job that is running, and since when it has been told to stop (monotonic seconds)."""

    context: JobContext
    ends_at: float | None
    beat_at: float
    stop_seen_at: float | None = None


class Heart:
    """The thread, and the job it watches."""

    def __init__(self) -> None:
        self._watched: Watched | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, context: JobContext, time_limit: float | None) -> Iterator[None]:
        """Keep the lease of that job while inside; `time_limit` in seconds."""
        now = time.monotonic()
        self._watched = Watched(context, now + time_limit if time_limit else None, now + _period())
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
            watched.context.beat()

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
        logger.warning("Job #%s did not stop within %s s of the worker's end", watched.context.job_id, STOP_GRACE)
        self._end(watched, lambda: endings.give_back(watched.context.job, endings.Account(log_tail=tail.text())))

    def _fail(self, watched: Watched) -> None:
        error = f"The job did not react to its time limit within {LIMIT_GRACE:.0f} s, so its process was killed."
        logger.error("Job #%s: %s", watched.context.job_id, error)
        account = endings.Account("jobs.exceptions.JobTimedOut", "", tail.text())
        self._end(watched, lambda: endings.fail(watched.context.job, error, account))

    def _end(self, watched: Watched, record: Callable[[], bool]) -> None:
        _be_impatient()
        try:
            record()
        except DatabaseTrouble as trouble:
            # Kept alive it would hold its lease, or a lock on its own row, for ever: the reaper settles it instead.
            logger.warning("Job #%s: its end cannot be written: %s", watched.context.job_id, trouble)
        # The job may have ended in this very moment; then the process is innocent.
        if self._watched is watched:
            os.kill(os.getpid(), signal.SIGKILL)


def _period() -> float:
    return min(settings.LEASE_SECONDS / 3, LOOK_EVERY)


def _be_impatient() -> None:
    """The job's own thread may hang with its row locked, in the middle of a step: do not wait for that with it."""
    if connection.vendor == "postgresql" and connection.connection is None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_PATIENCE}s'")


heart = Heart()
