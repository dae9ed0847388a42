"""The job kinds of review, and what the scheduler sends: each a few lines that call what can be tested without it."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from jobs import services
from jobs.context import JobContext
from jobs.kinds import job_kind
from jobs.models import Job, State
from review.counting import folding, rebuilding, waiting
from review.services import comparisons, reports, studies

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
    """Sent by the scheduler; nothing is queued while nothing waits, or while a count waits itself.

    A first count of everything that broke off is begun again: until it is through, pages are slow.
    """
    pending = set(Job.objects.filter(state__in=(State.QUEUED, State.RUNNING)).values_list("kind", flat=True).distinct())
    if waiting.how_many(1) and COUNT not in pending:
        services.submit(COUNT, subject="Counting verdicts")
    if REBUILD not in pending and rebuilding.has_broken_off():
        services.submit(REBUILD, subject="Counting all verdicts")


@job_kind(REBUILD)
def rebuild_figures(context: JobContext) -> dict[str, Any]:
    """Count all verdicts anew: products that got another type since, and whatever else is not as it should be."""
    try:
        return {"mended": rebuilding.rebuild(context.progress)}
    except rebuilding.CountingElsewhere as why:
        return {"mended": 0, "left": str(why)}


@shared_task(name="review.rebuild_nightly")
def submit_rebuild() -> None:
    """Sent by the scheduler each night; sent twice, it is one job."""
    services.submit(REBUILD, key=f"review-{timezone.now():%Y-%m-%d}", subject="Nightly count of all verdicts")


@job_kind(comparisons.COMPARE)
def compare(context: JobContext, comparison: int) -> dict[str, Any]:
    """Compare methods and keep what comes out; begun again, it begins anew."""
    return comparisons.run(comparison, context.progress)


@job_kind(reports.REPORT)
def make_report(context: JobContext, report: int) -> dict[str, Any]:
    """Write a frozen report's files; begun again, it begins anew, and one that is written stays."""
    return reports.make(report, context.progress)


@job_kind(studies.STUDY)
def make_study(context: JobContext, study: int) -> dict[str, Any]:
    """Make the figures that a page waits for; begun again, it begins anew."""
    return studies.run(study, context.progress)
