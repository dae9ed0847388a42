"""Review's tables as files, and the tables of the paper, as a page and as files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from review import exporting, paper_tables, walls, writing
from review.filters import Filters
from review.forms import FilterForm
from review.views.overview import LOOK
from review.wall_forms import read_wall
from review.walls import OPEN
from vitrine.access import allow

IMAGES = "images"


@allow(*LOOK)
@require_safe
def table(request: HttpRequest, name: str, ending: str) -> HttpResponseBase:
    """A table of the overview, or the images or products behind it, as a file; filters as the page takes them.

    Images are chosen as their page chooses them: by verdict, question and marks too.
    """
    form = FilterForm(request.GET)
    wall, problem = read_wall(request.GET) if name == IMAGES else (None, form.first_error() if form.errors else "")
    if wall is not None and wall.verdict == OPEN:
        problem = problem or "verdict: Images that nobody has judged yet are no rows of this table; leave it out."
    if problem:
        return HttpResponse(problem, status=422, content_type="text/plain; charset=utf-8")
    if wall is not None:
        return writing.response(exporting.images_of(walls.rows(wall)), ending, f"review-{name}")
    return file_of(form.filters(), name, ending)


def file_of(filters: Filters, name: str, ending: str) -> HttpResponseBase:
    """The file, streamed. Raises Http404 for a table or an ending that there is not."""
    if name not in exporting.TABLES:
        raise Http404(f"There is no table {name[:40]}; there are {', '.join(exporting.TABLES)}.")
    return writing.response(exporting.TABLES[name](filters), ending, f"review-{name}")


@allow(*LOOK)
@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """Tables 1 and 2 from what is in the database."""
    built = [build() for build in paper_tables.TABLES.values()]
    made = [(table, [(row, list(zip(table.header, row.cells, strict=True))) for row in table.rows]) for table in built]
    context = {"tables": made, "formats": list(paper_tables.FORMATS), "filters": FilterForm(request.GET).filters()}
    return render(request, "review/tables.html", context)


@allow(*LOOK)
@require_safe
def table_file(_request: HttpRequest, name: str, ending: str) -> HttpResponseBase:
    """One of them as CSV, Markdown or LaTeX."""
    if name not in paper_tables.TABLES or ending not in paper_tables.FORMATS:
        there = ", ".join(f"{table}.{kind}" for table in paper_tables.TABLES for kind in paper_tables.FORMATS)
        raise Http404(f"There is no {name[:40]}.{ending[:10]}; there are {there}.")
    write, content_type = paper_tables.FORMATS[ending]
    response = HttpResponse(write(paper_tables.TABLES[name]()), content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
