"""Keyset paging: every row once, in order, both ways, whatever the size of the page."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from vitrine.paging import Page, Slice, cursor_from, keyset_page, page_from, pager_links


@dataclass
class Item:
    pk: int


def fetch_from(ids: list[int]):
    def fetch(wanted: Slice) -> list[Item]:
        rows = sorted(ids, reverse=wanted.falling)
        if wanted.bound is not None:
            rows = [i for i in rows if (i < wanted.bound if wanted.falling else i > wanted.bound)]
        return [Item(i) for i in rows[: wanted.limit]]

    return fetch


def ids(page: Page) -> list[int]:
    return [item.pk for item in page.items]


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(("count", "size"), [(0, 3), (1, 3), (3, 3), (4, 3), (9, 3), (10, 3), (7, 1)])
def test_forward_then_backward_sees_every_row_once(count: int, size: int, ascending: bool) -> None:
    fetch = fetch_from([i * 5 for i in range(1, count + 1)])
    expected = sorted((i * 5 for i in range(1, count + 1)), reverse=not ascending)

    page = page_from(fetch, size=size, ascending=ascending)
    forward = [page]
    while page.next_cursor is not None:
        page = page_from(fetch, after=page.next_cursor, size=size, ascending=ascending)
        forward.append(page)
    assert [i for page in forward for i in ids(page)] == expected

    backward = [page]
    while page.previous_cursor is not None:
        page = page_from(fetch, before=page.previous_cursor, size=size, ascending=ascending)
        backward.insert(0, page)
    assert [ids(page) for page in backward] == [ids(page) for page in forward]


def test_the_first_page_has_no_previous_and_the_last_no_next() -> None:
    fetch = fetch_from([1, 2, 3])
    first = page_from(fetch, size=2)
    assert (first.previous_cursor, first.next_cursor) == (None, 2)
    last = page_from(fetch, after=2, size=2)
    assert (last.previous_cursor, last.next_cursor) == (1, None)


def test_rows_that_arrive_meanwhile_do_not_shift_the_next_page() -> None:
    first = page_from(fetch_from([1, 2, 3, 4]), size=2)
    assert ids(page_from(fetch_from([1, 2, 3, 4, 5, 6]), after=first.next_cursor, size=2)) == [2, 1]


@pytest.mark.django_db
def test_a_queryset_is_read_with_one_query_that_uses_no_offset() -> None:
    Group.objects.all().delete()
    made = [Group.objects.create(name=f"g{i}") for i in range(5)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = keyset_page(Group.objects.all(), after=made[3].pk, size=2)
    assert page.items == [made[2], made[1]]
    assert len(queries) == 1
    assert "OFFSET" not in queries[0]["sql"]
    assert keyset_page(Group.objects.all(), size=2, ascending=True).items == made[:2]


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("17", 17),
        (str(2**63 - 1), 2**63 - 1),
        *[(text, None) for text in (None, "", "-3", "0", "x", "\uff11\uff17", "9" * 19, "9" * 9999, "1.5")],
    ],
)
def test_a_cursor_that_is_no_id_is_the_start(text: str | None, cursor: int | None) -> None:
    assert cursor_from(text) == cursor


def test_links_keep_every_filter_and_drop_the_old_cursor() -> None:
    links = pager_links(Page([Item(5)], 5, 9), QueryDict("q=red+mug&type=3&after=12"))
    assert links.next == "?q=red+mug&type=3&after=5"
    assert links.previous == "?q=red+mug&type=3&before=9"
    assert pager_links(Page([], None, None), QueryDict("q=x")) == ("", "")
