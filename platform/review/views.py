"""The page that greets a signed-in person with what their role can do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vitrine.access import allow_signed_in


@allow_signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "review/home.html")
