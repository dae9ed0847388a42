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

IMAGES, PRODUCTS = "images", "products"
_NAMES = {"csv": "CSV", "parquet": "Parquet", "md": "Markdown", "tex": "LaTeX"}
_PAPER_FORMATS = {ending: _NAMES[ending] for ending in (*writing.FORMATS, *paper_tables.FORMATS)}


@allow(*LOOK)
@require_safe
def table(request: HttpRequest, name: str, ending: str) -> HttpResponseBase:
    """A table of the overview, or the images or products behind it, as a file; filters as the page takes them.

    Images and products are chosen as their pages choose them: by verdict, question and marks, and by passing or not.
    """
    form = FilterForm(request.GET)
    wall, problem = read_wall(request.GET) if name == IMAGES else (None, form.first_error() if form.errors else "")
    if wall is not None and wall.verdict == OPEN:
        problem = problem or "verdict: Images that nobody has judged yet are no rows of this table; leave it out."
    if problem:
        return HttpResponse(problem, status=422, content_type="text/plain; charset=utf-8")
    if wall is not None:
        return writing.response(exporting.images_of(walls.rows(wall)), ending, f"review-{name}")
    if name == PRODUCTS:
        found = exporting.products(form.filters(), passing=request.GET.get("passing", ""))
        return writing.response(found, ending, f"review-{name}")
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
    context = {"tables": made, "formats": _PAPER_FORMATS, "filters": FilterForm(request.GET).filters()}
    return render(request, "review/tables.html", context)


@allow(*LOOK)
@require_safe
def table_file(_request: HttpRequest, name: str, ending: str) -> HttpResponseBase:
    """One of them as figures in CSV or Parquet, or as it stands on the page in Markdown or LaTeX."""
    if ending not in _PAPER_FORMATS:
        raise Http404(f"A table of the paper is no {ending[:10]!r} file; it is {' or '.join(_PAPER_FORMATS)}.")
    if ending not in paper_tables.FORMATS:
        return paper_file_of(name, ending)
    write, content_type = paper_tables.FORMATS[ending]
    response = HttpResponse(write(_paper_table(name)), content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def paper_file_of(name: str, ending: str) -> HttpResponseBase:
    """The file, streamed. Raises Http404 for a table or an ending that there is not."""
    return writing.response(paper_tables.as_table(_paper_table(name)), ending, name)


def _paper_table(name: str) -> paper_tables.Table:
    if name not in paper_tables.TABLES:
        raise Http404(f"The paper has no table {name[:40]} here; there are {' and '.join(paper_tables.TABLES)}.")
    return paper_tables.TABLES[name]()
