"""Hold a job that was claimed: each write is one filtered update whose count says whether it is still ours.

The fence is raised by each claim. Whoever writes with an older fence changes no row, however late it wakes up.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jobs.exceptions import LeaseLost
from jobs.models import Job, State

IDS_AT_ONCE = 5_000  # in one statement: SQLite takes no more than 32,766


def ready_jobs(queue: str, now: datetime) -> QuerySet[Job]:
    """What a worker of that queue may take now, the most urgent first; the index job_ready serves it."""
    due = Q(run_after__isnull=True) | Q(run_after__lte=now)
    ready = Job.objects.filter(due, queue=queue, state=State.QUEUED, waiting_on=0, paused=False)
    return ready.order_by("-priority", "asker", "pk")


def held(job: Job) -> QuerySet[Job]:
    """The job's row while this claim on it is good; empty once it is not."""
    return Job.objects.filter(pk=job.pk, fence=job.fence, state=State.RUNNING)


def renew(job: Job, **fields: Any) -> bool:
    """Hold the job for another lease and write these fields; returns whether its cancellation was asked for.

    Raises LeaseLost when another has it, or it was given up for dead.
    """
    now = timezone.now()
    changed = held(job).update(lease_until=lease_end(now), heartbeat_at=now, **fields)
    if not changed:
        raise lost(job)
    return Job.objects.filter(pk=job.pk).values_list("cancel_requested", flat=True).get()


def hold_for_step(job: Job) -> None:
    """Inside a transaction: renew and lock the row, so that what is written with it belongs to this claim alone.

    A step done wipes out the strikes. Raises LeaseLost.
    """
    now = timezone.now()
    if not held(job).update(lease_until=lease_end(now), heartbeat_at=now, strikes=0):
        raise lost(job)
    job.strikes = 0


def in_order(job_ids: Iterable[int]) -> list[Job]:
    """Inside a transaction: those of these jobs that exist, locked by rising id, without their params and results.

    Every transaction that locks several jobs does it in this order, so no two can wait for each other.
    """
    rows = Job.objects.select_for_update(of=("self",)).defer("params", "result").order_by("pk")
    return [job for ids in portions(job_ids) for job in rows.filter(pk__in=ids)]


def portions(job_ids: Iterable[int]) -> list[list[int]]:
    """The ids, sorted, in lists that one statement takes."""
    ids = sorted(job_ids)
    return [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]


def lost(job: Job) -> LeaseLost:
    return LeaseLost(f"Job #{job.pk} is no longer held by this worker (attempt {job.fence}).")


def lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def expired(now: datetime) -> QuerySet[Job]:
    """Running jobs whose worker gave no sign of life for a lease."""
    return Job.objects.filter(state=State.RUNNING, lease_until__lt=now).order_by("lease_until")


def abandoned_by(worker: str) -> QuerySet[Job]:
    """Running jobs of the worker of that name, which has just begun and so cannot be running any."""
    return Job.objects.filter(state=State.RUNNING, worker__startswith=f"{worker}:").order_by("pk")


def strike_up() -> Any:
    return F("strikes") + 1
