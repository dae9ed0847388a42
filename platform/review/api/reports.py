"""Frozen reports: asked for, listed with their hashes, and their files."""

from typing import Any

from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from review.api.shared import NEWEST, QUERY, AskedOut, ReviewView, filters_of
from review.exceptions import CannotReport, TooLong
from review.filters import Filters
from review.models import Comparison, Report
from review.services import reports
from review.views.overview import LOOK
from review.views.reports import file_of
from vitrine.access import allow
from vitrine.api_fields import Body


class ReportOut(AskedOut):
    """A report; its files are there from `made_at` on. `comparison` is null for one of the overview."""

    title = serializers.CharField()
    filters = serializers.CharField(source="query", help_text=QUERY)
    comparison = serializers.IntegerField(source="comparison_id", allow_null=True)
    made_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(help_text="Of the HTML file; empty until it is made.")
    pdf_sha256 = serializers.CharField()


@allow(*LOOK)
class ReportsApi(ReviewView):
    """The newest reports; and asking for one of a comparison, or of the overview of what filters choose."""

    class Input(Body):
        comparison = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
        filters = serializers.CharField(
            required=False, allow_blank=True, max_length=1000, help_text="Of the overview, as the query of its address."
        )

    @extend_schema(responses=ReportOut(many=True))
    def get(self, _request: Request) -> Response:
        return Response(ReportOut(Report.objects.all()[:NEWEST], many=True).data)

    @extend_schema(responses={201: ReportOut})
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            made = reports.ask(_about(sent.validated_data), by=request.user)
        except CannotReport as refusal:
            raise serializers.ValidationError({"comparison": [str(refusal)]}) from None
        except TooLong as refusal:
            raise serializers.ValidationError({"filters": [str(refusal)]}) from None
        return Response(ReportOut(made).data, status=201)


@allow(*LOOK)
class ReportApi(ReviewView):
    """One report: whether it is made, and the hashes of its files."""

    @extend_schema(responses=ReportOut)
    def get(self, _request: Request, pk: int) -> Response:
        found = Report.objects.filter(pk=pk).first()
        if found is None:
            raise exceptions.NotFound(f"There is no report {pk}; it may have been deleted.")
        return Response(ReportOut(found).data)


@allow(*LOOK)
class ReportFileApi(ReviewView):
    """A report's file, as HTML or PDF."""

    @extend_schema(
        parameters=[OpenApiParameter("ending", str, OpenApiParameter.PATH, enum=list(reports.FORMS))],
        responses={
            (200, "text/html"): OpenApiTypes.BINARY,
            (200, "application/pdf"): OpenApiTypes.BINARY,
            404: OpenApiResponse(description="There is no such report, or it is not made yet."),
        },
    )
    def get(self, _request: Request, pk: int, ending: str) -> HttpResponseBase:
        return file_of(pk, ending, download=True)


def _about(sent: dict[str, Any]) -> Filters | Comparison:
    if "comparison" not in sent:
        return filters_of(QueryDict(sent.get("filters", "")))
    if sent.get("filters"):
        raise serializers.ValidationError({"filters": ["A comparison has filters of its own: leave these out."]})
    found = Comparison.objects.defer("moved").filter(pk=sent["comparison"]).first()
    if found is None:
        raise serializers.ValidationError({"comparison": [f"There is no comparison {sent['comparison']}."]})
    return found
