"""Wide blocks of a table in little memory: each different row once, and which of them a candidate has.

A product's photos are the same for all of its images, and embeddings come as half floats: held as float32 for each
candidate, 50,000 of them fill gigabytes. Taking candidates copies nothing but their places; reading gives float32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Places = NDArray[np.int32]
Wanted = slice | NDArray[np.integer] | NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SharedRows:
    """rows (m, d), and at (n): which of them each candidate has. Reads as the (n, d) that it stands for."""

    rows: Floats | Halves
    at: Places

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.at), self.rows.shape[1]

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, wanted: Wanted) -> Floats:
        return np.asarray(self.rows[self.at[wanted]], np.float32)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """For whoever needs all of it at once: numpy's functions take it as the array that it stands for."""
        if copy is False:
            raise ValueError("Shared rows become an array only by copying.")
        return np.asarray(self[:], dtype)

    def take(self, wanted: Wanted) -> "SharedRows":
        return SharedRows(self.rows, self.at[wanted])

    def column(self, place: int) -> Floats:
        """(n): one column, without reading the others."""
        return np.asarray(self.rows[:, place][self.at], np.float32)

    def used(self) -> "SharedRows":
        """With only those rows that a candidate has, in their order."""
        different, at = np.unique(self.at, return_inverse=True)
        if len(different) == len(self.rows):
            return self
        return SharedRows(self.rows[different], at.astype(np.int32))


Part = Floats | SharedRows


def wrapped(part: Part) -> SharedRows:
    """The same values, nothing copied: every row is one of its own."""
    if isinstance(part, SharedRows):
        return part
    return SharedRows(part, np.arange(len(part), dtype=np.int32))


def compact(part: Part) -> SharedRows:
    """The same values to the bit: equal rows once, as half floats where these hold them; equal values, equal rows."""
    shared = wrapped(part).used()
    known: dict[bytes, int] = {}
    same = [known.setdefault(row.tobytes(), place) for place, row in enumerate(np.ascontiguousarray(shared.rows))]
    at = np.asarray(same, np.intp)[shared.at]
    _, first, at = np.unique(at, return_index=True, return_inverse=True)
    order = np.argsort(first)  # of their first candidates, whatever order they had before
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return SharedRows(_halved(shared.rows[shared.at[first[order]]]), rank[at])


class Growing:
    """Shared rows behind shared rows, without rows that no candidate has; float32 where any of them is.

    Memory grows in place: two halves of a large table are never there beside the whole.
    """

    def __init__(self, width: int) -> None:
        self._rows: Floats | Halves = np.zeros((0, width), np.float16)
        self._at: list[Places] = []

    def add(self, part: SharedRows) -> None:
        part, start = part.used(), len(self._rows)
        if part.rows.dtype == np.float32 and self._rows.dtype != np.float32:
            self._rows = self._rows.astype(np.float32)
        self._rows.resize((start + len(part.rows), self._rows.shape[1]), refcheck=False)
        self._rows[start:] = part.rows
        self._at.append(part.at + np.int32(start))

    def whole(self) -> SharedRows:
        return SharedRows(self._rows, np.concatenate(self._at))


def _halved(rows: Floats | Halves) -> Floats | Halves:
    with np.errstate(over="ignore"):
        halves = rows.astype(np.float16)
    return halves if np.array_equal(halves.astype(rows.dtype), rows, equal_nan=True) else rows
