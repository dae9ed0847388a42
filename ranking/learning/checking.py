"""The few figures that learning itself looks at, out of fold: is a richer recipe worth it, are probabilities true."""

import numpy as np
from numpy.typing import NDArray

from ranking.learning.labels import Values


def within_auc(scores: Values, passed: Values, products: NDArray[np.int64]) -> float:
    """Share of (passed, failed) pairs of one product in the right order, ties as half; NaN without any pair.

    Higher is better. All pairs weigh the same.
    """
    order = np.lexsort((scores, products))
    right = pairs = 0.0
    ends = np.r_[np.flatnonzero(np.diff(products[order])) + 1, len(order)]
    start = 0
    for end in ends:
        rows = order[start:end]
        start = end
        yes = float(passed[rows].sum())
        no = len(rows) - yes
        if yes and no:
            ranks = _middle_ranks(scores[rows])
            right += float(ranks[passed[rows] == 1].sum()) - yes * (yes - 1) / 2
            pairs += yes * no
    return right / pairs if pairs else float("nan")


def auc(scores: Values, passed: Values) -> float:
    """Over all images, whatever their product; NaN where all passed or none did. Higher is better."""
    return within_auc(scores, passed, np.zeros(len(scores), np.int64))


def calibration_error(chances: Values, passed: Values, bins: int = 10) -> float:
    """Expected calibration error over bins of equal counts: mean of |mean chance - share passed|. Lower is better."""
    parts = np.array_split(np.argsort(chances, kind="stable"), bins)
    gaps = [abs(float(chances[rows].mean() - passed[rows].mean())) * len(rows) for rows in parts if len(rows)]
    return sum(gaps) / len(chances)


def _middle_ranks(ascending: Values) -> Values:
    """(n): places from 0 of values in order; equal values share the middle."""
    new = np.r_[True, ascending[1:] != ascending[:-1]]
    runs = np.flatnonzero(new)
    ends = np.r_[runs[1:], len(ascending)]
    return np.asarray(((runs + ends - 1) / 2)[np.cumsum(new) - 1])


def within_concordance(scores: Values, targets: Values, products: NDArray[np.int64]) -> float:
    """As `within_auc` for soft targets: each pair of one product counts by how far apart its targets are.

    With targets of 0 and 1 it is the same. Soft targets tell more than verdicts where labels are few.
    """
    order = np.argsort(products, kind="stable")
    right = whole = 0.0
    for rows in np.split(order, np.flatnonzero(np.diff(products[order])) + 1):
        apart = targets[rows][:, None] - targets[rows]
        higher = np.sign(scores[rows][:, None] - scores[rows])
        weight = np.maximum(apart, 0.0)
        right += float((weight * (higher + 1) / 2).sum())
        whole += float(weight.sum())
    return right / whole if whole else float("nan")
