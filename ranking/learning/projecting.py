"""Principal components of embeddings, fitted on training rows only; a missing embedding stays missing.

Of a candidate and its product's photos in one space the difference is projected: what the product is, is the same in
both, and what went wrong is not. Rows of zeros or with a NaN are missing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ranking.learning.labels import Values
from ranking.learning.shared_rows import Floats, Part, wrapped
from ranking.learning.table import EMBEDDING, Definition, FeatureTable

LARGEST_SAMPLE = 16_000  # rows that covariances are computed from: more change no figure
CHUNK = 4_096  # rows that are in memory as float32 at a time
PAIRS = {"candidate": "photos", "crop": "photo_crop"}
PLAIN_COMPONENTS = 4  # of what is not a difference: prompts, and candidates of which there is no photo


@dataclass(frozen=True)
class Source:
    """What is projected: a block, less another one where there is one to compare with."""

    block: str
    less: str | None

    @property
    def name(self) -> str:
        return f"{self.block} - {self.less.rpartition('.')[2]}" if self.less else self.block


@dataclass(frozen=True)
class Projection:
    """mean (d), components (d, k) and each component's scale (k): projected values have unit variance."""

    source: Source
    mean: Floats
    components: Floats

    def __call__(self, table: FeatureTable) -> Values:
        """(n, k), NaN where the embedding is missing. Each side is projected alone, a product's photos once."""
        made = self._side(table.parts[self.source.block])
        if self.source.less:
            made -= self._side(table.parts[self.source.less])
        return np.asarray(made - self.mean @ self.components)

    def _side(self, part: Part) -> Values:
        """(n, k) of one block, in pieces of its different rows."""
        shared = wrapped(part)
        different, at = np.unique(shared.at, return_inverse=True)
        made = np.empty((len(different), self.components.shape[1]))
        for start in range(0, len(made), CHUNK):
            rows = np.asarray(shared.rows[different[start : start + CHUNK]], np.float32)
            made[start : start + CHUNK] = rows @ self.components
            made[start : start + CHUNK][~present(rows)] = np.nan
        return made[at]


def sources(definition: Definition) -> list[Source]:
    """What of a table's embeddings is projected, in the order of its blocks. Photos alone only tell the product."""
    found = []
    for block in definition.blocks:
        space, _, what = block.name.rpartition(".")
        if not block.name.startswith(EMBEDDING) or what in PAIRS.values():
            continue
        other = f"{space}.{PAIRS[what]}" if what in PAIRS else ""
        found.append(Source(block.name, other if definition.has(other) else None))
    return found


def fit(source: Source, table: FeatureTable, most: int) -> Projection | None:
    """The largest `most` components of the rows there are; None where fewer than three rows or no variance."""
    count, mean, covariance = _moments(source, table)
    if count < 3:
        return None
    width = len(mean)
    kept_most = min(most if source.less else min(most, PLAIN_COMPONENTS), width, count - 1)
    variances, components = eigh(covariance, subset_by_index=[width - kept_most, width - 1])
    variances, components = variances[::-1], components[:, ::-1]
    kept = variances > 1e-9 * max(float(variances[0]), 1e-12)
    if not kept.any():
        return None
    components = components[:, kept]
    # An eigenvector's sign is arbitrary: its largest part is made positive.
    signs = np.sign(components[np.abs(components).argmax(axis=0), np.arange(components.shape[1])])
    scaled = components * signs / np.sqrt(variances[kept])
    return Projection(source, mean.astype(np.float32), np.ascontiguousarray(scaled, np.float32))


def _moments(source: Source, table: FeatureTable) -> tuple[int, Values, Values]:
    """(rows, mean (d), covariance (d, d)) of a sample over the whole table, in pieces."""
    places = np.arange(0, len(table), max(1, -(-len(table) // LARGEST_SAMPLE)))
    width = table.parts[source.block].shape[1]
    count, total, squares = 0, np.zeros(width), np.zeros((width, width))
    start: Values | None = None
    for begin in range(0, len(places), CHUNK):
        values = _there(source, table, places[begin : begin + CHUNK]).astype(np.float64)
        if not len(values):
            continue
        # Around a point amid them: the squares of what lies far from 0 would lose the digits.
        start = values.mean(axis=0) if start is None else start
        values -= start
        count += len(values)
        total += values.sum(axis=0)
        squares += values.T @ values
    if start is None:
        return 0, total, squares
    apart = total / count
    return count, start + apart, squares / count - np.outer(apart, apart)


def _there(source: Source, table: FeatureTable, rows: NDArray[np.intp]) -> Floats:
    """What is projected of these rows (m, d), without those where it is missing."""
    values = np.asarray(table.parts[source.block][rows])
    there = present(values)
    if source.less:
        other = np.asarray(table.parts[source.less][rows])
        there &= present(other)
        values = values - other
    return values[there]


def lacking(part: Part) -> int:
    """How many candidates have no such embedding, read in pieces."""
    shared = wrapped(part)
    pieces = (np.asarray(shared.rows[at : at + CHUNK], np.float32) for at in range(0, len(shared.rows), CHUNK))
    missing = np.concatenate([np.zeros(0, bool), *(~present(piece) for piece in pieces)])
    return int(missing[shared.at].sum())


def present(values: Floats) -> NDArray[np.bool_]:
    """(n): which rows are an embedding, neither zeros in place of one nor partly missing."""
    length = np.einsum("ij,ij->i", values, values)
    return np.asarray(np.isfinite(length) & (length > 0), np.bool_)
