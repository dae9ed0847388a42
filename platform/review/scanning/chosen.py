"""The images that filters choose, read from blocks: columns of numpy, some ten thousand images at a time."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

from catalog.models import Product
from review.counting import blocks
from review.counting.blocks import Columns, Data
from review.filters import Filters, method_id
from review.models import Block, Item, Name

AT_ONCE = 32  # blocks
_JOINED = {"postgresql": "string_agg(number::text, ',')", "sqlite": "group_concat(number)"}
Values = NDArray[np.int64]
Fits = Callable[[Values], NDArray[np.bool_]]


def pieces(filters: Filters, names: Collection[str]) -> Iterator[Columns]:
    """These columns of the images chosen, by item and task: no product is in two pieces, and none is empty.

    Not of filters that are of one product: its images are few, and `sums.source_of` has them read as rows.
    """
    conditions = _conditions(filters)
    read = {*names, *(name for name, _ in conditions)}
    for packed in _blocks():
        columns = blocks.unpack(packed, read)
        fits = np.ones(len(next(iter(columns.values()))), np.bool_)
        for name, condition in conditions:
            fits &= condition(columns[name])
        if fits.all():
            yield {name: columns[name] for name in names}
        elif fits.any():
            yield {name: columns[name][fits] for name in names}


def _blocks() -> Iterator[list[Data]]:
    last = -1
    while rows := list(
        Block.objects.filter(number__gt=last).order_by("number").values_list("number", "data")[:AT_ONCE]
    ):
        last = rows[-1][0]
        yield [data for _, data in rows]


def _conditions(filters: Filters) -> list[tuple[str, Fits]]:
    """What `Filters.rows` asks, of columns."""
    found: list[tuple[str, Fits]] = []
    equal = {"campaign": filters.campaign, "type": filters.type}
    equal["method"] = method_id(filters.method) if filters.method else None
    equal["voters"] = blocks.VOTERS.get(filters.voters, -1) if filters.voters else None
    found += [(name, _is(value)) for name, value in equal.items() if value is not None]
    if filters.since is not None:
        found.append(("day", _within(filters.since.toordinal(), np.inf)))
    if filters.until is not None:
        found.append(("day", _within(0, filters.until.toordinal())))
    if filters.source:
        products = Product.objects.filter(source=filters.source).values("pk")
        found.append(("item", _among(Item.objects.filter(product__in=products).values("pk"))))
    if filters.prompt:
        named = Name.objects.filter(kind=Name.Kind.PROMPT, digest__startswith=filters.prompt)
        found.append(("prompt", _among(named.values("pk"))))
    if filters.ranker and filters.top is not None:
        first = filters.first()
        found.append(("place_by_sum", _within(1, filters.top)) if first is None else ("candidate", _among(first)))
    return found


def _is(value: int) -> Fits:
    return lambda column: column == value


def _within(least: float, most: float) -> Fits:
    return lambda column: (column >= least) & (column <= most)


def _among(rows: QuerySet[Any, Any]) -> Fits:
    """One of what a query has in its one column."""
    wanted = np.sort(_numbers(rows))
    if not len(wanted):
        return lambda column: np.zeros(len(column), np.bool_)
    return lambda column: wanted[np.minimum(np.searchsorted(wanted, column), len(wanted) - 1)] == column


def _numbers(rows: QuerySet[Any, Any]) -> Values:
    """As one text of the database: some hundred thousand rows would each be read by themselves."""
    try:
        statement, values = rows.order_by().query.sql_with_params()
    except EmptyResultSet:
        return np.empty(0, np.int64)
    joined = f"WITH numbers(number) AS ({statement}) SELECT {_JOINED[connection.vendor]} FROM numbers"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(joined, values)
        return np.fromstring(cursor.fetchone()[0] or "", np.int64, sep=",")
