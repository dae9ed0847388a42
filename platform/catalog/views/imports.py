"""Imports: the list, a new one, one with its report."""

from django.http import HttpRequest, HttpResponse

from vitrine.access import Role, allow


@allow(Role.ANALYST, Role.OPERATOR)
def imports(request: HttpRequest) -> HttpResponse:
    return HttpResponse("imports")


@allow(Role.OPERATOR)
def import_new(request: HttpRequest) -> HttpResponse:
    return HttpResponse("new")


@allow(Role.ANALYST, Role.OPERATOR)
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(f"import {pk}")


@allow(Role.ANALYST, Role.OPERATOR)
def import_refusals(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(f"refusals {pk}")
