"""Review for programs: the overview and every table as JSON and as files, and comparisons, by the pages' own functions.

All calls that are about images take the filters that the page takes, as parameters of the address.
"""

from dataclasses import asdict
from typing import Any

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from review import exporting, figures, writing
from review.definitions import DEFINITIONS
from review.filters import Filters
from review.forms import FilterForm
from review.models import Comparison
from review.services import comparisons
from review.views.comparisons import file_of as comparison_file_of
from review.views.overview import LOOK
from review.views.tables import file_of
from vitrine.access import allow

PAGE = 1_000  # rows of a table in one answer
NEWEST = 100  # comparisons
_FILTERS = [
    OpenApiParameter(name, str, description=str(field.help_text or field.label or name))
    for name, field in FilterForm.base_fields.items()
]
_AFTER = OpenApiParameter("after", int, description="As `next` of the answer before says; for a table's next rows.")
_ENDING = OpenApiParameter("ending", str, OpenApiParameter.PATH, enum=list(writing.FORMATS))
_FILE = {
    (200, "text/csv"): OpenApiTypes.BINARY,
    (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
    404: OpenApiResponse(description="There is no such table, or no such kind of file."),
}


class ReviewView(APIView):
    """Reading is for analysts and operators, which `allow` sees to."""

    permission_classes = [permissions.IsAuthenticated]


class PageOfRows(serializers.Serializer[Any]):
    """Rows of a table; `next` is the address of those that follow, null at the end."""

    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())
    next = serializers.CharField(allow_null=True)


class ComparisonOut(serializers.Serializer[Any]):
    """A comparison as it was computed; `result` is null until then, and has one entry for each method but the first."""

    id = serializers.IntegerField()
    methods = serializers.ListField(child=serializers.CharField())
    filters = serializers.CharField(help_text="As the query of an address.")
    problem = serializers.CharField()
    asked_at = serializers.DateTimeField()
    computed_at = serializers.DateTimeField(allow_null=True)
    result = serializers.ListField(child=serializers.DictField(), allow_null=True)


@allow(*LOOK)
class OverviewApi(ReviewView):
    """Every figure of the overview with its interval, and what each means."""

    @extend_schema(parameters=_FILTERS, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response(plain(figures.overview(_filters(request))))


@allow(*LOOK)
class TableApi(ReviewView):
    """A table of review as rows: overview, questions, methods, types, agreement, images or products."""

    @extend_schema(parameters=[*_FILTERS, _AFTER], responses=PageOfRows)
    def get(self, request: Request, name: str) -> Response:
        filters = _filters(request)
        if name not in exporting.TABLES:
            raise exceptions.NotFound(f"There is no table {name[:40]}; there are {', '.join(exporting.TABLES)}.")
        rows, last = exporting.page(filters, name, _after(request), PAGE)
        columns = [column.name for column in exporting.TABLES[name](filters).columns]
        return Response({"columns": columns, "rows": rows, "next": _next(request, name, last)})


@allow(*LOOK)
class TableFileApi(ReviewView):
    """A whole table of review as CSV or Parquet, streamed."""

    @extend_schema(parameters=[*_FILTERS, _ENDING], responses=_FILE)
    def get(self, request: Request, name: str, ending: str) -> HttpResponseBase:
        return file_of(_filters(request), name, ending)


@allow(*LOOK)
class ComparisonsApi(ReviewView):
    """The newest comparisons without their results; and asking for one of 2 to 6 methods, which a worker computes."""

    class Input(serializers.Serializer[Any]):
        methods = serializers.ListField(
            child=serializers.CharField(max_length=120), help_text="The first is what the others are held against."
        )
        filters = serializers.CharField(
            required=False,
            allow_blank=True,
            max_length=1000,
            help_text="As the query of an address: campaign=3&least=2",
        )

    @extend_schema(responses=ComparisonOut(many=True))
    def get(self, _request: Request) -> Response:
        rows = Comparison.objects.defer("result", "moved")[:NEWEST]
        return Response([_told(row, result=None) for row in rows])

    @extend_schema(responses={201: ComparisonOut})
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        filters = _read(sent.validated_data.get("filters", ""))
        try:
            made = comparisons.ask(filters, sent.validated_data["methods"], by=request.user)
        except comparisons.CannotAsk as refusal:
            raise serializers.ValidationError({"methods": [str(refusal)]}) from None
        return Response(_told(made, result=None), status=201)


@allow(*LOOK)
class ComparisonApi(ReviewView):
    """One comparison with its result."""

    @extend_schema(responses=ComparisonOut)
    def get(self, _request: Request, pk: int) -> Response:
        found = Comparison.objects.defer("moved").filter(pk=pk).first()
        if found is None:
            raise exceptions.NotFound(f"There is no comparison {pk}.")
        return Response(_told(found, result=found.result))


@allow(*LOOK)
class ComparisonFileApi(ReviewView):
    """A comparison's `differences`, or all products that changed sides (`moved`), as CSV or Parquet."""

    @extend_schema(parameters=[_ENDING], responses=_FILE)
    def get(self, _request: Request, pk: int, name: str, ending: str) -> HttpResponseBase:
        return comparison_file_of(pk, name, ending)


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


def _told(row: Comparison, *, result: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "methods": row.methods, "filters": row.query, "problem": row.problem, "asked_at": row.asked_at,
        "computed_at": row.computed_at, "result": result,
    }  # fmt: skip


def _filters(request: Request) -> Filters:
    return _of(FilterForm(request.query_params))


def _read(query: str) -> Filters:
    return _of(FilterForm(QueryDict(query)))


def _of(form: FilterForm) -> Filters:
    if not form.is_valid():
        raise serializers.ValidationError(
            {name: [str(one) for one in problems] for name, problems in form.errors.items()}
        )
    return form.filters()


def _after(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise serializers.ValidationError({"after": [f"{text[:40]!r} is no number of a row."]})
    return int(text)


def _next(request: Request, name: str, last: int | None) -> str | None:
    if last is None:
        return None
    query = _filters(request).query
    return f"{reverse('review:api-table', args=[name])}?{query}{'&' if query else ''}after={last}"
