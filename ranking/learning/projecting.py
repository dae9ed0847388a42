"""Principal components of embeddings, fitted on training rows only; a missing embedding stays missing.

Of a candidate and its product's photos in one space the difference is projected: what the product is, is the same in
both, and what went wrong is not. Rows of zeros or with a NaN are missing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ranking.learning.labels import Values
from ranking.learning.table import EMBEDDING, Definition, FeatureTable, Floats

LARGEST_SAMPLE = 16_000  # rows that covariances are computed from: more change no figure
CHUNK = 8_192  # rows that are in memory as a difference at a time
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
        """(n, k), NaN where the embedding is missing. Rows are projected alone: chunks give the same numbers."""
        made = np.full((len(table), self.components.shape[1]), np.nan)
        for start in range(0, len(table), CHUNK):
            rows = slice(start, start + CHUNK)
            values, there = _rows(self.source, table, rows)
            made[rows][there] = (values[there] - self.mean) @ self.components
        return made


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
    step = max(1, -(-len(table) // LARGEST_SAMPLE))
    values, there = _rows(source, table, slice(None, None, step))
    values = values[there].astype(np.float64)
    if len(values) < 3:
        return None
    mean = values.mean(axis=0)
    values -= mean
    width = values.shape[1]
    count = min(most if source.less else min(most, PLAIN_COMPONENTS), width, len(values) - 1)
    variances, components = eigh(values.T @ values / len(values), subset_by_index=[width - count, width - 1])
    variances, components = variances[::-1], components[:, ::-1]
    kept = variances > 1e-9 * max(float(variances[0]), 1e-12)
    if not kept.any():
        return None
    components = components[:, kept]
    # An eigenvector's sign is arbitrary: its largest part is made positive.
    signs = np.sign(components[np.abs(components).argmax(axis=0), np.arange(components.shape[1])])
    scaled = components * signs / np.sqrt(variances[kept])
    return Projection(source, mean.astype(np.float32), np.ascontiguousarray(scaled, np.float32))


def _rows(source: Source, table: FeatureTable, rows: slice) -> tuple[Floats, NDArray[np.bool_]]:
    """What is projected (n, d) and where it is there (n)."""
    values = table.parts[source.block][rows]
    there = present(values)
    if source.less:
        other = table.parts[source.less][rows]
        there &= present(other)
        values = values - other
    return values, there


def present(values: Floats) -> NDArray[np.bool_]:
    """(n): which rows are an embedding, neither zeros in place of one nor partly missing."""
    return np.asarray(np.isfinite(values).all(axis=1) & values.any(axis=1), np.bool_)
