"""A person's own page and password."""

from django.contrib.auth import views as auth_views
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.http import require_safe

from vitrine.access import allow_signed_in, roles_of


@allow_signed_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in, with which roles, and the way to a new password."""
    return render(request, "accounts/account.html", {"roles": sorted(roles_of(request.user))})


class PasswordChange(SuccessMessageMixin, auth_views.PasswordChangeView):  # type: ignore[type-arg]
    """Change one's own password; other sessions of the user end."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:account")
    success_message = "Your password is changed."
