"""What the calls share: refusals of the services as errors of the caller, and pages by keyset."""

from typing import Any

from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ranking.exceptions import Refused as RankingRefused
from raters.exceptions import Refused as RatingRefused
from vitrine.access import Role, roles_of
from vitrine.api_errors import Refused
from vitrine.paging import Page

LOOK = (Role.ANALYST, Role.OPERATOR)


class OperatorsWrite(permissions.BasePermission):
    """Analysts may read; what changes something is for operators."""

    message = "This call is for operator."

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return request.method in permissions.SAFE_METHODS or Role.OPERATOR in roles_of(request.user)


class RankingView(APIView):
    """Analysts read, operators write; a refusal answers with its own status and sentence."""

    permission_classes = [permissions.IsAuthenticated, OperatorsWrite]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RankingRefused | RatingRefused):
            refused = Refused(str(exc))
            refused.status_code = exc.status
            return super().handle_exception(refused)
        return super().handle_exception(exc)


def paged(page: Page[Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"results": results, "next": page.next_cursor, "previous": page.previous_cursor}
