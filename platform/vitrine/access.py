"""Who may see what: each view names the roles it is for, and a view that names none is refused.

A role is a Django group of the same name (made by a migration of `accounts`). The rule is declared on the view with
`allow`, `allow_signed_in` or `allow_anyone`, and held for every request, page or API, by `AccessMiddleware`.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme

View = TypeVar("View")


class Role(models.TextChoices):
    """What a person does here; a user may hold several."""

    RATER = "rater"
    ANALYST = "analyst"
    OPERATOR = "operator"


class Rule:
    """Who may call a view: `roles` None means anyone at all, an empty set any signed-in user, else one of these."""

    def __init__(self, roles: frozenset[Role] | None) -> None:
        self.roles = roles

    def admits(self, user: Any) -> bool:
        if self.roles is None:
            return True
        if not user.is_authenticated:
            return False
        return not self.roles or bool(self.roles & roles_of(user))

    def __str__(self) -> str:
        if self.roles is None:
            return "anyone"
        return " or ".join(sorted(self.roles)) or "any signed-in user"


ANYONE = Rule(None)
SIGNED_IN = Rule(frozenset())


def allow(*roles: Role) -> Callable[[View], View]:
    """Decorate a view function or class: only these roles may call it."""
    if not roles:
        raise ValueError("allow() needs at least one role; allow_signed_in is for every signed-in user")
    return lambda view: _mark(view, Rule(frozenset(roles)))


def allow_signed_in(view: View) -> View:
    return _mark(view, SIGNED_IN)


def allow_anyone(view: View) -> View:
    return _mark(view, ANYONE)


def roles_of(user: Any) -> frozenset[Role]:
    """The roles a user holds, read once per request; a superuser holds all of them."""
    if isinstance(user, AnonymousUser) or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return frozenset(Role)
    if not hasattr(user, "_vitrine_roles"):
        names = set(user.groups.values_list("name", flat=True))
        user._vitrine_roles = frozenset(role for role in Role if role.value in names)
    found: frozenset[Role] = user._vitrine_roles
    return found


def rule_of(view: Any) -> Rule | None:
    """The rule that a resolved view carries; None where nobody wrote one.

    A class must carry its own: were a rule inherited, a new subclass of an open view would be open unnoticed.
    """
    for owner in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        rule = getattr(owner, "__dict__", {}).get("access")
        if isinstance(rule, Rule):
            return rule
    return None


class AccessMiddleware:
    """Refuse every request whose view does not admit its user; runs after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        rule = rule_of(view)
        if rule is None:
            raise PermissionDenied(f"The page {request.path} names no role, so nobody may open it.")
        request.roles = SimpleLazyObject(lambda: roles_of(request.user))  # type: ignore[attr-defined]
        if rule.admits(request.user):
            return _to_own_password(request) if _must_choose_password(request, rule) else None
        if request.path.startswith("/api/"):
            return _api_refusal(request, rule)
        if not request.user.is_authenticated:
            return _to_login(request)
        raise PermissionDenied(f"This page is for {rule}. Ask an operator for that role if you need it.")


def _mark(view: View, rule: Rule) -> View:
    view.access = rule  # type: ignore[attr-defined]
    return view


def _api_refusal(request: HttpRequest, rule: Rule) -> JsonResponse:
    if not request.user.is_authenticated:
        return JsonResponse({"detail": "Sign in first: this call is for " + str(rule) + "."}, status=401)
    return JsonResponse({"detail": f"This call is for {rule}."}, status=403)


def _must_choose_password(request: HttpRequest, rule: Rule) -> bool:
    """Whether this user's password is an operator's: until they have their own, only the page for that is theirs.

    Pages for anyone never ask who is there: signing out stays open, and /healthz needs no database.
    """
    if rule.roles is None or not getattr(request.user, "password_is_temporary", False):
        return False
    return request.path != resolve_url("accounts:password")


def _to_own_password(request: HttpRequest) -> HttpResponse:
    own = resolve_url("accounts:password")
    if request.path.startswith("/api/"):
        sentence = f"Your password was set by an operator: choose one of your own first, at {own}."
        return JsonResponse({"detail": sentence}, status=403)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=403, headers={"HX-Redirect": own})
    return redirect(own)


def _to_login(request: HttpRequest) -> HttpResponse:
    """Send a visitor to the login page, and from there back to the page they were on or going to."""
    if request.headers.get("HX-Request") == "true":
        # A swapped-in login form inside a page would be a trap: send the whole page to it.
        login = redirect_to_login(_page_behind(request), resolve_url("accounts:login")).url
        return HttpResponse(status=401, headers={"HX-Redirect": login})
    if request.method not in ("GET", "HEAD"):
        return redirect(resolve_url("accounts:login"))
    return redirect_to_login(request.get_full_path(), resolve_url("accounts:login"))


def _page_behind(request: HttpRequest) -> str:
    """Path and query of the page that sent an htmx request, if it is one of ours; else the home page."""
    page = request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()):
        return resolve_url("home")
    parts = urlsplit(page)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))
