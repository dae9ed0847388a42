"""Signing in, a person's own page and password."""

from datetime import timedelta
from math import ceil
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.messages.views import SuccessMessageMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import tokens as own_tokens
from accounts.exceptions import AccountError
from accounts.forms import LoginForm, OwnPasswordForm, TokenForm
from accounts.models import User
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

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(oidc_name=settings.OIDC_NAME if settings.OIDC_ISSUER else "", **kwargs)

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
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens; a new one is shown on the page that answers its making, and never again."""
    person = _person(request)
    form = TokenForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        days = form.cleaned_data["days"]
        until = timezone.now() + timedelta(days=days) if days else None
        try:
            made, text = own_tokens.make_token(person, form.cleaned_data["name"], expires_at=until)
        except AccountError as refusal:
            form.add_error(None, str(refusal))
        else:
            context = {"form": TokenForm(), "made": made, "text": text}
    context["tokens"] = own_tokens.standing(person)
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@allow_signed_in
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    if not own_tokens.revoke(_person(request), pk):
        raise Http404("There is no such token of yours.")
    messages.success(request, "The token is revoked.")
    return redirect("accounts:tokens")


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


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
