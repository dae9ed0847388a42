"""Which page of a list a call asks for. A program given the first page for a bad cursor would page on for ever."""

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from vitrine.paging import Cursors, cursor_from

USUAL_SIZE = 50


def cursor_in(request: Request, name: str) -> int | None:
    """The cursor of that name in a call's address; None where it names none. Raises ValidationError for any other."""
    text = request.query_params.get(name)
    cursor = cursor_from(text)
    if text and cursor is None:
        raise ValidationError({name: [f"{text[:40]!r} is no cursor: use the “next” or “previous” of an answer."]})
    return cursor


def cursors_in(request: Request) -> Cursors:
    """`after` and `before`, as selectors take them. Raises ValidationError."""
    return {"after": cursor_in(request, "after"), "before": cursor_in(request, "before")}


def size_in(request: Request, largest: int) -> int:
    """How many rows a page is to have, the largest number at most. Raises ValidationError for what is no number."""
    text = request.query_params.get("size")
    size = cursor_from(text)
    if text and size is None:
        raise ValidationError({"size": [f"{text[:40]!r} is no size of a page: say a number from 1 to {largest}."]})
    return min(size or USUAL_SIZE, largest)
