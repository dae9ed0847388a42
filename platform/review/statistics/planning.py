"""How many products it takes to tell two methods apart: by simulating studies with the clustering that was observed.

A product's chance of passing differs from product to product (a beta distribution, as wide as `icc` says), and products
that are hard for one method are hard for the other (`shared`, the correlation of their normal scores). Each simulated
study is tested as the comparison page tests it, by a paired t of product rates.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from review.statistics.exceptions import CannotPlan

STUDIES = 2_000
MOST_PRODUCTS = 5_000
_GRID = 512  # quantiles of a beta distribution, which is slow to ask for one by one
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What is expected: pass rates per image now and then, images of each method a product, raters an image."""

    base: float
    expected: float
    images: int = 10
    raters: int = 3
    icc: float = 0.3
    shared: float = 0.5
    power: float = 0.8
    level: float = 0.05

    def __post_init__(self) -> None:
        for name in ("base", "expected", "icc", "power", "level"):
            if not 0 < getattr(self, name) < 1:
                raise CannotPlan(f"{name} is {getattr(self, name)}; it has to lie between 0 and 1.")
        if not -1 < self.shared < 1:
            raise CannotPlan(f"shared is {self.shared}; a correlation lies between -1 and 1.")
        if self.base == self.expected:
            raise CannotPlan("The two rates are the same: no number of products tells them apart.")
        if self.images < 1 or self.raters < 1:
            raise CannotPlan("A study has 1 image a product or more, and 1 rater an image or more.")


@dataclass(frozen=True)
class Needed:
    """The smallest number of products whose simulated power is reached, and what rating them costs."""

    products: int
    power: float
    images: int
    ratings: int


def products_for(plan: Plan, *, seed: int = 0, studies: int = STUDIES) -> Needed:
    """By halving between what a formula says; raises CannotPlan beyond MOST_PRODUCTS."""
    low, high = 2, min(MOST_PRODUCTS, max(8, _by_formula(plan)))
    while power_of(plan, high, seed=seed, studies=studies) < plan.power:
        if high == MOST_PRODUCTS:
            raise CannotPlan(
                f"It would take more than {MOST_PRODUCTS:,} products: the difference of {plan.base:.1%} and"
                f" {plan.expected:.1%} is too small, or there are too few images a product."
            )
        low, high = high, min(MOST_PRODUCTS, high * 2)
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        enough = power_of(plan, middle, seed=seed, studies=studies) >= plan.power
        low, high = (low, middle) if enough else (middle, high)
    images = high * plan.images * 2
    return Needed(high, power_of(plan, high, seed=seed, studies=studies), images, images * plan.raters)


def power_of(plan: Plan, products: int, *, seed: int = 0, studies: int = STUDIES) -> float:
    """The share of simulated studies of so many products that find the difference."""
    drawing = np.random.default_rng([seed, products])
    step = max(1, 2_000_000 // products)
    found = sum(
        int(_found(plan, products, min(step, studies - start), drawing).sum()) for start in range(0, studies, step)
    )
    return found / studies


def observed_icc(images: NDArray[np.int64], passed: NDArray[np.int64]) -> float | None:
    """How alike images of a product are, 0 to 1, from (products,) counts: the analysis-of-variance estimate.

    Ridout, Demétrio and Firth (1999), Biometrics 55, 137-148. None where no product has two images, or all are alike.
    """
    used = images > 0
    n, k = images[used].astype(np.float64), passed[used].astype(np.float64)
    total, products = n.sum(), len(n)
    if products < 2 or total <= products or not 0 < k.sum() < total:
        return None
    within = float((k - k**2 / n).sum()) / (total - products)
    between = float((k**2 / n).sum() - k.sum() ** 2 / total) / (products - 1)
    usual = (total - (n**2).sum() / total) / (products - 1)
    return float(min(1.0, max(0.0, (between - within) / (between + (usual - 1) * within))))


def observed_shared(first: NDArray[np.int64], second: NDArray[np.int64]) -> float | None:
    """How alike two methods are on a product, -1 to 1, from (products, 2) counts of images and passing ones.

    The covariance of the products' rates, in which chance has no part as the images are others, over what the rates
    vary beyond chance by `observed_icc`: Spearman's correction for attenuation. None where products do not vary.
    """
    rates = [one[:, 1] / one[:, 0] for one in (first, second)]
    spread = 1.0
    for one, rate in zip((first, second), rates, strict=True):
        icc = observed_icc(one[:, 0], one[:, 1])
        spread *= (icc or 0.0) * float(rate.mean()) * (1 - float(rate.mean()))
    if spread <= 0:
        return None
    together = float(np.cov(rates[0], rates[1], ddof=1)[0, 1])
    return min(1.0, max(-1.0, together / math.sqrt(spread)))


def _found(plan: Plan, products: int, studies: int, drawing: np.random.Generator) -> NDArray[np.bool_]:
    """(studies,): whether each finds the expected method better."""
    one = drawing.standard_normal((studies, products))
    other = plan.shared * one + math.sqrt(1 - plan.shared**2) * drawing.standard_normal((studies, products))
    base = drawing.binomial(plan.images, _chances(plan.base, plan.icc, one)) / plan.images
    expected = drawing.binomial(plan.images, _chances(plan.expected, plan.icc, other)) / plan.images
    apart = (expected - base) * (1 if plan.expected > plan.base else -1)
    error = apart.std(axis=1, ddof=1) / math.sqrt(products)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = apart.mean(axis=1) / error
    # Products that differ alike leave no spread to test against: the comparison page names nobody then.
    return np.asarray((found > stats.t.ppf(1 - plan.level / 2, products - 1)) & (error > 1e-12))


def _chances(rate: float, icc: float, scores: Values) -> Values:
    """Products' chances of passing, by their normal scores."""
    size = 1 / icc - 1
    places = (np.arange(_GRID) + 0.5) / _GRID
    quantiles = stats.beta.ppf(places, rate * size, (1 - rate) * size)
    # The grid's ends are not the distribution's: brought back to its mean, the rate is what was asked for.
    chances = np.interp(stats.norm.cdf(scores), places, quantiles)
    return np.asarray(np.clip(chances * (rate / float(quantiles.mean())), 0.0, 1.0))


def _by_formula(plan: Plan) -> int:
    rates = (plan.base, plan.expected)
    each = [rate * (1 - rate) * (1 + (plan.images - 1) * plan.icc) / plan.images for rate in rates]
    common = plan.shared * plan.icc * math.sqrt(math.prod(rate * (1 - rate) for rate in rates))
    times = stats.norm.ppf(1 - plan.level / 2) + stats.norm.ppf(plan.power)
    return math.ceil(float(times) ** 2 * max(0.0, sum(each) - 2 * common) / (plan.base - plan.expected) ** 2)
