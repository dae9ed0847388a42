"""Reads of jobs for pages, API and terminal; each a bounded number of queries, whatever the tables hold."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from jobs import lease
from jobs.models import FINISHED_STATES, Attempt, Job, Queue, State, Step

UNFINISHED_STATES = (State.QUEUED, State.RUNNING)
# Counting further says nothing more, and takes time on each refresh of a page.
MOST_COUNTED = 10_000
IDLE_WARNING = timedelta(minutes=2)
_RECENT_ATTEMPTS = 500
_MOST_NEIGHBOURS = 50


@dataclass(frozen=True)
class Filters:
    """What a list of jobs may be narrowed to; an empty value narrows nothing."""

    state: str = ""
    kind: str = ""
    queue: str = ""
    text: str = ""  # part of the subject


def jobs_matching(filters: Filters) -> QuerySet[Job]:
    """The jobs that fit, in no order, with who asked."""
    jobs = Job.objects.select_related("asked_by").defer("params", "result")
    exact = {"state": filters.state, "kind": filters.kind, "queue": filters.queue}
    jobs = jobs.filter(**{name: value for name, value in exact.items() if value})
    return jobs.filter(subject__icontains=filters.text) if filters.text else jobs


def job_by_key(key: str) -> Job | None:
    """The job submitted with that key, if there is one."""
    return Job.objects.select_related("asked_by").filter(key=key).first()


@dataclass(frozen=True)
class Neighbours:
    """The jobs that one needs, and those that need it; at most 50 each."""

    needs: list[Job]
    needed_by: list[Job]


def neighbours(job: Job) -> Neighbours:
    rows = Job.objects.defer("params", "result").order_by("pk")
    return Neighbours(
        list(rows.filter(needed_by_links__job=job)[:_MOST_NEIGHBOURS]),
        list(rows.filter(needs_links__needs=job)[:_MOST_NEIGHBOURS]),
    )


def attempts_of(job: Job, most: int = 20) -> list[Attempt]:
    """The newest attempts first."""
    return list(Attempt.objects.filter(job=job).order_by("-number")[:most])


def steps_done(job: Job) -> int:
    return Step.objects.filter(job=job).count()


@dataclass(frozen=True)
class Pace:
    """How far a running job is: percent done, units per second, seconds left; None where that is unknown."""

    percent: int | None
    per_second: float | None
    seconds_left: float | None


def pace(job: Job, now: datetime | None = None) -> Pace:
    """The pace since the job first started; a job that is not running has only its percentage."""
    total, done = job.progress_total, job.progress_done
    percent = min(100, 100 * done // total) if total else None
    if job.state != State.RUNNING or not done or job.started_at is None:
        return Pace(percent, None, None)
    elapsed = ((now or timezone.now()) - job.started_at).total_seconds()
    if elapsed <= 0:
        return Pace(percent, None, None)
    speed = done / elapsed
    return Pace(percent, speed, max(0, total - done) / speed if total else None)


def running_time(job: Job, now: datetime | None = None) -> timedelta | None:
    """From the first start to the end, or until now."""
    if job.started_at is None:
        return None
    return (job.finished_at or now or timezone.now()) - job.started_at


@dataclass(frozen=True)
class QueueHealth:
    """One queue: jobs ready and running (counted up to 10,000), and whether nobody seems to take any."""

    queue: str
    ready: int
    running: int
    neglected: bool

    @property
    def warning(self) -> str:
        """A sentence for operators; empty when all is well."""
        if not self.neglected:
            return ""
        jobs = "1 job waits" if self.ready == 1 else f"{self.ready} jobs wait"
        minutes = int(IDLE_WARNING.total_seconds() // 60)
        return (
            f"{jobs} on {self.queue} and no worker has taken one for {minutes} minutes: "
            f"start one with manage.py worker --queue {self.queue}."
        )


def queue_health() -> list[QueueHealth]:
    """The state of each queue."""
    return [_health(queue) for queue in Queue.values]


def _health(queue: str) -> QueueHealth:
    now = timezone.now()
    ready = lease.ready_jobs(queue, now).order_by()[:MOST_COUNTED].count()
    running = Job.objects.filter(state=State.RUNNING, queue=queue)[:MOST_COUNTED].count()
    return QueueHealth(queue, ready, running, bool(ready) and not running and _neglected(queue, now))


def _neglected(queue: str, now: datetime) -> bool:
    since = now - IDLE_WARNING
    waiting = Q(dispatched_at__lt=since) | Q(dispatched_at__isnull=True, created_at__lt=since)
    if not lease.ready_jobs(queue, now).filter(waiting).order_by().exists():
        return False
    newest: int = Attempt.objects.aggregate(newest=Max("pk"))["newest"] or 0
    recent = Attempt.objects.filter(pk__gt=newest - _RECENT_ATTEMPTS, started_at__gte=since)
    return not recent.filter(job__queue=queue).exists()


def is_finished(job: Job) -> bool:
    return job.state in FINISHED_STATES


def as_facts(job: Job) -> dict[str, Any]:
    """A job as plain values, for the API and the terminal."""
    names = ("kind", "key", "subject", "queue", "priority", "state", "waiting_on", "paused", "cancel_requested",
             "progress_done", "progress_total", "message", "error", "created_at",
             "started_at", "finished_at", "run_after")  # fmt: skip
    return {"id": job.pk} | {name: getattr(job, name) for name in names}


def unfinished_count() -> int:
    """How many jobs are not finished, counted up to 10,000."""
    return Job.objects.filter(state__in=UNFINISHED_STATES).order_by()[:MOST_COUNTED].count()


def attempt_count(job: Job) -> int:
    """Each claim raises the fence by one."""
    return int(job.fence)


def needs_unmet(job: Job) -> QuerySet[Job]:
    """The jobs that this one still waits for."""
    return Job.objects.filter(needed_by_links__job=job).exclude(state=State.SUCCEEDED).order_by(F("pk"))
