"""Krippendorff's alpha for any number of raters, with missing answers.

K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), part E: the number of ways in which the answers to
an image can be paired is counted in a matrix of coincidences, and disagreement seen is held against what the totals of
that matrix would give by chance. Of the libraries, the one that has the ordinal level is under the GPL, and crowd-kit
has the nominal one: this is held against crowd-kit's, and against figures that others have published.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raters.statistics.ballots import Counts

Level = Literal["nominal", "ordinal"]
Reals = NDArray[np.float64]


def coefficient(counts: Counts, level: Level = "nominal") -> float:
    """Alpha of `counts` (images, answers), whose columns are the answers in their order; 1 is full agreement.

    An image with one answer counts for nothing. NaN where no image has two, or where all answers are the same.
    """
    paired = counts[counts.sum(axis=1) >= 2]
    weighed = paired / (paired.sum(axis=1, keepdims=True) - 1)
    # Summed over images at once: (images, answers, answers) of a million images would be gigabytes.
    coincidences = paired.T @ weighed - np.diag(weighed.sum(axis=0))
    return float(_of_coincidences(coincidences[None], level)[0])


def by_pattern(patterns: Counts, freqs: Reals, level: Level = "nominal") -> Reals:
    """Alpha for each row of `freqs` (resamples, patterns): how often each row of answers occurs."""
    eye = np.eye(patterns.shape[1])
    pairs = patterns[:, :, None] * patterns[:, None, :] - patterns[:, :, None] * eye
    weighed = pairs / np.maximum(patterns.sum(axis=1) - 1, 1)[:, None, None]
    return _of_coincidences(np.tensordot(freqs, weighed, axes=1), level)


def _of_coincidences(coincidences: Reals, level: Level) -> Reals:
    """alpha = 1 - (n - 1) * sum(o_ck d_ck) / sum(n_c n_k d_ck), for each of (matrices, answers, answers)."""
    totals = coincidences.sum(axis=2)
    apart = _nominal(totals) if level == "nominal" else _ordinal(totals)
    seen = (coincidences * apart).sum(axis=(1, 2))
    by_chance = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - (totals.sum(axis=1) - 1) * seen / by_chance)


def _nominal(totals: Reals) -> Reals:
    """Two different answers are 1 apart, whichever they are."""
    return np.asarray(1 - np.eye(totals.shape[1]))[None]


def _ordinal(totals: Reals) -> Reals:
    """The square of how many answers lie from one to the other, each end counted half: (matrices, answers, answers)."""
    middles = np.cumsum(totals, axis=1) - totals / 2
    return np.asarray((middles[:, :, None] - middles[:, None, :]) ** 2)
