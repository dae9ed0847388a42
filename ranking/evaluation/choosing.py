"""What to rate next: likely picks, uncertain ones and random ones, drawn in one draw with known chances.

Every candidate gets a chance of being chosen, made of three parts: what will ship (the best of each product), what is
uncertain, and an even part, so that no chance is 0. One systematic draw (Madow 1949, Annals of Mathematical
Statistics 20, 333-354) along the products then gives exactly these chances, exactly the budget, and a spread over
products. Each choice is told one of its reasons by lot, in proportion to the parts: those told `random` are an even
sample by themselves, and with 1 / chance as weight all together stand for all.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation.exceptions import CannotEvaluate

Values = NDArray[np.float64]
_ROUNDS = 60  # halvings: more than a float has digits


class Reason(IntEnum):
    TOP = 0
    UNCERTAIN = 1
    RANDOM = 2


@dataclass(frozen=True)
class Mix:
    """How the budget is divided. The even part may not be nothing: without it no figure can be trusted later."""

    top: float = 0.4
    uncertain: float = 0.35
    random: float = 0.25
    each: int = 3  # picks a product ships

    def __post_init__(self) -> None:
        parts = (self.top, self.uncertain, self.random)
        if min(parts) < 0 or abs(sum(parts) - 1) > 1e-6:
            raise CannotEvaluate(f"The parts {self.top}, {self.uncertain} and {self.random} must add up to 1.")
        if self.random < 0.05:
            raise CannotEvaluate(f"{self.random:.0%} at random is too little to evaluate on; keep at least 5 %.")
        if self.each < 1:
            raise CannotEvaluate(f"{self.each} picks a product are none; a product ships 1 or more.")


@dataclass(frozen=True)
class Choice:
    """Rows chosen, ascending; chance (of each) with which it was, reason (of each); and what may come of it."""

    rows: NDArray[np.intp]
    chance: Values
    reason: NDArray[np.intp]
    passing: float  # expected number of passing images among them
    products: int
    newly_served: float  # expected number of products that get their first passing image

    @property
    def weight(self) -> Values:
        return np.asarray(1 / self.chance)


def choose(  # noqa: PLR0913 - each is a part of the question
    products: NDArray[np.int64],
    chances: Values,
    budget: int,
    *,
    mix: Mix | None = None,
    seed: int = 0,
    served: NDArray[np.int64] | None = None,
) -> Choice:
    """Chooses from candidates not rated yet: products (n) and their probabilities of passing (n).

    `served` are products that have a passing image already. A budget beyond the candidates takes all. Raises
    CannotEvaluate for a budget below 1, no candidates, or what is no probability.
    """
    mix = mix or Mix()
    _check(products, chances, budget)
    drawing = np.random.default_rng(seed)
    budget = min(budget, len(chances))
    parts = _parts(products, chances, budget, mix, drawing)
    inclusion, scaled = _to_budget(parts, budget)
    rows = _systematic(products, inclusion, drawing)
    told = drawing.random(len(rows)) * scaled[rows].sum(axis=1)
    reason = (told[:, None] >= np.cumsum(scaled[rows], axis=1)[:, :-1]).sum(axis=1)
    waiting = ~np.isin(products[rows], [] if served is None else served)
    ids, place = np.unique(products[rows][waiting], return_inverse=True)
    none = np.exp(np.bincount(place, np.log1p(-np.minimum(chances[rows][waiting], 1 - 1e-12)), minlength=len(ids)))
    return Choice(
        rows,
        inclusion[rows],
        reason,
        float(chances[rows].sum()),
        len(np.unique(products[rows])),
        float((1 - none).sum()),
    )


def _check(products: NDArray[np.int64], chances: Values, budget: int) -> None:
    if budget < 1:
        raise CannotEvaluate(f"A budget of {budget} images rates nothing; ask for 1 or more.")
    if len(chances) == 0:
        raise CannotEvaluate("Every candidate is rated already; generate more, then choose.")
    if products.shape != chances.shape:
        raise CannotEvaluate(f"{products.shape} products do not fit {chances.shape} probabilities.")
    if not (np.isfinite(chances) & (chances >= 0) & (chances <= 1)).all():
        raise CannotEvaluate("A candidate has no probability of passing; score all candidates first.")


def _parts(products: NDArray[np.int64], chances: Values, budget: int, mix: Mix, drawing: np.random.Generator) -> Values:
    """(n, 3): how much of the budget goes to each candidate for each reason; columns add up to their parts."""
    doubt = chances * (1 - chances)
    even = np.full(len(chances), 1 / len(chances))
    uncertain = doubt / doubt.sum() if doubt.sum() > 0 else even
    top = _top(products, chances, budget * mix.top, mix.each, drawing)
    left = budget * mix.top - top.sum()  # more than all picks: the rest goes to what is uncertain
    return np.column_stack([top, (budget * mix.uncertain + left) * uncertain, budget * mix.random * even])


def _top(
    products: NDArray[np.int64], chances: Values, budget: float, each: int, drawing: np.random.Generator
) -> Values:
    """(n,): first the best of every product, then every second-best, and so on; within a rank, all alike."""
    order = np.lexsort((drawing.random(len(chances)), -chances, products))
    owner = products[order]
    starts = np.r_[0, np.flatnonzero(np.diff(owner)) + 1]
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    sizes = np.bincount(rank, minlength=each)[:each]
    shares = np.clip((budget - (np.cumsum(sizes) - sizes)) / np.maximum(sizes, 1), 0, 1)
    return np.where(rank < each, np.r_[shares, 0.0][np.minimum(rank, each)], 0.0)


def _to_budget(parts: Values, budget: int) -> tuple[Values, Values]:
    """Chances of at most 1 that add up to the budget, and the parts that they are made of.

    Where a chance is cut at 1, the others grow by one factor; a chance near 0 stays above it.
    """
    total = parts.sum(axis=1)
    low, high = 0.0, 1.0
    while np.minimum(1, high * total).sum() < budget - 1e-9 and high < 1e12:
        high *= 2
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1, middle * total).sum() < budget else (low, middle)
    inclusion = np.minimum(1, high * total)
    return np.asarray(inclusion), np.asarray(parts * (inclusion / total)[:, None])


def _systematic(products: NDArray[np.int64], inclusion: Values, drawing: np.random.Generator) -> NDArray[np.intp]:
    """Rows drawn with exactly these chances: products in random order, candidates of each in random order."""
    ids, place = np.unique(products, return_inverse=True)
    order = np.lexsort((drawing.random(len(products)), drawing.permutation(len(ids))[place]))
    ends = np.cumsum(inclusion[order])
    # Ends are within rounding of whole numbers at the last; the draw must not fall beyond it.
    ends *= round(ends[-1]) / ends[-1]
    ticks = np.floor(ends - drawing.random()).astype(np.int64)
    drawn = np.diff(np.r_[-1, ticks]) > 0
    return np.sort(order[drawn])
