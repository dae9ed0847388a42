"""Asks for figures that take a worker, such as metrics against people and plans, and finds what came out."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs import services as jobs
from jobs.exceptions import JobError
from jobs.models import Job, State
from review.counting.facts import digest_of
from review.models import Study
from review.plain import plain
from review.services.asking import fitting

STUDY = "review.study"
_SUBJECTS = {Study.Kind.METRICS: "Metrics against people", Study.Kind.PLAN: "Plan of a study"}
Progress = Callable[[int, int | None, str], None]


def newest(kind: Study.Kind, query: str) -> Study | None:
    """The last one asked for with this query."""
    rows = Study.objects.filter(kind=kind, digest=digest_of(query), query=query)
    return rows.select_related("asked_by").order_by("-id").first()


@transaction.atomic
def ask(kind: Study.Kind, query: str, *, by: Any = None) -> Study:
    """Have it made; the one that is being made for the same query, where there is one. Raises TooLong."""
    there = newest(kind, query)
    if there is not None and there.computed_at is None and _under_way(there):
        return there
    made = Study.objects.create(kind=kind, query=fitting(query), digest=digest_of(query), asked_by=by)
    jobs.submit(STUDY, {"study": made.pk}, key=made.job_key, subject=_SUBJECTS[kind], asked_by=by)
    return made


def run(study: int, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Make the figures and keep them. Raises JobError with the sentence where there is nothing to say."""
    from review import against_people, plans  # noqa: PLC0415 - they reach numpy and scipy: workers only
    from review.statistics.exceptions import CannotPlan  # noqa: PLC0415 - as above

    row = Study.objects.get(pk=study)
    make = against_people.compute if row.kind == Study.Kind.METRICS else plans.compute
    try:
        result = make(row.query, progress)
    except (CannotPlan, against_people.NothingJudged) as problem:
        Study.objects.filter(pk=row.pk).update(problem=str(problem)[:500], computed_at=timezone.now())
        raise JobError(str(problem)) from None
    Study.objects.filter(pk=row.pk).update(result=plain(result), problem="", computed_at=timezone.now())
    return {"study": row.pk}


def _under_way(study: Study) -> bool:
    return Job.objects.filter(key=study.job_key, state__in=(State.QUEUED, State.RUNNING)).exists()
