"""The overview, and every table of review as rows and as files; the paper's tables beside them."""

from dataclasses import asdict
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from review import exporting, figures, paper_tables
from review.api.shared import ENDING, FILE, FILTERS, ReviewView, filters_of
from review.definitions import DEFINITIONS
from review.views.overview import LOOK
from review.views.tables import file_of, paper_file_of
from vitrine.access import allow

PAGE = 1_000  # rows of a table in one answer
_AFTER = OpenApiParameter("after", int, description="As `next` of the answer before says; for a table's next rows.")


class PageOfRows(serializers.Serializer[Any]):
    """Rows of a table; `next` is the address of those that follow, null at the end."""

    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())
    next = serializers.CharField(allow_null=True)


@allow(*LOOK)
class OverviewApi(ReviewView):
    """Every figure of the overview with its interval, and what each means."""

    @extend_schema(parameters=FILTERS, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response(plain(figures.overview(filters_of(request.query_params))))


@allow(*LOOK)
class TableApi(ReviewView):
    """A table of review as rows: overview, questions, methods, types, agreement, weeks, images or products."""

    @extend_schema(parameters=[*FILTERS, _AFTER], responses=PageOfRows)
    def get(self, request: Request, name: str) -> Response:
        filters = filters_of(request.query_params)
        if name not in exporting.TABLES:
            raise exceptions.NotFound(f"There is no table {name[:40]}; there are {', '.join(exporting.TABLES)}.")
        rows, last = exporting.page(filters, name, _after(request), PAGE)
        columns = [column.name for column in exporting.TABLES[name](filters).columns]
        return Response({"columns": columns, "rows": rows, "next": _next(request, name, last)})


@allow(*LOOK)
class TableFileApi(ReviewView):
    """A whole table of review as CSV or Parquet, streamed."""

    @extend_schema(parameters=[*FILTERS, ENDING], responses=FILE)
    def get(self, request: Request, name: str, ending: str) -> HttpResponseBase:
        return file_of(filters_of(request.query_params), name, ending)


@allow(*LOOK)
class PaperTableApi(ReviewView):
    """The paper's `table-1` or `table-2`: its printed rows, and the same figures of this site; shares from 0 to 1."""

    @extend_schema(responses=PageOfRows)
    def get(self, _request: Request, name: str) -> Response:
        if name not in paper_tables.TABLES:
            raise exceptions.NotFound(f"There is no table {name[:40]}; there are {', '.join(paper_tables.TABLES)}.")
        found = paper_tables.as_table(paper_tables.TABLES[name]())
        columns = [column.name for column in found.columns]
        return Response({"columns": columns, "rows": list(found.rows()), "next": None})


@allow(*LOOK)
class PaperTableFileApi(ReviewView):
    """One of the paper's tables as CSV or Parquet."""

    @extend_schema(parameters=[ENDING], responses=FILE)
    def get(self, _request: Request, name: str, ending: str) -> HttpResponseBase:
        return paper_file_of(name, ending)


def plain(found: figures.Overview) -> dict[str, Any]:
    """An overview as JSON; links stand as the query that leads there."""
    told = asdict(found)
    told["filters"] = found.filters.query
    for table in ("methods", "types"):
        told[table] = [
            line | {"link": None if one.link is None else one.link.query}
            for line, one in zip(told[table], getattr(found, table), strict=True)
        ]
    told["definitions"] = {key: one.words for key, one in DEFINITIONS.items()}
    return told


def _after(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise serializers.ValidationError({"after": [f"{text[:40]!r} is no number of a row."]})
    return int(text)


def _next(request: Request, name: str, last: int | None) -> str | None:
    if last is None:
        return None
    query = filters_of(request.query_params).query
    return f"{reverse('review:api-table', args=[name])}?{query}{'&' if query else ''}after={last}"
