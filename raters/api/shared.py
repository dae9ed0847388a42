"""What the calls share: refusals of the services as errors of the caller, and pages by keyset."""

from typing import Any

from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from raters.exceptions import Refused as RatingRefused
from raters.models import Campaign, QuestionSet, Rater
from raters.selectors import monitoring
from vitrine.access import Role, roles_of
from vitrine.api_errors import Refused
from vitrine.api_paging import cursors_in, size_in
from vitrine.paging import Page

LOOK = (Role.ANALYST, Role.OPERATOR)
LARGEST_PAGE = 500


class OperatorsWrite(permissions.BasePermission):
    """Analysts may read; what changes something is for operators."""

    message = "This call is for operator."

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return request.method in permissions.SAFE_METHODS or Role.OPERATOR in roles_of(request.user)


class RatersView(APIView):
    """Analysts read, operators write; a refusal answers with its own status and sentence."""

    permission_classes = [permissions.IsAuthenticated, OperatorsWrite]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RatingRefused):
            refused = Refused(str(exc))
            refused.status_code = exc.status
            return super().handle_exception(refused)
        return super().handle_exception(exc)


def campaign_of(pk: int) -> Campaign:
    return monitoring.campaign_or_404(pk)


def question_set_of(pk: int) -> QuestionSet:
    """The question set that a call's body names."""
    found = QuestionSet.objects.filter(pk=pk).first()
    if found is None:
        raise serializers.ValidationError({"question_set": f"There is no question set {pk}."})
    return found


def rater_named(code: str) -> Rater:
    """The rater that a call's body names."""
    found = Rater.objects.filter(code=code).first()
    if found is None:
        raise serializers.ValidationError({"rater": f"There is no rater {code}."})
    return found


def paged(page: Page[Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"results": results, "next": page.next_cursor, "previous": page.previous_cursor}


def bounds(request: Request) -> dict[str, Any]:
    """`after`, `before` and `size` as `keyset_page` takes them."""
    return {**cursors_in(request), "size": size_in(request, LARGEST_PAGE)}
