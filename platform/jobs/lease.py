"""Take a job and hold it: each write is one filtered update whose count says whether it is still ours.

The fence is raised by each claim. Whoever writes with an older fence changes no row, however late it wakes up.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jobs.exceptions import LeaseLost
from jobs.models import Attempt, Job, State


def ready_jobs(queue: str, now: datetime) -> QuerySet[Job]:
    """What a worker of that queue may take now, the most urgent first; the index job_ready serves it."""
    due = Q(run_after__isnull=True) | Q(run_after__lte=now)
    return Job.objects.filter(due, queue=queue, state=State.QUEUED, waiting_on=0).order_by("-priority", "pk")


def claim(queue: str, worker: str) -> Job | None:
    """Take the most urgent ready job of a queue for that worker, with a new attempt; None when there is none.

    On PostgreSQL rows that others are just taking are passed over; on SQLite the transaction holds the only write lock.
    """
    now = timezone.now()
    with transaction.atomic():
        job = ready_jobs(queue, now).select_for_update(skip_locked=True).first()
        if job is None:
            return None
        taken: dict[str, Any] = {
            "state": State.RUNNING,
            "fence": job.fence + 1,
            "worker": worker,
            "lease_until": lease_end(now),
            "heartbeat_at": now,
            "started_at": job.started_at or now,
        }
        if not Job.objects.filter(pk=job.pk, state=State.QUEUED, fence=job.fence).update(**taken):
            return None
        for name, value in taken.items():
            setattr(job, name, value)
        Attempt.objects.create(job_id=job.pk, number=job.fence, worker=worker)
    return job


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
