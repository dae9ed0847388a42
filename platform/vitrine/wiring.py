"""Joins rooms that may not import each other: imports, and what raters compute and send, run as jobs."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError
from django.utils import timezone

from catalog import panels
from catalog.importing import runner
from catalog.models import ImportRun
from catalog.photos.sweeping import sweep_photos, sweep_uploads
from catalog.signals import import_requested
from jobs import services
from jobs.context import JobContext
from jobs.exceptions import JobCancelled
from jobs.kinds import job_kind
from jobs.models import FINISHED_STATES, Job, State
from jobs.signals import job_finished
from raters import sending
from raters.models import Campaign, RatingsImport
from raters.services import campaigns, figures, webhooks
from raters.services import imports as rating_imports
from raters.signals import figures_wanted, ratings_import_wanted
from vitrine.demo import advancing

IMPORT = "catalog.import"
SWEEP = "catalog.sweep_media"
FIGURES = "raters.figures"
RATINGS_IMPORT = "raters.import"
WEBHOOKS = "raters.webhooks"


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
    """Remove photos that no product uses, uploads that nobody imports, old deliveries and sessions that are over."""
    SessionStore.clear_expired()
    return {
        "photos": sweep_photos(older_than=timedelta(days=1)),
        "uploads": sweep_uploads() + rating_imports.forget_old(),
        "deliveries": webhooks.forget_old(),
    }


@shared_task(name=SWEEP)
def submit_sweep() -> None:
    """Sent by the scheduler each night; sent twice, it is one job."""
    services.submit(SWEEP, key=f"sweep-{timezone.now():%Y-%m-%d}", subject="Nightly sweep of media")


@job_kind(FIGURES)
def compute_figures(context: JobContext, campaign: int) -> dict[str, Any]:
    """Compute agreement, raters' figures and other verdicts of a campaign; begun again, it begins anew."""
    from raters import figuring  # noqa: PLC0415 - reaches pandas: workers only

    kept = figuring.compute(Campaign.objects.get(pk=campaign), context.progress)
    return {"ratings": kept.ratings, "seconds": kept.seconds}


def submit_figures(campaign: int, by: Any = None, **_: Any) -> None:
    """Queue the figures that somebody asked for; `raters.services.figures` sees to it that they ask once."""
    services.submit(FIGURES, {"campaign": campaign}, subject=f"Figures of campaign {campaign}", asked_by=by)


def end_figures(job_id: int, kind: str, state: str, **_: Any) -> None:
    """Have a campaign say why it has no new figures."""
    if kind == FIGURES and state != State.SUCCEEDED:
        job = Job.objects.get(pk=job_id)
        figures.note_problem(job.params["campaign"], job.error[:500] or f"Its job #{job_id} was cancelled.")


@shared_task(name="raters.figures_nightly")
def submit_stale_figures() -> None:
    """Sent by the scheduler each night: campaigns with other ratings than their figures know get new ones."""
    figures.ask_for_stale()


@job_kind(RATINGS_IMPORT, retry_on=(IntegrityError,))  # others made sets of that name
def run_ratings_import(_context: JobContext, row: int) -> dict[str, int]:
    """Look a file of ratings through, or make it a campaign; begun again after a crash it does what is left."""
    done = rating_imports.run(RatingsImport.objects.get(pk=row))
    return {"rows": done.rows, "bad": done.bad, "ratings": done.ratings}


def submit_ratings_import(row: int, by: Any = None, **_: Any) -> None:
    """Queue what somebody asked of a file: to look it through, and then to take it, are a job each."""
    asked = RatingsImport.objects.get(pk=row)
    subject = f"Ratings of {asked.file_name}"[:200]
    services.submit(RATINGS_IMPORT, {"row": row}, key=_import_key(row, asked.state), subject=subject, asked_by=by)


def end_ratings_import(job_id: int, kind: str, state: str, **_: Any) -> None:
    """Have an import of ratings say why nothing came of it."""
    if kind == RATINGS_IMPORT and state != State.SUCCEEDED:
        _give_up_import(Job.objects.get(pk=job_id))


def settle_ratings_imports() -> None:
    """Take up imports that never got a job, and end those whose job's end nobody told: both by a process that died."""
    for row in rating_imports.under_way():
        job = Job.objects.filter(key=_import_key(row.pk, row.state)).first()
        if job is None:
            submit_ratings_import(row.pk, by=row.asked_by)
        elif job.state in FINISHED_STATES:
            _give_up_import(job)


def _import_key(row: int, step: str) -> str:
    return f"ratings-import-{row}-{step}"


def _give_up_import(job: Job) -> None:
    """Say why at the step that was the job's: by now a person may have said yes to the next one."""
    steps = [step for step in rating_imports.UNDER_WAY if job.key == _import_key(job.params["row"], step)]
    why = job.error[:500] or f"Its job #{job.pk} {'was cancelled' if job.state == State.CANCELLED else 'is over'}."
    rating_imports.give_up(job.params["row"], why, steps=steps)


@shared_task(name="raters.settle")
def settle_raters() -> None:
    """Sent by the scheduler every few minutes: what a process that died has left half done is ended or taken up."""
    campaigns.settle_closed()
    settle_ratings_imports()


@job_kind(WEBHOOKS)
def send_webhooks(_context: JobContext) -> dict[str, int]:
    """Tell webhooks what is due; what cannot be told now stays due."""
    return sending.send_due()


@shared_task(name="raters.webhooks_due")
def submit_webhooks() -> None:
    """Sent by the scheduler every few seconds; nothing is queued while nothing is due, or while a sender waits."""
    waiting = Job.objects.filter(kind=WEBHOOKS, state__in=(State.QUEUED, State.RUNNING))
    if sending.is_due() and not waiting.exists():
        services.submit(WEBHOOKS, subject="Telling webhooks")


def connect() -> None:
    """Connect the signals, and show what a room may not put on another's pages itself; once, when Django is ready."""
    panels.show("ranking:product-picks", "Picks")
    import_requested.connect(submit_import, dispatch_uid="vitrine.wiring.submit_import")
    job_finished.connect(end_import, dispatch_uid="vitrine.wiring.end_import")
    figures_wanted.connect(submit_figures, dispatch_uid="vitrine.wiring.submit_figures")
    job_finished.connect(end_figures, dispatch_uid="vitrine.wiring.end_figures")
    ratings_import_wanted.connect(submit_ratings_import, dispatch_uid="vitrine.wiring.submit_ratings_import")
    job_finished.connect(end_ratings_import, dispatch_uid="vitrine.wiring.end_ratings_import")
    if settings.DEMO:
        job_finished.connect(advancing.on_job_finished, dispatch_uid="vitrine.demo.on_job_finished")
