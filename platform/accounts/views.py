"""Signing in, a person's own page and password."""

from math import ceil
from typing import Any

from django.contrib.auth import views as auth_views
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.http import require_safe

from accounts.forms import LoginForm, OwnPasswordForm
from accounts.throttle import time_until_open
from vitrine.access import Role, allow_anyone, allow_signed_in, roles_of

ROLE_MEANINGS = {
    Role.RATER: "judges generated images beside photos of the product",
    Role.ANALYST: "reads results, products and jobs",
    Role.OPERATOR: "imports products, curates prompts, runs jobs and manages people",
}


@allow_anyone
class Login(auth_views.LoginView):
    """Sign in; who still has a temporary password goes on to choose their own."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_success_url(self) -> str:
        if getattr(self.request.user, "password_is_temporary", False):
            return str(reverse_lazy("accounts:password"))
        return super().get_success_url()


@allow_signed_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in, with which roles, and the way to a new password."""
    held = roles_of(request.user)
    roles = [(role.label, meaning) for role, meaning in ROLE_MEANINGS.items() if role in held]
    return render(request, "accounts/account.html", {"roles": roles})


@allow_signed_in
class PasswordChange(SuccessMessageMixin, auth_views.PasswordChangeView):  # type: ignore[type-arg]
    """Change one's own password; other sessions of the user end. Wrong present ones count as wrong at signing in."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:account")
    success_message = "Your password is changed. Everywhere else you were signed in, you are signed out now."

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


def locked(request: HttpRequest, _response: Any = None, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """What django-axes answers in place of a login that is locked out: how long, and the way out."""
    wait = time_until_open(request, credentials)
    minutes = max(1, ceil(wait.total_seconds() / 60))
    response = render(request, "accounts/locked.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(ceil(wait.total_seconds()))
    return response
