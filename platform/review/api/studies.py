"""Figures that a worker makes, metrics against people and plans of studies: asked for, read, and their tables."""

from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from review.api.shared import ENDING, FILE, NEWEST, QUERY, AskedOut, ReviewView, checked, filters_of
from review.exceptions import TooLong
from review.models import Study
from review.services import studies
from review.study_forms import MetricsForm, PlannerForm, metrics_query
from review.views.overview import LOOK
from review.views.studies import file_of
from vitrine.access import allow
from vitrine.api_fields import Body


class StudyOut(AskedOut):
    """A study as it was asked for; it is there from `computed_at` on."""

    asked = serializers.CharField(source="query", help_text=QUERY)
    kind = serializers.ChoiceField(choices=Study.Kind.choices)
    computed_at = serializers.DateTimeField(allow_null=True)


@extend_schema_field(OpenApiTypes.OBJECT)
class _Result(serializers.JSONField):
    """Whatever the kind of study has."""


class StudyWhole(StudyOut):
    """With its result, null until it is there."""

    result = _Result(allow_null=True)


@allow(*LOOK)
class StudiesApi(ReviewView):
    """The newest studies without their results; and asking for one, which a worker makes."""

    class Input(Body):
        kind = serializers.ChoiceField(choices=Study.Kind.choices)
        asked = serializers.CharField(
            required=False,
            allow_blank=True,
            max_length=1000,
            help_text="As the query of its page's address: campaign=3&first=2, or base=10&expected=25&images=6&raters=3"
            "&power=80&level=5",
        )

    @extend_schema(responses=StudyOut(many=True))
    def get(self, _request: Request) -> Response:
        return Response(StudyOut(Study.objects.defer("result")[:NEWEST], many=True).data)

    @extend_schema(responses={201: StudyOut})
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        kind = Study.Kind(sent.validated_data["kind"])
        query = _QUERIES[kind](QueryDict(sent.validated_data.get("asked", "")))
        try:
            made = studies.ask(kind, query, by=request.user)
        except TooLong as refusal:
            raise serializers.ValidationError({"asked": [str(refusal)]}) from None
        return Response(StudyOut(made).data, status=201)


@allow(*LOOK)
class StudyApi(ReviewView):
    """One study with its result."""

    @extend_schema(responses=StudyWhole)
    def get(self, _request: Request, pk: int) -> Response:
        found = Study.objects.filter(pk=pk).first()
        if found is None:
            raise exceptions.NotFound(f"There is no study {pk}.")
        return Response(StudyWhole(found).data)


@allow(*LOOK)
class StudyFileApi(ReviewView):
    """A study's table: of metrics `figures`, `scatter`, `reliability`, `drift`; of a plan `plan`, `curve`."""

    @extend_schema(parameters=[ENDING], responses=FILE)
    def get(self, _request: Request, pk: int, name: str, ending: str) -> HttpResponseBase:
        return file_of(pk, name, ending)


def _metrics(asked: QueryDict) -> str:
    wish = MetricsForm(asked)
    checked(wish)
    return metrics_query(filters_of(asked), wish.asked()[0])


def _plan(asked: QueryDict) -> str:
    form = PlannerForm(asked)
    checked(form)
    return form.query


_QUERIES = {Study.Kind.METRICS: _metrics, Study.Kind.PLAN: _plan}
