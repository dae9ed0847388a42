"""What the calls share: filters as an address has them, kinds of files, and refusals as errors of the caller."""

from typing import Any

from django import forms
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import permissions, serializers
from rest_framework.views import APIView

from review import writing
from review.filters import Filters
from review.forms import FilterForm

NEWEST = 100  # of what was asked for
QUERY = "As the query of an address."
FILTERS = [
    OpenApiParameter(name, str, description=str(field.help_text or field.label or name))
    for name, field in FilterForm.base_fields.items()
]
ENDING = OpenApiParameter("ending", str, OpenApiParameter.PATH, enum=list(writing.FORMATS))
FILE = {
    (200, "text/csv"): OpenApiTypes.BINARY,
    (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
    404: OpenApiResponse(description="There is no such table, or no such kind of file."),
}


class ReviewView(APIView):
    """Reading is for analysts and operators, which `allow` sees to."""

    permission_classes = [permissions.IsAuthenticated]


class AskedOut(serializers.Serializer[Any]):
    """What a worker makes of what was asked for; `problem` says why it is not."""

    id = serializers.IntegerField()
    problem = serializers.CharField()
    asked_at = serializers.DateTimeField()


def filters_of(data: QueryDict) -> Filters:
    """The filters of an address. Raises ValidationError for what it may not say."""
    form = FilterForm(data)
    checked(form)
    return form.filters()


def checked(form: forms.Form) -> None:
    """Raises ValidationError with the form's own sentences."""
    if not form.is_valid():
        raise serializers.ValidationError(
            {name: [str(one) for one in problems] for name, problems in form.errors.items()}
        )
