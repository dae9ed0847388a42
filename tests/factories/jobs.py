"""Jobs for tests, in any state that the database allows."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from jobs.models import FINISHED_STATES, Attempt, Job, State


def make_job(kind: str = "jobs.rehearse", **fields: Any) -> Job:
    """A queued job of a harmless kind, unless the fields say otherwise; its times fit its state."""
    now = timezone.now()
    state = fields.get("state", State.QUEUED)
    if state == State.RUNNING:
        fields = {"fence": 1, "worker": "cpu@test:1", "lease_until": now + timedelta(minutes=1)} | fields
        fields = {"started_at": now, "heartbeat_at": now} | fields
    if state in FINISHED_STATES:
        fields = {"started_at": now, "finished_at": now} | fields
    job = Job.objects.create(kind=kind, **fields)
    if state == State.RUNNING:
        Attempt.objects.create(job=job, number=job.fence, worker=job.worker)
    return job


def make_dead_job(**fields: Any) -> Job:
    """A job that runs on a worker which gave no sign of life for longer than a lease."""
    return make_job(state=State.RUNNING, **{"lease_until": timezone.now() - timedelta(seconds=1)} | fields)
