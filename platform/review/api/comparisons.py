"""Comparisons of methods: asked for, read, and their tables as files."""

from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from review.api.shared import ENDING, FILE, NEWEST, QUERY, AskedOut, ReviewView, filters_of
from review.exceptions import TooLong
from review.models import Comparison
from review.services import comparisons
from review.views.comparisons import file_of
from review.views.overview import LOOK
from vitrine.access import allow
from vitrine.api_fields import Body


class ComparisonOut(AskedOut):
    """A comparison as it was computed; `result` is null until then, and has one entry for each method but the first."""

    methods = serializers.ListField(child=serializers.CharField())
    filters = serializers.CharField(source="query", help_text=QUERY)
    computed_at = serializers.DateTimeField(allow_null=True)


class ComparisonWhole(ComparisonOut):
    """With its result."""

    result = serializers.ListField(child=serializers.DictField(), allow_null=True)


@allow(*LOOK)
class ComparisonsApi(ReviewView):
    """The newest comparisons without their results; and asking for one of 2 to 6 methods, which a worker computes."""

    class Input(Body):
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
        return Response(ComparisonOut(rows, many=True).data)

    @extend_schema(responses={201: ComparisonOut})
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        filters = filters_of(QueryDict(sent.validated_data.get("filters", "")))
        try:
            made = comparisons.ask(filters, sent.validated_data["methods"], by=request.user)
        except comparisons.CannotAsk as refusal:
            raise serializers.ValidationError({"methods": [str(refusal)]}) from None
        except TooLong as refusal:
            raise serializers.ValidationError({"filters": [str(refusal)]}) from None
        return Response(ComparisonOut(made).data, status=201)


@allow(*LOOK)
class ComparisonApi(ReviewView):
    """One comparison with its result."""

    @extend_schema(responses=ComparisonWhole)
    def get(self, _request: Request, pk: int) -> Response:
        found = Comparison.objects.defer("moved").filter(pk=pk).first()
        if found is None:
            raise exceptions.NotFound(f"There is no comparison {pk}.")
        return Response(ComparisonWhole(found).data)


@allow(*LOOK)
class ComparisonFileApi(ReviewView):
    """A comparison's `differences`, or all products that changed sides (`moved`), as CSV or Parquet."""

    @extend_schema(parameters=[ENDING], responses=FILE)
    def get(self, _request: Request, pk: int, name: str, ending: str) -> HttpResponseBase:
        return file_of(pk, name, ending)
