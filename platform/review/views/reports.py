"""Frozen reports: the list, one of them with its files, making one, and taking one away."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from review.exceptions import CannotReport, TooLong
from review.filters import Filters
from review.forms import FilterForm
from review.models import Comparison, Report
from review.services import reports
from review.views.overview import LOOK
from vitrine.access import allow

NEWEST = 100
_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
# The file holds all that it needs, and may do nothing: neither run a script nor ask for anything.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


@allow(*LOOK)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The newest reports."""
    form = FilterForm(request.GET)
    rows = list(Report.objects.select_related("asked_by")[:NEWEST])
    context = {
        "reports": rows,
        "unmade": reports.unmade(rows),
        "filters": form.filters() if form.is_valid() else Filters(),
    }
    return render(request, "review/reports.html", context)


@allow(*LOOK)
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Have one made: of a comparison by its number, or of the overview that the form stood on."""
    about: Filters | Comparison
    if number := request.POST.get("comparison", ""):
        found = Comparison.objects.defer("moved").filter(pk=number).first() if number.isdecimal() else None
        if found is None:
            raise Http404(f"There is no comparison {number[:20]}.")
        about = found
    else:
        form = FilterForm(request.POST)
        if not form.is_valid():
            messages.error(request, f"No report was made. {form.first_error()}")
            return redirect("review:reports")
        about = form.filters()
    try:
        return redirect("review:report", reports.ask(about, by=request.user).pk)
    except (CannotReport, TooLong) as refusal:
        messages.error(request, str(refusal))
        return redirect("review:reports")


@allow(*LOOK)
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One report: when it was made, its files and their hashes, and how far it is."""
    found = _found(pk)
    context = {"report": found, "may_delete": reports.may_delete(request.user, found), "filters": Filters()}
    return render(request, "review/report.html", context)


@allow(*LOOK)
@require_safe
def report_file(request: HttpRequest, pk: int, ending: str) -> HttpResponseBase:
    """The frozen file itself, to be read here, or kept with `?download`."""
    return file_of(pk, ending, download="download" in request.GET)


def file_of(pk: int, ending: str, *, download: bool) -> HttpResponseBase:
    """The file, under a policy of its own. Raises Http404 for a report, an ending or a file that there is not."""
    found = _found(pk)
    sha256 = {"html": found.sha256, "pdf": found.pdf_sha256}.get(ending, "")
    if not sha256:
        raise Http404(f"Report {pk} has no {ending[:10]} file{'' if found.made_at else ' yet'}.")
    try:
        opened = default_storage.open(reports.key_of(ending, sha256))
    except FileNotFoundError:
        raise Http404(f"The file of report {pk} is gone from the storage.") from None
    name = f"report-{pk}.{ending}"
    answer = FileResponse(opened, as_attachment=download, filename=name, content_type=_TYPES[ending])
    answer["Cache-Control"] = "private, max-age=31536000, immutable"
    answer["ETag"] = f'"{sha256}"'
    answer["X-Content-Type-Options"] = "nosniff"
    if ending == "html":
        answer["Content-Security-Policy"] = _POLICY
    return answer


@allow(*LOOK)
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a report and its files away; for whoever had it made, and for operators."""
    found = _found(pk)
    if not reports.may_delete(request.user, found):
        raise PermissionDenied("Only whoever had this report made, or an operator, may delete it.")
    reports.delete(found)
    messages.success(request, f"Report {pk} is deleted.")
    return redirect("review:reports")


def _found(pk: int) -> Report:
    found = Report.objects.select_related("asked_by", "comparison").defer("comparison__result", "comparison__moved")
    one = found.filter(pk=pk).first()
    if one is None:
        raise Http404(f"There is no report {pk}; it may have been deleted.")
    return one
