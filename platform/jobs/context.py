"""What a running job holds in its hand: progress, steps that are never done twice, cancellation, the batch size."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import transaction

from jobs import lease, plain
from jobs.exceptions import JobCancelled, JobInterrupted, WorkerStopping
from jobs.models import Attempt, Job, Step

# Seconds between two writes of progress, which also look whether the job was cancelled.
WRITE_EVERY = 1.0
_MESSAGE_LENGTH = 300


class JobContext:
    """One attempt at one job. Methods raise JobCancelled, LeaseLost or WorkerStopping when the job has to stop.

    `log_news` gives log lines that are not written yet, `stopping` whether the worker is to stop.
    """

    def __init__(
        self,
        job: Job,
        *,
        log_news: Callable[[], str | None] = lambda: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.job = job
        self.job_id: int = job.pk
        self.log = logging.getLogger(f"jobs.{job.kind}")
        self.largest_batch: int | None = None
        self._log_news = log_news
        self._stopping = stopping
        self._steps: dict[str, Any] | None = None
        self._progress: dict[str, Any] = {}
        self._unwritten = False
        self._began = self._written_at = time.monotonic()
        self._stop: JobInterrupted | None = None
        # The heartbeat's thread reads what the job's sets. Never held while the database is asked: the job's thread may
        # have its row locked, in a transaction of its own.
        self._guard = threading.Lock()

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job is; written at most once a second, and in any case with the end of the attempt."""
        fields = {"progress_done": done, "progress_total": total, "message": plain.text(message)[:_MESSAGE_LENGTH]}
        with self._guard:
            self._progress, self._unwritten = fields, True
        self.check()

    def check(self) -> None:
        """Raise if the job has to stop; looks into the database at most once a second."""
        if self._stop is None and time.monotonic() - self._written_at >= WRITE_EVERY:
            self.beat()
        if self._stop is not None:
            raise self._stop
        if self._stopping():
            raise WorkerStopping(f"The worker is stopping; job #{self.job_id} goes back to the queue.")

    def step(self, name: str, work: Callable[[], Any], save: Callable[[Any], None] | None = None) -> Any:
        """Do `work()` once for this job, whatever happens, and return its result, which must be JSON.

        In one transaction the lease is checked, `save(result)` writes the outcome, and the step is noted as done. A
        later attempt gets the noted result without working again. So after a crash at most this step's work is
        repeated, and its rows are never missing or doubled. Raises ValueError for a result that is not JSON.
        """
        done = self._known_steps()
        if name in done:
            return done[name]
        self.check()
        result = self._as_json(name, work())
        with transaction.atomic():
            self._hold()
            if save is not None:
                save(result)
            Step.objects.create(job_id=self.job_id, name=name, result=result, fence=self.job.fence)
        done[name] = result
        return result

    def write_held(self, write: Callable[[], None]) -> None:
        """Do a short `write()` outside the database while nobody else can take the job. Raises LeaseLost instead."""
        with transaction.atomic():
            try:
                lease.renew(self.job)
            except JobInterrupted as error:
                self._stop = error
                raise
            write()

    def batch_size(self, largest: int) -> int:
        """`largest`, halved for each time that the job ran out of memory; at least 1."""
        size = max(1, largest >> self.job.halvings)
        self.largest_batch = max(self.largest_batch or 1, size)
        return size

    def beat(self) -> None:
        """Renew the lease and write what is unwritten; called by the job's own calls and by the heartbeat's thread.

        A cancellation or a lost lease is remembered, and raised by the job's next call.
        """
        if self._stop is not None:
            return
        with self._guard:
            fields = self._progress if self._unwritten else {}
            self._unwritten = False
        self._written_at = time.monotonic()
        try:
            if self._renew(fields):
                self._stop = JobCancelled(f"Job #{self.job_id} was cancelled.")
        except JobInterrupted as error:
            self._stop = error

    def last_progress(self) -> dict[str, Any]:
        """The job's fields as the last call of `progress` wants them; empty when there was none."""
        with self._guard:
            return dict(self._progress)

    @property
    def stop(self) -> JobInterrupted | None:
        """Why this job has to stop: it was cancelled, or its lease is lost; None as long as neither is known."""
        return self._stop

    def seconds(self) -> float:
        """How long this attempt has lasted, by the wall."""
        return time.monotonic() - self._began

    def _hold(self) -> None:
        try:
            lease.hold_for_step(self.job)
        except JobInterrupted as error:
            self._stop = error
            raise

    def _renew(self, fields: dict[str, Any]) -> bool:
        news = self._log_news()
        if news is None:
            return lease.renew(self.job, **fields)
        with transaction.atomic():
            cancel = lease.renew(self.job, **fields)
            Attempt.objects.filter(job_id=self.job_id, number=self.job.fence).update(log_tail=news)
        return cancel

    def _known_steps(self) -> dict[str, Any]:
        if self._steps is None:
            self._steps = dict(Step.objects.filter(job_id=self.job_id).values_list("name", "result"))
        return self._steps

    def _as_json(self, name: str, result: Any) -> Any:
        # There and back, so that the first attempt sees what a later one would.
        try:
            return plain.as_json(result)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The result of the step {name!r} is not JSON: {error}.") from None
