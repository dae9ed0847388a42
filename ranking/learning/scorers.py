"""What a fitted model is made of: linear scorers and boosted trees, alone or multiplied; each can explain itself.

A part gives a logit. One with several scorers, a scorer a question, gives the logit of the product of their
probabilities: an image passes when every question does. Explanations go through a curve by its secant: what the
scorers' features add to a logit z is scaled by (f(z) - f(z0)) / (z - z0), so that contributions still add up.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ranking.learning.labels import Values
from ranking.learning.lightgbm_library import lightgbm
from ranking.learning.logistic import log_sigmoid, sigmoid


class Scorer(Protocol):
    """x (n, d) with NaN for missing -> a logit each."""

    def logits(self, x: Values) -> Values: ...

    def contributions(self, x: Values) -> Values:
        """(n, d + 1): what each column adds to the logit; the last is what all start from."""
        ...


@dataclass(frozen=True)
class Linear:
    """intercept + x @ coefficients; a missing value counts as an average one, which is 0."""

    intercept: float
    coefficients: Values

    def logits(self, x: Values) -> Values:
        return np.asarray(_filled(x) @ self.coefficients + self.intercept)

    def contributions(self, x: Values) -> Values:
        return np.column_stack([_filled(x) * self.coefficients, np.full(len(x), self.intercept)])


@dataclass(frozen=True)
class Trees:
    """LightGBM, always read back from its text: a stored model is then the same to the bit."""

    text: str

    @cached_property
    def booster(self) -> lightgbm.Booster:
        return lightgbm.Booster(model_str=self.text)

    def logits(self, x: Values) -> Values:
        return np.asarray(self.booster.predict(x, raw_score=True), np.float64)

    def contributions(self, x: Values) -> Values:
        return np.asarray(self.booster.predict(x, pred_contrib=True), np.float64)


@dataclass(frozen=True)
class Part:
    """One model of a ranker."""

    name: str
    scorers: tuple[Scorer, ...]

    @property
    def linear(self) -> bool:
        """Whether every column adds in proportion to its value."""
        return all(isinstance(scorer, Linear) for scorer in self.scorers)

    def logits(self, x: Values) -> Values:
        if len(self.scorers) == 1:
            return self.scorers[0].logits(x)
        x = _filled(x) if self.linear else x  # once for all of them
        total = np.zeros(len(x))
        for scorer in self.scorers:
            total += log_sigmoid(scorer.logits(x))
        return logit_of_log(total)

    def contributions(self, x: Values) -> Values:
        """(n, d + 1), adding up to `logits`."""
        if len(self.scorers) == 1:
            return self.scorers[0].contributions(x)
        total = np.zeros((len(x), x.shape[1] + 1))
        for scorer in self.scorers:
            told = scorer.contributions(x)
            z, base = told.sum(axis=1), told[:, -1]
            slope = _secant(log_sigmoid(z), log_sigmoid(base), z, base, sigmoid(-z))
            total[:, :-1] += told[:, :-1] * slope[:, None]
            total[:, -1] += log_sigmoid(base)
        whole, base = total.sum(axis=1), total[:, -1].copy()
        slope = _secant(logit_of_log(whole), logit_of_log(base), whole, base, -1.0 / np.expm1(_below(whole)))
        total[:, :-1] *= slope[:, None]
        total[:, -1] = logit_of_log(base)
        return total


def _filled(x: Values) -> Values:
    """With 0, the average, where a value is missing; x itself where none is."""
    return np.nan_to_num(x) if np.isnan(x).any() else x


def logit_of_log(log_chance: Values) -> Values:
    """log p -> log p / (1 - p)."""
    below = _below(log_chance)
    return np.asarray(below - np.log(-np.expm1(below)))


def _below(log_chance: Values) -> Values:
    return np.minimum(log_chance, -1e-9)


def _secant(there: Values, from_there: Values, at: Values, start: Values, slope: Values) -> Values:
    """(f(at) - f(start)) / (at - start); the curve's slope where both are the same."""
    gap = at - start
    apart = np.abs(gap) > 1e-6
    return np.where(apart, (there - from_there) / np.where(apart, gap, 1.0), slope)
