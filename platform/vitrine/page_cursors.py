"""Which page of a list an address asks for: a slip in it leads to the first page, which says so."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from vitrine.paging import Cursors, cursor_from


class NoSuchPage(Exception):
    """An address has something in place of a cursor; the message is the parameter's name."""


def cursor_of(request: HttpRequest, name: str) -> int | None:
    """The cursor of that name in a page's address; None where it names none. Raises NoSuchPage for any other."""
    text = request.GET.get(name)
    cursor = cursor_from(text)
    if text and cursor is None:
        raise NoSuchPage(name)
    return cursor


def cursors_of(request: HttpRequest) -> Cursors:
    """`after` and `before`, as selectors take them. Raises NoSuchPage."""
    return {"after": cursor_of(request, "after"), "before": cursor_of(request, "before")}


class CursorMiddleware:
    """Answers NoSuchPage: back to the list's beginning, with all else that the address asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, NoSuchPage):
            return None
        query, name = request.GET.copy(), str(error)
        bad = query.pop(name)[-1]
        if request.headers.get("HX-Request") != "true":  # a part of a page shows no messages
            messages.info(request, f"{name}={bad[:40]} is no place in this list: here is its beginning.")
        return redirect(f"{request.path}?{query.urlencode()}" if query else request.path)
