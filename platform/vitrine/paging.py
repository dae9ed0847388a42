"""Keyset paging: a page begins after an id, so page 10,000 costs what page 1 costs and nothing shifts meanwhile.

A cursor is the id of a page's last (or first) row. `pager_links` turns a page into addresses that keep every filter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypedDict, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

LARGEST_ID = 2**63 - 1


class Row(Protocol):
    """Anything with a primary key that is a whole number."""

    pk: Any


RowType = TypeVar("RowType", bound=Row)
ModelType = TypeVar("ModelType", bound=Model)


@dataclass(frozen=True)
class Page(Generic[RowType]):
    """The rows of one page in list order, and the cursors of its neighbours (None where there is none)."""

    items: list[RowType]
    next_cursor: int | None
    previous_cursor: int | None


class Cursors(TypedDict):
    """Where a page begins or ends, as what reads one takes it."""

    after: int | None
    before: int | None


class Slice(NamedTuple):
    """What to read: rows beyond `bound` (an id, exclusive; None is the end of the table), ids falling or rising."""

    bound: int | None
    falling: bool
    limit: int


def keyset_page(
    queryset: QuerySet[ModelType],
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = 50,
    ascending: bool = False,
) -> Page[ModelType]:
    """One page of a queryset by id, newest first unless `ascending`; one query, one row more than `size` read.

    `after` is the `next_cursor` of the page before it, `before` the `previous_cursor` of the page after it.
    """

    def fetch(wanted: Slice) -> list[ModelType]:
        rows = queryset.order_by("-pk" if wanted.falling else "pk")
        if wanted.bound is not None:
            rows = rows.filter(pk__lt=wanted.bound) if wanted.falling else rows.filter(pk__gt=wanted.bound)
        return list(rows[: wanted.limit])

    return page_from(fetch, after=after, before=before, size=size, ascending=ascending)


def page_from(
    fetch: Callable[[Slice], Sequence[RowType]],
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = 50,
    ascending: bool = False,
) -> Page[RowType]:
    """One page from any source that can read a Slice, such as a search index; with both cursors, `before` wins."""
    backwards = before is not None
    rows = list(fetch(Slice(before if backwards else after, falling=ascending == backwards, limit=size + 1)))
    has_more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    # Coming from a neighbour, that neighbour is there; on the far side, the extra row says whether there is more.
    has_next = backwards or has_more
    has_previous = has_more if backwards else after is not None
    return Page(rows, rows[-1].pk if has_next else None, rows[0].pk if has_previous else None)


def cursor_from(text: str | None) -> int | None:
    """A cursor out of an address; None for anything but a positive 64-bit number."""
    if not text or len(text) > 19 or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if 0 < number <= LARGEST_ID else None


class PagerLinks(NamedTuple):
    """Query strings ("?q=mug&after=17") of the neighbouring pages; empty where there is none."""

    previous: str
    next: str


def pager_links(page: Page[Any], query: QueryDict) -> PagerLinks:
    """The addresses of a page's neighbours, with every other parameter of the current one kept."""

    def link(name: str, cursor: int | None) -> str:
        if cursor is None:
            return ""
        parameters = query.copy()
        for known in ("after", "before"):
            parameters.pop(known, None)
        parameters[name] = str(cursor)
        return f"?{parameters.urlencode()}"

    return PagerLinks(link("before", page.previous_cursor), link("after", page.next_cursor))
