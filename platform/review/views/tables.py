"""The tables of the paper, beside what it prints, on a page and as files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from review import paper_tables
from review.views.overview import LOOK
from vitrine.access import allow


@allow(*LOOK)
@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """Tables 1 and 2 from what is in the database."""
    made = [build() for build in paper_tables.TABLES.values()]
    return render(request, "review/tables.html", {"tables": made, "formats": list(paper_tables.FORMATS)})


@allow(*LOOK)
@require_safe
def table_file(_request: HttpRequest, name: str, ending: str) -> HttpResponse:
    """One of them as CSV, Markdown or LaTeX."""
    if name not in paper_tables.TABLES or ending not in paper_tables.FORMATS:
        there = ", ".join(f"{table}.{kind}" for table in paper_tables.TABLES for kind in paper_tables.FORMATS)
        raise Http404(f"There is no {name[:40]}.{ending[:10]}; there are {there}.")
    write, content_type = paper_tables.FORMATS[ending]
    response = HttpResponse(write(paper_tables.TABLES[name]()), content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
