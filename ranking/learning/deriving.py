"""Features relative to the product's other candidates: one way to make them, for training and for scoring.

Of each metric and each judge's answer: its difference to the product's mean, its rank within the product (0 worst, 1
best; the middle for an only image) and the product's mean itself. What is missing stays NaN and counts for nothing.
"""

import numpy as np
from numpy.typing import NDArray

from ranking.learning.labels import Values
from ranking.learning.table import JUDGES, METRICS, RELATIVE, Block, Definition, FeatureTable

KINDS = ("difference", "rank", "mean")
VERSION = 1


def derive(raw: FeatureTable) -> FeatureTable:
    """The table with its relative block; a table that has one already is given back as it is.

    The table must hold whole products: a candidate is compared with the rows there are.
    """
    if raw.definition.has(RELATIVE):
        return raw
    names = [block.name for block in raw.definition.blocks if block.name in (METRICS, JUDGES)]
    columns = [column for name in names for column in raw.definition.block(name).columns]
    made = [f"{column} {kind}" for kind in KINDS for column in columns]
    parts = [raw.part(name) for name in names] or [np.zeros((len(raw), 0), np.float32)]
    values = relative(np.concatenate(parts, axis=1).astype(np.float64), raw.products)
    definition = Definition((*raw.definition.blocks, Block(RELATIVE, tuple(made), VERSION)))
    return FeatureTable(definition, {**raw.parts, RELATIVE: values.astype(np.float32)}, raw.products, raw.candidates)


def relative(values: Values, products: NDArray[np.int64]) -> Values:
    """(n, 3 d): differences to the product's mean, ranks in (0, 1), means; from (n, d) with NaN for missing."""
    if not values.size:
        return np.zeros((len(values), 3 * values.shape[1]))
    _, group = np.unique(products, return_inverse=True)
    there = np.isfinite(values)
    counts = _sums(there.astype(np.float64), group)
    with np.errstate(invalid="ignore"):
        means = (_sums(np.where(there, values, 0.0), group) / counts)[group]
    ranks = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        rows = np.flatnonzero(there[:, column])
        ranks[rows, column] = _ranks(values[rows, column], group[rows])
    return np.concatenate([values - means, ranks, means], axis=1)


def _sums(values: Values, group: NDArray[np.intp]) -> Values:
    """(groups, d): the sum of each group's rows."""
    order = np.argsort(group, kind="stable")
    starts = np.r_[0, np.flatnonzero(np.diff(group[order])) + 1]
    return np.asarray(np.add.reduceat(values[order], starts, axis=0))


def _ranks(values: Values, group: NDArray[np.intp]) -> Values:
    """(n): middle ranks within each group, scaled to (0, 1); equal values share theirs."""
    if not len(values):
        return np.zeros(0)
    order = np.lexsort((values, group))
    sorted_values, sorted_group = values[order], group[order]
    new_group = np.r_[True, sorted_group[1:] != sorted_group[:-1]]
    starts = np.flatnonzero(new_group)
    which = np.cumsum(new_group) - 1
    sizes = np.diff(np.r_[starts, len(values)])
    # Runs of equal values within a group: each member has the middle of the run's places.
    new_run = new_group | np.r_[True, sorted_values[1:] != sorted_values[:-1]]
    runs = np.flatnonzero(new_run)
    ends = np.r_[runs[1:], len(values)]
    run = np.cumsum(new_run) - 1
    middle = (runs + ends - 1) / 2
    ranks = np.empty(len(values))
    ranks[order] = (middle[run] - starts[which] + 0.5) / sizes[which]
    return ranks
