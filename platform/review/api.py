"""Review for programs: the overview as JSON, and its tables as files, with the filters that the page takes."""

from dataclasses import asdict
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from review import figures
from review.definitions import DEFINITIONS
from review.filters import Filters
from review.forms import FilterForm
from review.views.overview import LOOK, table_response
from vitrine.access import allow

_PARAMETERS = [
    OpenApiParameter(name, str, description=str(field.help_text or field.label or name))
    for name, field in FilterForm.base_fields.items()
]


class ReviewView(APIView):
    """Reading is for analysts and operators, which `allow` sees to."""

    permission_classes = [permissions.IsAuthenticated]


@allow(*LOOK)
class OverviewApi(ReviewView):
    """GET: every figure of the overview with its interval, and what each means."""

    @extend_schema(parameters=_PARAMETERS, responses=dict)
    def get(self, request: Request) -> Response:
        filters = _filters(request)
        return Response(plain(figures.overview(filters)))


@allow(*LOOK)
class TableApi(ReviewView):
    """GET: a table of the overview, or the images behind it, as CSV, streamed."""

    @extend_schema(parameters=_PARAMETERS, responses={(200, "text/csv"): bytes})
    def get(self, request: Request, name: str) -> HttpResponseBase:
        return table_response(_filters(request), name)


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


def _filters(request: Request) -> Filters:
    form = FilterForm(request.query_params)
    if not form.is_valid():
        raise serializers.ValidationError(
            {name: [str(one) for one in problems] for name, problems in form.errors.items()}
        )
    return form.filters()
