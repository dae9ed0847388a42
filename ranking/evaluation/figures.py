"""The figures that rankers are judged by, each as an estimate that takes resamples of products.

`FIGURES[name].of(scores, judged)` gives a function from counts (m, products) to values (m,): with `bootstrap.whole` the
figure itself, with `bootstrap.resample` its spread. All respect the weights of chosen candidates, but for `with_pass`,
which counts what was judged. Where only a part of a product's candidates was judged, `top` picks among that part;
`picked_rate` takes picks that were made among all. Equal scores share their places: a figure never depends on the order
in which candidates are stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import gammaln

from ranking.evaluation.bootstrap import MOST_AT_ONCE, Counts, Estimate, whole
from ranking.evaluation.judged import Judged, Positions, Values
from ranking.learning.checking import BINS, equal_bins, pairs_within

Build = Callable[[Values, Judged], Estimate]
Pairing = Callable[[Estimate, Estimate], Estimate]  # difference, lift


@dataclass(frozen=True)
class Figure:
    """`words` is what a page calls it; `probability` says that it needs probabilities, not just an order."""

    name: str
    words: str
    of: Build
    better: Literal["higher", "lower"] = "higher"
    probability: bool = False


def value_of(estimate: Estimate, judged: Judged) -> float:
    """The figure over all products, each once."""
    return float(estimate(whole(len(judged.ids)))[0])


def pearson(scores: Values, judged: Judged) -> Estimate:
    """Pearson's correlation of score and verdict."""
    return _correlation(scores, judged.passed, judged)


def pearson_share(scores: Values, judged: Judged) -> Estimate:
    """Pearson's correlation of score and graded judgement."""
    return _correlation(scores, judged.share, judged)


def spearman(scores: Values, judged: Judged) -> Estimate:
    """Spearman's correlation of score and graded judgement: Pearson's of mid-ranks, ranked anew in each resample."""
    first, second = _Ties.of(scores), _Ties.of(judged.share)

    def over(drawn: Values) -> Values:
        ranks = first.middles(drawn), second.middles(drawn)
        total = drawn.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = [(drawn * rank).sum(axis=1) / total for rank in ranks]
            apart = [rank - mean[:, None] for rank, mean in zip(ranks, means, strict=True)]
            both = (drawn * apart[0] * apart[1]).sum(axis=1)
            alone = [(drawn * part**2).sum(axis=1) for part in apart]
            return np.asarray(both / np.sqrt(alone[0] * alone[1]))

    return _by_rows(over, judged)


def auc(scores: Values, judged: Judged) -> Estimate:
    """Share of (passing, failing) pairs over all candidates in the right order; equal scores count half."""
    ties = _Ties.of(scores)

    def over(drawn: Values) -> Values:
        up, down = ties.totals(drawn * judged.passed), ties.totals(drawn * (1 - judged.passed))
        below = np.cumsum(down, axis=1) - down / 2
        with np.errstate(invalid="ignore"):
            return np.asarray((up * below).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1)))

    return _by_rows(over, judged)


def auc_within(scores: Values, judged: Judged) -> Estimate:
    """Share of (passing, failing) pairs of the same product in the right order; equal scores count half."""
    return ratio(pairs_within(scores, judged.passed, judged.weight, judged.place))


def top(n: int) -> Build:
    """Mean over products of the pass rate of their n best-scored candidates."""

    def build(scores: Values, judged: Judged) -> Estimate:
        picked = picks(scores, judged.place, n)
        return picked_rate(picked, judged, judged.by_product(picked)[:, 0])

    return build


def picked_rate(picked: Values, judged: Judged, slots: float | Values) -> Estimate:
    """Mean over products of the pass rate of picks that were made among all their candidates, judged or not.

    picked (n) is 1 for a judged pick, 0 for a judged candidate that was not picked, and `slots` the picks of each
    product. Horvitz and Thompson's estimate in ratio form: a judged pick stands for `weight` picks.
    """
    sums = judged.by_product(picked * judged.weight * judged.passed, picked * judged.weight)
    return ratio(sums / np.broadcast_to(np.asarray(slots, np.float64), len(judged.ids))[:, None])


def random_rate(judged: Judged) -> Estimate:
    """Mean over products of the pass rate of a candidate drawn at random."""
    passed, all_of = judged.by_product(judged.weight * judged.passed, judged.weight).T
    return ratio(np.column_stack([passed / all_of, np.ones(len(all_of))]))


def with_pass(n: int) -> Build:
    """Share of products with a passing candidate among their n best-scored; ties at the edge as if drawn by lot."""

    def build(scores: Values, judged: Judged) -> Estimate:
        picked = picks(scores, judged.place, n)
        sure = judged.by_product((picked == 1) * judged.passed)[:, 0] > 0
        edge = (picked > 0) & (picked < 1)
        tied, passing, slots = judged.by_product(edge * 1.0, edge * judged.passed, edge * picked).T
        chance = np.where(sure, 1.0, 1 - _none_of(tied, passing, np.round(slots)))
        return ratio(np.column_stack([chance, np.ones(len(chance))]))

    return build


def ece(scores: Values, judged: Judged) -> Estimate:
    """Expected calibration error: mean distance of predicted and observed pass rate over ten bins of equal size.

    Resamples lie above the figure itself, as noise only ever adds distance; compare two rankers on the same resamples.
    """
    bins = equal_bins(scores)
    inside = [(bins == place) * judged.weight for place in range(BINS)]
    apart = judged.by_product(*(part * (scores - judged.passed) for part in inside))
    total = judged.by_product(judged.weight)

    def estimate(counts: Counts) -> Values:
        return np.asarray(np.abs(counts @ apart).sum(axis=1) / (counts @ total)[:, 0])

    return estimate


def picks(scores: Values, place: Positions, n: int) -> Values:
    """(rows,): 1 for the n best-scored of each product, 0 for others; ties at the edge share what is left of the n."""
    order = np.lexsort((-scores, place))
    owner, score = place[order], scores[order]
    new = np.r_[True, np.diff(owner) != 0]
    starts = np.flatnonzero(new | np.r_[True, np.diff(score) != 0])
    size = np.diff(np.r_[starts, len(order)])
    first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    before = starts - first[starts]
    share = np.clip((n - before) / size, 0.0, 1.0)
    picked = np.empty(len(order))
    picked[order] = np.repeat(share, size)
    return picked


def ratio(sums: Values) -> Estimate:
    """Of (products, 2): the sum of the first column over that of the second."""

    def estimate(counts: Counts) -> Values:
        added = counts @ sums
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(added[:, 0] / added[:, 1])

    return estimate


def difference(first: Estimate, second: Estimate) -> Estimate:
    """first - second on the same products."""
    return lambda counts: first(counts) - second(counts)


def lift(first: Estimate, second: Estimate) -> Estimate:
    """How much higher first is than second, relative to second, on the same products."""

    def estimate(counts: Counts) -> Values:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(first(counts) / second(counts) - 1)

    return estimate


def _correlation(scores: Values, judgement: Values, judged: Judged) -> Estimate:
    # Centred first: the difference of two large sums would lose the digits.
    x, y, weight = scores - scores.mean(), judgement - judgement.mean(), judged.weight
    sums = judged.by_product(*(weight * part for part in (np.ones(len(x)), x, y, x * x, y * y, x * y)))

    def estimate(counts: Counts) -> Values:
        total, sx, sy, sxx, syy, sxy = (counts @ sums).T
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((total * sxy - sx * sy) / np.sqrt((total * sxx - sx**2) * (total * syy - sy**2)))

    return estimate


def _by_rows(over: Callable[[Values], Values], judged: Judged) -> Estimate:
    """An estimate from weights of rows (m, n), some resamples at a time."""

    def estimate(counts: Counts) -> Values:
        step = max(1, MOST_AT_ONCE // (4 * len(judged)))
        pieces = [counts[start : start + step] for start in range(0, len(counts), step)]
        return np.concatenate([over(piece[:, judged.place] * judged.weight) for piece in pieces])

    return estimate


def _none_of(tied: Values, passing: Values, slots: Values) -> Values:
    """The chance that `slots` draws of `tied` candidates, `passing` of them passing, hold no passing one."""

    def ways(of: Values) -> Values:
        possible = of >= slots
        there = np.where(possible, of, slots)
        told = gammaln(there + 1) - gammaln(slots + 1) - gammaln(there - slots + 1)
        return np.where(possible, told, -np.inf)

    return np.asarray(np.exp(ways(tied - passing) - ways(tied)))


@dataclass(frozen=True)
class _Ties:
    """Values in ascending order as groups of equal ones."""

    order: Positions
    starts: Positions
    group: Positions  # of each row, as it was given

    @classmethod
    def of(cls, values: Values) -> "_Ties":
        order = np.argsort(values, kind="stable")
        new = np.r_[True, np.diff(values[order]) != 0]
        group = np.empty(len(order), np.intp)
        group[order] = np.cumsum(new) - 1
        return cls(order, np.flatnonzero(new), group)

    def totals(self, drawn: Values) -> Values:
        """(m, groups): weights of rows (m, n) added up within groups."""
        return np.asarray(np.add.reduceat(drawn[:, self.order], self.starts, axis=1))

    def middles(self, drawn: Values) -> Values:
        """(m, n): each row's mid-rank, were it there as often as its weight says."""
        totals = self.totals(drawn)
        return np.asarray((np.cumsum(totals, axis=1) - totals / 2)[:, self.group])


def tops(n: int) -> list[int]:
    """Of how many picks a product's pass rate is told, where n ship."""
    return sorted({1, 3, n})


def figures(n: int = 3) -> Mapping[str, Figure]:
    """All figures by name, with picks of 1, of 3 and of n."""
    listed = [
        Figure("auc_within", "ROC-AUC within products", auc_within),
        *(Figure(f"top_{k}", f"pass rate of the picked {k}", top(k)) for k in tops(n)),
        Figure(f"with_pass_{n}", f"products with a passing image among the picked {n}", with_pass(n)),
        Figure("pearson", "Pearson, with verdicts", pearson),
        Figure("spearman", "Spearman, with rater shares", spearman),
        Figure("auc", "ROC-AUC over all", auc),
        Figure("ece", "calibration error (ECE)", ece, better="lower", probability=True),
    ]
    return {figure.name: figure for figure in listed}
