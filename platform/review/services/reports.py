"""Frozen reports: asked for in one click, written by a worker, kept as files named by their own hash."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from catalog.photos.storing import write
from jobs import services as jobs
from jobs.exceptions import JobError
from jobs.models import FINISHED_STATES, Job, State
from review.exceptions import CannotReport
from review.filters import Filters
from review.forms import FilterForm
from review.models import Comparison, Report
from review.services.asking import fitting
from vitrine.access import Role, roles_of

REPORT = "review.report"
FORMS = ("html", "pdf")
Progress = Callable[..., None]


@transaction.atomic
def ask(about: Filters | Comparison, *, by: Any = None) -> Report:
    """Have a report made of a comparison, or of the overview of what filters choose. Raises CannotReport and TooLong.

    A comparison that is not computed yet, or of which nothing can be said, has none.
    """
    if isinstance(about, Filters):
        made = Report.objects.create(title="Pass rates", query=fitting(about.query), asked_by=by)
    else:
        if about.result is None:
            why = about.problem or "It is not computed yet: wait until its figures are there."
            raise CannotReport(f"There is no report of comparison {about.pk}. {why}")
        title = f"{' and '.join(about.methods[1:])} against {about.methods[0]}"[:200]
        made = Report.objects.create(title=title, comparison=about, query=about.query, asked_by=by)
    jobs.submit(REPORT, {"report": made.pk}, key=made.job_key, subject=f"Report: {made.title}"[:200], asked_by=by)
    return made


def make(report: int, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Write a report's files and keep their hashes; one that is written stays as it is.

    Raises JobError where there is nothing to report, and where the report was deleted meanwhile.
    """
    from review.reporting import contents, page, paper  # noqa: PLC0415 - reach numpy and reportlab: workers only

    row = Report.objects.select_related("comparison").filter(pk=report).first()
    if row is None:
        raise JobError(f"Report {report} was deleted before it was made.")
    if row.made_at is not None:
        return {"bytes": row.size, "pages_bytes": row.pdf_size}
    try:
        if row.comparison is not None:
            document = contents.of_comparison(row.comparison, progress)
        else:
            document = contents.of_overview(FilterForm(QueryDict(row.query)).filters(), progress)
    except CannotReport as refusal:
        Report.objects.filter(pk=row.pk).update(problem=str(refusal))
        raise JobError(str(refusal)) from None
    progress(1, 2, "writing")
    html, pdf = page.written(document), paper.printed(document)
    hashes = {form: _kept(form, data) for form, data in zip(FORMS, (html, pdf), strict=True)}
    fields = {"sha256": hashes["html"], "size": len(html), "pdf_sha256": hashes["pdf"], "pdf_size": len(pdf)}
    told = {"title": document.title[:200], "made_at": timezone.now(), **fields}
    if not Report.objects.filter(pk=row.pk, made_at=None).update(**told):
        _drop(set(hashes.items()))
        raise JobError(f"Report {report} was deleted while it was made.")
    return {"bytes": len(html), "pdf_bytes": len(pdf)}


def unmade(rows: Sequence[Report]) -> set[int]:
    """Those of these that will not come: nothing to report, or their job has failed or was cancelled."""
    keys = {row.job_key: row.pk for row in rows if row.made_at is None}
    ended = Job.objects.filter(key__in=keys, state__in=(State.FAILED, State.CANCELLED)).values_list("key", flat=True)
    return {keys[key] for key in ended if key is not None} | {row.pk for row in rows if row.problem}


def may_delete(user: Any, report: Report) -> bool:
    """Whoever had it made, and operators."""
    return report.asked_by_id == user.pk or Role.OPERATOR in roles_of(user)


def delete(report: Report) -> None:
    """Take a report away, and its files with it; a job that still works on it is cancelled."""
    files = {("html", report.sha256), ("pdf", report.pdf_sha256)}
    waiting = Job.objects.filter(key=report.job_key).exclude(state__in=FINISHED_STATES)
    with transaction.atomic():
        jobs.cancel_many(waiting.values_list("pk", flat=True))
        report.delete()
        transaction.on_commit(lambda: _drop(files))


def key_of(form: str, sha256: str) -> str:
    """Where a file is kept."""
    return f"reports/{sha256[:2]}/{sha256}.{form}"


def _kept(form: str, data: bytes) -> str:
    """The file is safe before a row names it."""
    sha256 = hashlib.sha256(data).hexdigest()
    if not default_storage.exists(key_of(form, sha256)):
        write(key_of(form, sha256), data)
    return sha256


def _drop(files: set[tuple[str, str]]) -> None:
    for form, sha256 in files:
        column = "sha256" if form == "html" else "pdf_sha256"
        if sha256 and not Report.objects.filter(**{column: sha256}).exists():
            default_storage.delete(key_of(form, sha256))
