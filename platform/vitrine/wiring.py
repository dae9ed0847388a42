"""Joins rooms that may not import each other: catalog's imports run as jobs, and neither app knows the other."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from catalog.importing import runner
from catalog.models import ImportRun
from catalog.photos.sweeping import sweep_photos, sweep_uploads
from catalog.signals import import_requested
from jobs import services
from jobs.context import JobContext
from jobs.exceptions import JobCancelled
from jobs.kinds import job_kind
from jobs.models import Job, State
from jobs.signals import job_finished

IMPORT = "catalog.import"
SWEEP = "catalog.sweep_media"


@job_kind(IMPORT)
def run_import(context: JobContext, run: int) -> dict[str, Any]:
    """Run one import by its id; begun again after a crash it does what is left. Returns its counts."""
    asked = ImportRun.objects.get(pk=run)
    try:
        done = runner.run(asked, progress=context.progress)
    except JobCancelled:
        runner.stop(asked, "The import was cancelled. What it had taken by then stays; retry its job to take the rest.")
        raise
    return {"rows": done.rows_read, "photos": done.photos_added, "refused": done.refused}


def submit_import(run: ImportRun, **_: Any) -> None:
    """Queue an import that somebody asked for; asked twice, it is one job."""
    services.submit(
        IMPORT, {"run": run.pk}, key=run.job_key, subject=f"Import of {run.origin}"[:200], asked_by=run.asked_by
    )


def end_import(job_id: int, kind: str, state: str, **_: Any) -> None:
    """Have an import say that its job is over where it could not do so itself: in the queue, or after a crash."""
    if kind != IMPORT or state == State.SUCCEEDED:
        return
    job = Job.objects.get(pk=job_id)
    why = f"broke off: {job.error[:300].rstrip('.') or 'its job failed'}" if state == State.FAILED else "was cancelled"
    for run in ImportRun.objects.filter(pk=job.params["run"], finished_at=None):
        rest = (
            "What it had taken by then stays; retry its job to take the rest."
            if run.rows_read
            else "Nothing was taken."
        )
        runner.stop(run, f"The import {why}. {rest}")


@job_kind(SWEEP)
def sweep_media(_context: JobContext) -> dict[str, int]:
    """Remove photos that no product uses any more, uploads that nobody imports, and sessions that are over."""
    SessionStore.clear_expired()
    return {"photos": sweep_photos(older_than=timedelta(days=1)), "uploads": sweep_uploads()}


@shared_task(name=SWEEP)
def submit_sweep() -> None:
    """Sent by the scheduler each night; sent twice, it is one job."""
    services.submit(SWEEP, key=f"sweep-{timezone.now():%Y-%m-%d}", subject="Nightly sweep of media")


def connect() -> None:
    """Connect the signals; called once, when Django is ready."""
    import_requested.connect(submit_import, dispatch_uid="vitrine.wiring.submit_import")
    job_finished.connect(end_import, dispatch_uid="vitrine.wiring.end_import")
