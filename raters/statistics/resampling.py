"""Bootstrap over images, at a cost that does not grow with their number.

With three raters and four answers there are 20 ways in which an image can be answered by all. A resample of a million
images is therefore one multinomial draw over 20 patterns, and a figure of a thousand resamples a few small products.
Each figure has the value of a library, or of the definition, beside it in a test.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from raters.statistics.ballots import Counts

Reals = NDArray[np.float64]
# (patterns, answers) and (resamples, patterns) to (resamples,); NaN where a resample has no value.
ByPattern = Callable[[Counts, Reals], Reals]
# Numbers held at once: 32 MB.
_MOST_AT_ONCE = 4_000_000


def bootstrap(counts: Counts, figure: ByPattern, *, seed: int, resamples: int) -> Reals:
    """`figure` of `resamples` resamples of the images, of which none is without an answer; (resamples,)."""
    patterns, often = _patterns(counts)
    drawing = np.random.default_rng(seed)
    at_once = max(1, min(resamples, _MOST_AT_ONCE // (len(patterns) * patterns.shape[1] ** 2)))
    found = []
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        freqs = drawing.multinomial(len(counts), often / len(counts), size=size).astype(float)
        found.append(figure(patterns, freqs))
    return np.concatenate(found)


def _patterns(counts: Counts) -> tuple[Counts, NDArray[np.int64]]:
    """The different rows, and how often each occurs. A row that fits into one number is sorted as one."""
    base = int(counts.max()) + 1
    if base ** counts.shape[1] >= 2**62:
        rows, often = np.unique(counts, axis=0, return_counts=True)
        return rows, often
    digits = base ** np.arange(counts.shape[1])
    codes, often = np.unique(counts @ digits, return_counts=True)
    return codes[:, None] // digits % base, often


def interval(spread: Reals, confidence: float) -> tuple[float | None, float | None, str]:
    """Low and high of the middle `confidence` of the resamples' values, and what to say of those without one."""
    there = spread[~np.isnan(spread)]
    if len(there) < len(spread) / 2:
        return None, None, "Without an interval: most resamples of so few images have no value."
    tail = (1 - confidence) / 2
    low, high = np.quantile(there, [tail, 1 - tail])
    missing = len(spread) - len(there)
    said = f"{missing:,} of {len(spread):,} resamples have no value." if missing > len(spread) / 100 else ""
    return float(low), float(high), said


def percent(patterns: Counts, freqs: Reals) -> Reals:
    raters = patterns.sum(axis=1)
    paired = raters >= 2
    same = (patterns * (patterns - 1)).sum(axis=1) / np.maximum(raters * (raters - 1), 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((freqs @ (same * paired)) / (freqs @ paired))


def fleiss(patterns: Counts, freqs: Reals) -> Reals:
    """Fleiss (1971), formulas (3) to (7); every pattern has the same number of answers."""
    raters = int(patterns[0].sum())
    same = (patterns * (patterns - 1)).sum(axis=1) / (raters * (raters - 1))
    images = freqs.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (freqs @ same) / images
        shares = (freqs @ patterns) / (images * raters)[:, None]
        chance = (shares**2).sum(axis=1)
        return np.asarray((observed - chance) / (1 - chance))
