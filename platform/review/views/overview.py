"""Pass rates of a campaign, or of everything, and their tables as files."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from review import exporting, figures
from review.filters import Filters
from review.forms import FilterForm, choices
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Pass rates of a campaign, or of everything, with how sure they are; the address holds every filter."""
    form = FilterForm(request.GET)
    filters = form.filters()
    context = {
        "form": form,
        "choices": choices(),
        "filters": filters,
        "chosen": figures.words_of(filters),
        "found": figures.overview(filters),
        "tables": list(exporting.TABLES),
    }
    return render(request, "review/overview.html", context, status=422 if form.errors else 200)


@allow(*LOOK)
@require_safe
def table(request: HttpRequest, name: str) -> HttpResponseBase:
    """A table of the overview, or the images behind it, as CSV; filters as the page takes them."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return HttpResponse(form.first_error(), status=422, content_type="text/plain; charset=utf-8")
    return table_response(form.filters(), name)


def table_response(filters: Filters, name: str) -> HttpResponseBase:
    """The file, streamed. Raises Http404 for a table that there is not."""
    if name == "images":
        parts = exporting.images_csv(filters)
    elif name in exporting.TABLES:
        parts = exporting.table_csv(figures.overview(filters), name)
    else:
        raise Http404(f"There is no table {name[:40]}; there are images, {', '.join(exporting.TABLES)}.")
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="review-{name}-{timezone.now():%Y-%m-%d}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
