"""What each product has of the images chosen, read from blocks: for comparisons, which need products one by one."""

import numpy as np
from numpy.typing import NDArray

from review.counting.blocks import Columns
from review.filters import Filters
from review.models import Verdicts
from review.scanning.chosen import pieces
from review.scanning.packed import cells_of

Values = NDArray[np.int64]
_OF_IMAGES = ("item", "type", "verdict")
_OF_QUESTIONS = ("item", "question_set", "passes", "fails")


def read(filters: Filters, question_set: int | None, count: int) -> tuple[Values, Values]:
    """Decided images as (cells, 4): item, images, passed, type; and the set's questions as (products, 1 + 2 · count).

    These are an item and, for each question, how many images pass it and how many fail it.
    """
    names = {*_OF_IMAGES, *(_OF_QUESTIONS if count else ())}
    cells, questions = [np.empty((0, 4), np.int64)], [np.empty((0, 1 + 2 * count), np.int64)]
    for piece in pieces(filters, names):
        cells.append(_decided(_part(piece, piece["verdict"] != Verdicts.UNDECIDED)))
        if count:
            questions.append(_asked(_part(piece, piece["question_set"] == question_set), count))
    return np.concatenate(cells), np.concatenate(questions)


def _part(piece: Columns, chosen: NDArray[np.bool_]) -> Columns:
    return piece if chosen.all() else {name: column[chosen] for name, column in piece.items()}


def _decided(piece: Columns) -> Values:
    item, kind, passed = piece["item"], piece["type"], (piece["verdict"] == Verdicts.PASSED).astype(np.int64)
    if not len(item):
        return np.empty((0, 4), np.int64)
    starts, order = cells_of(item, kind)
    if order is not None:
        item, kind, passed = item[order], kind[order], passed[order]
    images = np.diff(np.append(starts, len(item)))
    return np.column_stack([item[starts], images, np.add.reduceat(passed, starts), kind[starts]])


def _asked(piece: Columns, count: int) -> Values:
    item = piece["item"]
    if not len(item):
        return np.empty((0, 1 + 2 * count), np.int64)
    starts, _ = cells_of(item, item)
    sums = [np.add.reduceat(piece[name] >> place & 1, starts) for place in range(count) for name in ("passes", "fails")]
    return np.column_stack([item[starts], *sums])
