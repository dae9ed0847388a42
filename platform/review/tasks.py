"""The job kinds of review, and what the scheduler sends: each a few lines that call what can be tested without it."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from jobs import services
from jobs.context import JobContext
from jobs.kinds import job_kind
from jobs.models import Job, State
from review.counting import folding, waiting
from review.services import comparisons

COUNT = "review.count"
REBUILD = "review.rebuild"


@job_kind(COUNT)
def count_verdicts(context: JobContext) -> dict[str, int]:
    """Count changed verdicts into review's figures, until none waits."""
    counted = 0
    while taken := folding.count_waiting():
        counted += taken
        context.progress(counted, None, f"{counted:,} counted")
    return {"verdicts": counted}


@shared_task(name="review.count_waiting")
def submit_count() -> None:
    """Sent by the scheduler; nothing is queued while nothing waits, or while a count waits itself."""
    pending = Job.objects.filter(kind=COUNT, state__in=(State.QUEUED, State.RUNNING))
    if waiting.how_many(1) and not pending.exists():
        services.submit(COUNT, subject="Counting verdicts")


@job_kind(REBUILD)
def rebuild_figures(_context: JobContext) -> dict[str, int]:
    """Count all verdicts anew: products that got another type since, and whatever else is not as it should be."""
    return {"mended": folding.rebuild()}


@shared_task(name="review.rebuild_nightly")
def submit_rebuild() -> None:
    """Sent by the scheduler each night; sent twice, it is one job."""
    services.submit(REBUILD, key=f"review-{timezone.now():%Y-%m-%d}", subject="Nightly count of all verdicts")


@job_kind(comparisons.COMPARE)
def compare(context: JobContext, comparison: int) -> dict[str, Any]:
    """Compare methods and keep what comes out; begun again, it begins anew."""
    return comparisons.run(comparison, context.progress)
