"""The operators' admin: who may enter, and the base class of every table shown in it.

Django's own permissions (`is_staff`, permission rows) decide nothing here: the role operator does, as everywhere.
"""

from collections.abc import Callable, Iterable
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern, URLResolver, path
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from vitrine.access import Role, allow, allow_anyone, allow_signed_in, roles_of

# Unfold's Alpine evaluates the expressions in its attributes, and its colours stand in a <style> element.
_ADMIN_CSP = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than MOST rows, so that a page of a table of millions costs as much as one of thousands."""

    MOST = 5_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, QuerySet) and not rows.query.is_sliced:
            return rows.order_by()[: self.MOST].count()
        return len(rows)


class OperatorModelAdmin(ModelAdmin):  # type: ignore[misc]
    """A table that operators may look at and change; set `read_only` to show it only."""

    read_only = False
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_operator(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_operator(request) and not self.read_only

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_operator(request) and not self.read_only

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_operator(request) and not self.read_only


class OperatorSite(UnfoldAdminSite):  # type: ignore[misc]
    """The admin for people with the role operator; signing in and out and passwords are the site's own pages."""

    def register(self, model_or_iterable: Any, admin_class: type[Any] | None = None, **options: Any) -> None:
        """Take the rooms' tables only: what other apps register themselves (groups, say) stays out."""
        if admin_class is not None and issubclass(admin_class, OperatorModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Loosen the content security policy for the admin's pages, and for these alone."""
        loosened: Callable[..., Any] = csp_update(_ADMIN_CSP)(super().admin_view(view, cacheable))
        return loosened

    def get_urls(self) -> list[URLPattern]:
        """Mark each page as the operators', and lead Django's login, log-out and password pages to ours."""
        own = [
            path("login/", to_login, name="login"),
            path("logout/", to_account, name="logout"),
            path("password_change/", to_account, name="password_change"),
            path("password_change/done/", to_account, name="password_change_done"),
        ]
        replaced = {pattern.name for pattern in own}
        rest = [pattern for pattern in super().get_urls() if getattr(pattern, "name", None) not in replaced]
        _mark_for_operators(rest)
        return own + rest


@allow_anyone
def to_login(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the site's login page, with `next` if it is an address of this site."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = resolve_url("admin:index")
    return redirect_to_login(target, resolve_url("accounts:login"))


@allow_signed_in
def to_account(request: HttpRequest) -> HttpResponse:
    return redirect("accounts:account")


def _is_operator(request: HttpRequest) -> bool:
    return Role.OPERATOR in roles_of(request.user)


def _mark_for_operators(patterns: Iterable[URLPattern | URLResolver]) -> None:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _mark_for_operators(pattern.url_patterns)
        else:
            allow(Role.OPERATOR)(pattern.callback)
