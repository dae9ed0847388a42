"""From a ranker's logits to probabilities that mean what they say, fitted on out-of-fold logits and hard verdicts.

Platt's way: a line through the logits (Platt 1999), with the order of images always kept. Isotonic steps follow the
data closer and need many labels: below 3,000 they are refused, and only a line is left of them where data end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.isotonic import IsotonicRegression

from ranking.learning import logistic
from ranking.learning.exceptions import CannotLearn
from ranking.learning.labels import Values
from ranking.learning.logistic import Task

LEAST_SLOPE = 1e-3  # the order stays as it is, even where it is worth nothing
ISOTONIC_FROM = 3_000
KNOTS = 20


class Calibration(Protocol):
    """Logits to calibrated logits; strictly rising, so that it changes no order."""

    def __call__(self, logits: Values) -> Values: ...

    def plain(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Platt:
    """slope * logit + intercept."""

    slope: float
    intercept: float

    def __call__(self, logits: Values) -> Values:
        return np.asarray(self.slope * logits + self.intercept)

    def plain(self) -> dict[str, Any]:
        return {"kind": "platt", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True)
class Isotonic:
    """A rising line through knots; beyond the first and last one it goes on with slope `beyond`."""

    at: tuple[float, ...]
    to: tuple[float, ...]
    beyond: float

    def __call__(self, logits: Values) -> Values:
        inside = np.interp(logits, self.at, self.to)
        outside = np.minimum(logits - self.at[0], 0.0) + np.maximum(logits - self.at[-1], 0.0)
        return np.asarray(inside + self.beyond * outside)

    def plain(self) -> dict[str, Any]:
        return {"kind": "isotonic", "at": list(self.at), "to": list(self.to), "beyond": self.beyond}


def platt(logits: Values, passed: Values, weights: Values) -> Platt:
    """Fitted with a weak pull towards a flat line; where all passed or none did, nearly flat at that share."""
    scale = float(logits.std())
    if passed.min() == passed.max() or scale < 1e-12:
        share = (float((weights * passed).sum()) + 1.0) / (float(weights.sum()) + 2.0)
        return Platt(LEAST_SLOPE, float(np.log(share / (1.0 - share)) - LEAST_SLOPE * logits.mean()))
    x = ((logits - logits.mean()) / scale)[:, None]
    fit = logistic.fit(Task(x, passed, weights, np.zeros(len(x), np.intp)), np.array([0.5]), np.inf)
    slope = max(float(fit.coefficients[0]) / scale, LEAST_SLOPE)
    if slope > LEAST_SLOPE:
        return Platt(slope, fit.intercept - slope * float(logits.mean()))
    share = float(np.clip((weights * passed).sum() / weights.sum(), 1e-3, 1 - 1e-3))
    return Platt(slope, float(np.log(share / (1.0 - share))) - slope * float(logits.mean()))


def isotonic(logits: Values, passed: Values, weights: Values) -> Isotonic:
    """Steps of the pooled shares, joined by lines and never flat. Raises CannotLearn below 3,000 labels."""
    if len(logits) < ISOTONIC_FROM:
        few = f"Isotonic calibration needs {ISOTONIC_FROM:,} labels and there are {len(logits):,}"
        raise CannotLearn(f"{few}; take Platt's.")
    line = platt(logits, passed, weights)
    steps = IsotonicRegression(out_of_bounds="clip").fit(logits, passed, sample_weight=weights)
    at = np.unique(np.quantile(logits, (np.arange(KNOTS) + 0.5) / KNOTS))
    shares = np.clip(steps.predict(at), 1 / len(logits), 1 - 1 / len(logits))
    # A little of the line in every step: images that share a step keep their order.
    to = 0.9 * np.log(shares / (1.0 - shares)) + 0.1 * line(at)
    return Isotonic(tuple(at.tolist()), tuple(to.tolist()), line.slope)


def restored(plain: Mapping[str, Any]) -> Calibration:
    """What `plain` told."""
    if plain["kind"] == "isotonic":
        return Isotonic(tuple(plain["at"]), tuple(plain["to"]), plain["beyond"])
    return Platt(plain["slope"], plain["intercept"])
