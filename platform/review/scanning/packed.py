"""Sums over products of any choice of images, added up by numpy from blocks: quick where they are many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from review.counting.blocks import NOTHING, Columns
from review.counting.facts import KINDS, LANE, MOST_BITS
from review.filters import MOST_PASSING, Filters
from review.models import MOST_QUESTIONS, Verdicts
from review.scanning.chosen import pieces
from review.statistics.rates import Sums
from review.totals import OVER_PRODUCTS, WEEK, OneQuestion, Whole, whole_of

Values = NDArray[np.int64]
_OF_IMAGES = ("item", "verdict", "ratings", "active_ms")
_OF_QUESTIONS = ("item", "question_set", "questions", "passes", "fails", "alone", *KINDS)
_MASK = (1 << LANE) - 1
_OVER = len(OVER_PRODUCTS)
_WIDTH = _OVER + 1 + len(KINDS)  # of a question: its sums, images it alone decided, answers


@dataclass(frozen=True)
class Added:
    """By column and value ("", by None, has all), and by question set: its questions, as many as its images have."""

    columns: dict[str, dict[Any, Whole]]
    questions: dict[int, list[OneQuestion]] = field(default_factory=dict)


def added(filters: Filters, columns: Sequence[str], *, with_questions: bool = False) -> Added:
    """As `scanning.rows` adds them up; all in one reading of the blocks."""
    read = {*_OF_IMAGES, *("day" if column == WEEK else column for column in columns if column)}
    if with_questions:
        read |= set(_OF_QUESTIONS)
    found: dict[str, dict[int, Values]] = {column: {} for column in columns}
    asked: dict[int, Values] = {}
    for piece in pieces(filters, read):
        for column in columns:
            _grow(found[column], *_of_products(piece, column))
        if with_questions:
            _ask(asked, piece)
    return Added(
        {
            column: {_key(column, key): whole_of(sums.tolist()) for key, sums in of.items()}
            for column, of in found.items()
        },
        {key: [_question(place, row.tolist()) for place, row in enumerate(sums)] for key, sums in asked.items()},
    )


def _key(column: str, value: int) -> Any:
    if column == WEEK:
        return date.fromordinal(value)
    return value if column else None


def _grow(into: dict[int, Values], keys: Values, sums: Values) -> None:
    for key, more in zip(keys.tolist(), sums, strict=True):
        into[key] = into[key] + more if key in into else more


def _of_products(piece: Columns, column: str) -> tuple[Values, Values]:
    """(values,) of the column, 0 without one, and (values, sums of a Whole): images by product first."""
    values = _values(piece, column)
    item = piece["item"]
    starts, order = cells_of(item, values)
    verdict = piece["verdict"]
    n, k, u, ratings, active_ms = (
        np.add.reduceat(of_images if order is None else of_images[order], starts)
        for of_images in (
            (verdict != Verdicts.UNDECIDED).astype(np.int64),
            (verdict == Verdicts.PASSED).astype(np.int64),
            (verdict == Verdicts.UNDECIDED).astype(np.int64),
            piece["ratings"],
            piece["active_ms"],
        )
    )
    least = [(k >= least).astype(np.int64) for least in range(1, MOST_PASSING + 1)]
    sums = np.column_stack([*_over(n, k), *least, u, ratings, active_ms])
    return _by_value(values[starts] if order is None else values[order][starts], sums)


def _values(piece: Columns, column: str) -> Values:
    if column == WEEK:  # the first day that Python's calendar has is a Monday
        return piece["day"] - (piece["day"] - 1) % 7
    return piece[column] if column else np.zeros(len(piece["item"]), np.int64)


def cells_of(item: Values, values: Values) -> tuple[Values, Values | None]:
    """Where each product's images of one value begin, and the order that brings these together; None: they are."""
    same = item[1:] == item[:-1]
    order = None
    if (same & (values[1:] < values[:-1])).any():
        order = np.lexsort((values, item))
        item, values = item[order], values[order]
        same = item[1:] == item[:-1]
    return np.flatnonzero(np.concatenate([[True], ~same | (values[1:] != values[:-1])])), order


def _over(n: Values, k: Values) -> list[Values]:
    """What OVER_PRODUCTS sums, of products with n images of which k pass."""
    return [(n > 0).astype(np.int64), n, k, n * n, k * k, n * k]


def _by_value(values: Values, sums: Values) -> tuple[Values, Values]:
    order = np.argsort(values, kind="stable")
    keys, starts = np.unique(values[order], return_index=True)
    return keys, np.add.reduceat(sums[order], starts, axis=0)


def _ask(into: dict[int, Values], piece: Columns) -> None:
    """Add a piece's questions to (questions, _WIDTH) of each set."""
    asked = piece["question_set"]
    sets = [int(asked[0])] if (asked == asked[0]).all() else np.unique(asked).tolist()
    for key in sets:
        mine = asked == key
        sums = _questions(piece if len(sets) == 1 else {name: piece[name][mine] for name in _OF_QUESTIONS})
        there = into.get(key, sums[:0])
        longest = np.zeros((max(len(there), len(sums)), _WIDTH), np.int64)
        longest[: len(there)] += there
        longest[: len(sums)] += sums
        into[key] = longest


def _questions(piece: Columns) -> Values:
    """(questions, _WIDTH) of images of one set."""
    count = min(int(piece["questions"].max()), MOST_BITS)
    item = piece["item"]
    starts, _ = cells_of(item, item)
    found = np.zeros((count, _WIDTH), np.int64)
    for place in range(count):
        passed, failed = (np.add.reduceat(piece[name] >> place & 1, starts) for name in ("passes", "fails"))
        found[place, :_OVER] = [sums.sum() for sums in _over(passed + failed, passed)]
    alone = piece["alone"]
    found[:, _OVER] = np.bincount(alone[alone != NOTHING], minlength=count)[:count]
    found[:, _OVER + 1 :] = _answers(piece, count)
    return found


def _answers(piece: Columns, count: int) -> Values:
    """(questions, KINDS): how many answers of each kind, of images whose kinds are kept."""
    found = np.zeros((count, len(KINDS)), np.int64)
    there = piece[KINDS[0]] != NOTHING
    for number, kind in enumerate(KINDS):
        packed = piece[kind] if there.all() else piece[kind][there]
        for place in range(min(count, MOST_QUESTIONS)):
            found[place, number] = (packed >> (LANE * place) & _MASK).sum()
    return found


def _question(place: int, row: list[int]) -> OneQuestion:
    return OneQuestion(place, Sums(*row[:_OVER]), row[_OVER], tuple(row[_OVER + 1 :]))
