"""Calibration as a plot's points, and how well one rater foretells the others: the ceiling of every ranker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation import bootstrap
from ranking.evaluation.bootstrap import Counts, Interval
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import auc, auc_within, pearson_share, ratio
from ranking.evaluation.judged import Judged, Values, checked
from ranking.learning.checking import BINS, equal_bins


@dataclass(frozen=True)
class Point:
    """One bin of a reliability plot: mean prediction, and the observed pass rate with its interval."""

    predicted: float
    observed: Interval
    count: int


def reliability(chances: Values, judged: Judged, counts: Counts) -> list[Point]:
    """At most ten bins of equal size, lowest predictions first. Raises CannotEvaluate for what is no probability."""
    values = checked(chances, judged)
    if ((values < 0) | (values > 1)).any():
        raise CannotEvaluate(
            f"{values.min():.3g} to {values.max():.3g} are no probabilities; calibrate the ranker first."
        )
    bins, points = equal_bins(values), []
    for place in range(BINS):
        inside = bins == place
        if inside.any():
            weight = judged.weight * inside
            observed = bootstrap.interval(ratio(judged.by_product(weight * judged.passed, weight)), counts)
            points.append(Point(float(np.average(values, weights=weight)), observed, int(inside.sum())))
    return points


@dataclass(frozen=True)
class Ceiling:
    """One rater against the others, the mean over raters; None where no image has two raters, or all agree."""

    pearson: float | None
    auc: float | None
    auc_within: float | None
    raters: int
    images: int


def rater_ceiling(votes: NDArray[np.floating], products: NDArray[np.int64]) -> Ceiling:
    """How well one rater's verdict foretells the others'.

    votes (n, raters): 1 passed, 0 did not, NaN not rated; a column may be a person or simply the first, second, third
    rating. Correlated with the share of the others; the AUC is over images on which the others are not tied.
    """
    found: dict[str, list[float]] = {"pearson": [], "auc": [], "auc_within": []}
    used = np.zeros(len(votes), bool)
    for column in range(votes.shape[1]):
        mine, others = votes[:, column].astype(float), np.delete(votes, column, axis=1).astype(float)
        answers = np.isfinite(others).sum(axis=1)
        there = np.isfinite(mine) & (answers > 0)
        used |= there
        share = np.where(there, np.nansum(others, axis=1) / np.maximum(answers, 1), np.nan)
        _measure(found, mine, share, products)
    means = {name: float(np.mean(values)) if values else None for name, values in found.items()}
    return Ceiling(means["pearson"], means["auc"], means["auc_within"], votes.shape[1], int(used.sum()))


def _measure(found: dict[str, list[float]], mine: Values, share: Values, products: NDArray[np.int64]) -> None:
    for names, rows in (
        (("pearson",), np.isfinite(share)),
        (("auc", "auc_within"), np.isfinite(share) & (share != 0.5)),
    ):
        if not rows.any():
            continue
        judged = Judged.build(products[rows], (share[rows] > 0.5).astype(float), share=share[rows])
        for name in names:
            build = {"pearson": pearson_share, "auc": auc, "auc_within": auc_within}[name]
            value = float(build(mine[rows], judged)(bootstrap.whole(len(judged.ids)))[0])
            if np.isfinite(value):
                found[name].append(value)
