"""Gwet's agreement coefficients AC1 and AC2 for any number of raters, with missing answers. No library here has them.

K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement", British Journal of
Mathematical and Statistical Psychology 61 (2008), 29-48; weights and missing answers as in his "Handbook of Inter-Rater
Reliability", 4th edition (2014), chapters 3 and 4.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Weights = Literal["identity", "linear", "quadratic", "ordinal"]
Reals = NDArray[np.float64]


def weight_matrix(size: int, kind: Weights) -> Reals:
    """(size, size): how far two answers agree, 1 on the diagonal and 0 for the two ends of the scale.

    "ordinal" counts the pairs of answers in the span between the two: 1 - C(d + 1, 2) / C(size, 2) (Gwet 2014, 3.5).
    """
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    widest = max(size - 1, 1)
    if kind == "identity":
        return np.eye(size)
    if kind == "linear":
        return np.asarray(1 - apart / widest)
    if kind == "quadratic":
        return np.asarray(1 - (apart / widest) ** 2)
    pairs = apart * (apart + 1) / 2
    return np.asarray(1 - pairs / max(pairs.max(), 1))


def coefficient(counts: NDArray[np.int64], kind: Weights = "identity") -> float:
    """AC1 ("identity") or AC2 of `counts` (images, answers); columns are all possible answers, used or not.

    NaN where no image has two answers. All answers the same is full agreement, 1: by AC1's reckoning chance is then 0.
    """
    freqs = np.ones((1, len(counts)))
    return float(by_pattern(counts, freqs, kind)[0])


def by_pattern(patterns: NDArray[np.int64], freqs: Reals, kind: Weights = "identity") -> Reals:
    """The coefficient for each row of `freqs` (resamples, patterns): how often each row of answers occurs."""
    weights = weight_matrix(patterns.shape[1], kind)
    raters = patterns.sum(axis=1)
    # A rater agrees with another in so far as the weights say: r*_ik of the Handbook, formula 4.10.
    nearly = patterns @ weights
    paired = raters >= 2
    pairs = np.maximum(raters * (raters - 1), 1)
    agreeing = np.where(paired, (patterns * (nearly - 1)).sum(axis=1) / pairs, 0.0)
    answered = raters >= 1
    shares = np.where(answered[:, None], patterns / np.maximum(raters, 1)[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (freqs @ agreeing) / (freqs @ paired)
        classes = (freqs @ shares) / (freqs @ answered)[:, None]
        size = patterns.shape[1]
        chance = weights.sum() / (size * max(size - 1, 1)) * (classes * (1 - classes)).sum(axis=1)
        return np.asarray((observed - chance) / (1 - chance))
