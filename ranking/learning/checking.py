"""The few figures that learning itself looks at, out of fold: is a richer recipe worth it, are probabilities true.

`pairs_within` and `equal_bins` are also what `ranking.evaluation.figures` resamples: each rule is written once.
"""

import numpy as np
from numpy.typing import NDArray

from ranking.learning.labels import Values

BINS = 10


def within_auc(scores: Values, passed: Values, products: NDArray[np.int64]) -> float:
    """Share of (passed, failed) pairs of one product in the right order, ties as half; NaN without any pair.

    Higher is better. All pairs weigh the same.
    """
    place = np.unique(products, return_inverse=True)[1]
    right, pairs = pairs_within(scores, passed, np.ones(len(scores)), place).sum(axis=0).tolist()
    return right / pairs if pairs else float("nan")


def auc(scores: Values, passed: Values) -> float:
    """Over all images, whatever their product; NaN where all passed or none did. Higher is better."""
    return within_auc(scores, passed, np.zeros(len(scores), np.int64))


def pairs_within(scores: Values, passed: Values, weights: Values, place: NDArray[np.intp]) -> Values:
    """(groups, 2): of each group (passed, failed) pairs in the right order, and pairs; place (n) counts from 0."""
    order = np.lexsort((scores, place))
    group, score = place[order], scores[order]
    up, down = (weights * passed)[order], (weights * (1 - passed))[order]
    starts = np.r_[0, np.flatnonzero((np.diff(group) != 0) | (np.diff(score) != 0)) + 1]
    ups, downs = np.add.reduceat(up, starts), np.add.reduceat(down, starts)
    owner, count = group[starts], int(place.max()) + 1
    fails = np.bincount(owner, downs, minlength=count)
    # All failing weight of earlier groups stands before this group's first.
    below = np.cumsum(downs) - downs / 2 - (np.cumsum(fails) - fails)[owner]
    won = np.bincount(owner, ups * below, minlength=count)
    return np.column_stack([won, np.bincount(owner, ups, minlength=count) * fails])


def calibration_error(chances: Values, passed: Values) -> float:
    """Expected calibration error over bins of equal size: mean of |mean chance - share passed|. Lower is better."""
    gaps = np.bincount(equal_bins(chances), chances - passed, minlength=BINS)
    return float(np.abs(gaps).sum() / len(chances))


def equal_bins(scores: Values) -> NDArray[np.intp]:
    """(n,): which of ten bins of equal size each score is in; equal scores share a bin."""
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, scores, side="left")


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
