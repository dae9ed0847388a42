"""The page that greets a signed-in person with what their role can do next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from review import selectors
from vitrine.access import Role, allow_signed_in, roles_of


@allow_signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Each part of the page is for one role; who holds several sees the parts of each."""
    roles = roles_of(request.user)
    context: dict[str, Any] = {
        "may_change": Role.OPERATOR in roles,
        "may_look": bool(roles & {Role.OPERATOR, Role.ANALYST}),
        "may_rate": Role.RATER in roles,
    }
    if context["may_look"]:
        context |= {"catalogue": selectors.catalogue_now(), "jobs": selectors.jobs_now()}
    if not roles:
        context["operators"] = selectors.operators_to_ask()
    return render(request, "review/home.html", context)
