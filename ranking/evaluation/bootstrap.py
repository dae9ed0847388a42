"""Paired cluster bootstrap over products, without a loop over resamples.

A resample of products is a row of counts: how often each product was drawn. Every figure here is computed from such
rows at once, and two rankers measured on the same rows are paired: what products have in common cancels.
Percentile intervals are too short for few products, as resamples vary by (n - 1) / n of what they should, and have a
normal's tails, not Student's. `expanded` takes further quantiles for that (Hesterberg 2015, The American Statistician
69, 371-386, section 5.3); it is what is used unless something else is asked for. BCa (Efron 1987, JASA 82, 171-185)
corrects for bias and skewness in their place, with a jackknife over products.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from ranking.evaluation.exceptions import CannotEvaluate

Values = NDArray[np.float64]
Counts = NDArray[np.float64]  # (resamples, products)
Estimate = Callable[[Counts], Values]  # (m, products) to (m,); NaN where a resample has no value
Form = Literal["expanded", "percentile", "bca"]

RESAMPLES = 2000
CONFIDENCE = 0.95
# Numbers held at once by figures that need every row in every resample: 64 MB.
MOST_AT_ONCE = 8_000_000


@dataclass(frozen=True)
class Interval:
    """A figure and the range it may lie in; without a value, or without a range, None, and `said` tells why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    said: str = ""

    @property
    def above_zero(self) -> bool:
        return self.low is not None and self.low > 0

    @property
    def below_zero(self) -> bool:
        return self.high is not None and self.high < 0


def resample(products: int, *, seed: int, resamples: int = RESAMPLES) -> Counts:
    """(resamples, products): how often each product is drawn; each row adds up to their number."""
    if products < 1 or resamples < 1:
        raise CannotEvaluate(f"{resamples} resamples of {products} products cannot be drawn.")
    even = np.full(products, 1 / products)
    return np.random.default_rng(seed).multinomial(products, even, size=resamples).astype(np.float64)


def whole(products: int) -> Counts:
    """(1, products): every product once, for the figure itself."""
    return np.ones((1, products))


def jackknife(estimate: Estimate, products: int) -> Values:
    """(products,): the figure without each product in turn."""
    step = max(1, MOST_AT_ONCE // products)
    found = []
    for start in range(0, products, step):
        counts = np.ones((min(step, products - start), products))
        counts[np.arange(len(counts)), np.arange(start, start + len(counts))] = 0
        found.append(estimate(counts))
    return np.concatenate(found)


def interval(
    estimate: Estimate, counts: Counts, *, confidence: float = CONFIDENCE, form: Form = "expanded"
) -> Interval:
    """The figure with the middle `confidence` of its resamples' values."""
    value = float(estimate(whole(counts.shape[1]))[0])
    tail = (1 - confidence) / 2
    return between(value, estimate, counts, tails=(tail, 1 - tail), form=form)


def between(
    value: float, estimate: Estimate, counts: Counts, *, tails: tuple[float, float], form: Form = "expanded"
) -> Interval:
    """The figure with the quantiles `tails` of its resamples' values, for one-sided bounds too."""
    if not np.isfinite(value):
        return Interval(None, said="There is no value: these candidates are all alike in it.")
    drawn = estimate(counts)
    there = drawn[np.isfinite(drawn)]
    if counts.shape[1] < 2 or len(there) < len(drawn) / 2:
        return Interval(value, said=f"Without an interval: {counts.shape[1]} product(s) are too few for one.")
    levels = tails
    if form == "bca":
        levels = _corrected(value, there, jackknife(estimate, counts.shape[1]), tails)
    elif form == "expanded":
        levels = expanded(tails, counts.shape[1])
    low, high = np.quantile(there, levels)
    missing = len(drawn) - len(there)
    said = f"{missing:,} of {len(drawn):,} resamples have no value." if missing > len(drawn) / 100 else ""
    return Interval(value, float(low), float(high), said)


def expanded(tails: tuple[float, float], products: int) -> tuple[float, float]:
    """Quantile levels further out, for so few products; nearly the same from some hundreds on."""
    far = np.sqrt(products / (products - 1)) * student.ppf(np.asarray(tails), products - 1)
    low, high = norm.cdf(far)
    return float(low), float(high)


def _corrected(value: float, drawn: Values, without: Values, tails: tuple[float, float]) -> tuple[float, float]:
    """BCa's quantile levels: Efron (1987), formulas (2.3) and (6.6)."""
    # Values equal to the figure count half: with few products many resamples tie with it.
    below = ((drawn < value).mean() + (drawn <= value).mean()) / 2
    bias = norm.ppf(np.clip(below, 1 / len(drawn), 1 - 1 / len(drawn)))
    there = without[np.isfinite(without)]
    apart = there.mean() - there if len(there) else np.zeros(1)
    spread = float((apart**2).sum())
    acceleration = float((apart**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    wanted = bias + norm.ppf(np.asarray(tails))
    levels = norm.cdf(bias + wanted / (1 - acceleration * wanted))
    return float(levels[0]), float(levels[1])
