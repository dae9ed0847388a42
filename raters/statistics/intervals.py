"""Shares with intervals that respect that the answers to one image hang together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share with its Wilson interval; `of` is what it was counted over. Without anything to count, all is None."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    of: int = 0


def share(right: int, of: int) -> Share:
    """The share of independent cases."""
    if of == 0:
        return Share()
    low, high = proportion_confint(right, of, alpha=1 - CONFIDENCE, method="wilson")
    return Share(right / of, float(low), float(high), of)


def clustered_share(right: NDArray[np.int64], of: NDArray[np.int64]) -> Share:
    """The share over images, each with `of` answers of which `right` are right: (images,) each.

    Wilson's interval for as many independent answers as these are worth: their number divided by the design effect, by
    the ratio estimator's variance (Korn and Graubard, Survey Methodology 24 (1998), 193-201, in its Wilson form). Where
    all answers are right, or none is, the images are what is counted.
    """
    used = of > 0
    right, of = right[used], of[used]
    total = int(of.sum())
    if total == 0:
        return Share()
    images, found = len(of), float(right.sum() / total)
    worth = float(images)
    if images > 1 and 0 < found < 1:
        variance = images / (images - 1) * float(((right - found * of) ** 2).sum()) / total**2
        worth = min(found * (1 - found) / variance, float(total)) if variance > 0 else float(total)
    low, high = proportion_confint(found * worth, worth, alpha=1 - CONFIDENCE, method="wilson")
    return Share(found, float(low), float(high), total)
