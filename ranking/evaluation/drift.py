"""Is the world still the one that the ranker learned from? Features, scores, and what picks promised.

The population stability index compares shares of ten bins: sum of (p - q) ln(p / q); .1 is worth a look, .25 an alarm,
as credit scoring has it. With few images chance alone gives about 9 (1/n + 1/m), so what chance may give is asked
for beyond that (Yurdakul 2018). Kolmogorov and Smirnov's distance is told beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged, Values, checked
from ranking.learning.table import FeatureTable

BINS = 10
LOOK, ALARM = 0.1, 0.25
MISSING_ALARM = 0.1  # of a feature's values, more than when it learned
LEAST = 50
_CHANCE = 0.999  # of a column that has not changed to stay below what chance may give
_SMALLEST = 1e-4  # share of an empty bin


class Level(StrEnum):
    STEADY = "steady"
    LOOK = "look"
    ALARM = "alarm"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Shift:
    """How far one column has moved. psi and ks are None where there are too few values."""

    name: str
    level: Level
    psi: float | None
    ks: float | None
    missing: float  # share of values, now less then
    sentence: str


@dataclass(frozen=True)
class Promise:
    """Pass rate of rated picks against what was predicted of them; `low` and `high` are of observed less predicted."""

    level: Level
    predicted: float
    observed: float
    low: float | None
    high: float | None
    picks: int
    sentence: str


@dataclass(frozen=True)
class Reference:
    """A column as it was when the ranker learned: small enough to be stored beside it.

    `edges` of the bins (ascending, inner ones), `shares` of each, sorted `sample` for ks, share `missing`, `count`.
    """

    name: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    sample: tuple[float, ...]
    missing: float
    count: int


def reference(name: str, values: NDArray[np.floating], most: int = 500) -> Reference:
    """What to keep of a column (n): bins of equal size, and at most `most` of its quantiles."""
    there = np.sort(values[np.isfinite(values)].astype(np.float64))
    missing = 1 - len(there) / len(values) if len(values) else 1.0
    if len(there) == 0:
        return Reference(name, (), (), (), missing, 0)
    edges = np.unique(np.quantile(there, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = _shares(there, edges)
    kept = there if len(there) <= most else np.quantile(there, (np.arange(most) + 0.5) / most)
    return Reference(
        name, tuple(map(float, edges)), tuple(map(float, shares)), tuple(map(float, kept)), missing, len(there)
    )


def references(table: FeatureTable, blocks: Iterable[str]) -> list[Reference]:
    """One for each column of these blocks; embeddings are best watched through the scores."""
    return [
        reference(f"{name}.{column}", table.part(name)[:, place])
        for name in blocks
        for place, column in enumerate(table.definition.block(name).columns)
    ]


def shift(before: Reference, values: NDArray[np.floating]) -> Shift:
    """How far a column (n) has moved from its reference."""
    there = values[np.isfinite(values)].astype(np.float64)
    missing = (1 - len(there) / len(values) if len(values) else 1.0) - before.missing
    if missing > MISSING_ALARM:
        said = f"{before.name}: {missing:.0%} more values are missing than when the ranker learned."
        return Shift(before.name, Level.ALARM, None, None, missing, said)
    if min(before.count, len(there)) < LEAST:
        counted = f"{before.name}: {len(there)} values now and {before.count} then"
        said = f"{counted} are too few to compare; {LEAST} are needed."
        return Shift(before.name, Level.UNKNOWN, None, None, missing, said)
    found = psi(np.asarray(before.shares), _shares(there, np.asarray(before.edges)))
    distance = float(stats.ks_2samp(before.sample, there).statistic)
    by_chance = stats.chi2.ppf(_CHANCE, max(1, len(before.shares) - 1)) * (1 / before.count + 1 / len(there))
    level = next((level for level, bar in ((Level.ALARM, ALARM), (Level.LOOK, LOOK)) if found > bar + by_chance), None)
    words = {Level.ALARM: "has moved far", Level.LOOK: "has moved", None: "is steady"}[level]
    said = f"{before.name} {words}: PSI {found:.2f} (by chance up to {by_chance:.2f}), KS distance {distance:.2f}."
    return Shift(before.name, level or Level.STEADY, found, distance, missing, said)


def psi(before: Values, now: Values) -> float:
    """Population stability index of two rows of shares."""
    first, second = np.maximum(before, _SMALLEST), np.maximum(now, _SMALLEST)
    return float(((second - first) * np.log(second / first)).sum())


def promise(predicted: Values, judged: Judged, *, margin: float = 0.05, confidence: float = 0.99) -> Promise:
    """Rated picks (n) against their predicted probabilities. Images of a product hang together, so products count.

    An alarm needs a difference beyond the margin that is surely one; either alone is worth a look.
    """
    chances = checked(predicted, judged)
    total, apart = judged.by_product(judged.weight, judged.weight * (judged.passed - chances)).T
    seen, said = (
        float(np.average(judged.passed, weights=judged.weight)),
        float(np.average(chances, weights=judged.weight)),
    )
    change, products = seen - said, len(total)
    told = f"Of {len(judged)} rated picks {seen:.0%} passed; {said:.0%} were predicted"
    if products < 10:
        sentence = f"{told}. {products} product(s) are too few to compare; 10 are needed."
        return Promise(Level.UNKNOWN, said, seen, None, None, len(judged), sentence)
    spread = np.sqrt(products / (products - 1) * ((apart - change * total) ** 2).sum()) / total.sum()
    reach = float(stats.t.ppf((1 + confidence) / 2, products - 1) * spread)
    low, high = change - reach, change + reach
    sure, far = low > 0 or high < 0, abs(change) > margin
    level = Level.ALARM if sure and far else Level.LOOK if sure else Level.STEADY
    words = {Level.ALARM: "the promise does not hold", Level.LOOK: "a small but sure difference"}
    sentence = f"{told} ({100 * low:+.0f} to {100 * high:+.0f} points): {words.get(level, 'as promised')}."
    return Promise(level, said, seen, low, high, len(judged), sentence)


def _shares(values: Values, edges: Values) -> Values:
    if len(values) == 0:
        raise CannotEvaluate("There are no values to compare; score candidates first.")
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return np.asarray(counts / len(values))
