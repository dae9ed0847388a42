"""Logistic regression on soft targets, with a penalty of its own for each column and an effect for each product.

The effect of a product is a nuisance: images of a product pass or fail together, and a model that takes them as
independent gives that to the features. Effects are fitted, shrunk, and dropped; of a new product nothing is known.
Newton's method; effects are eliminated by their Schur complement, so that thousands of products cost little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ranking.learning.labels import Values

STEPS = 40
CLOSE = 1e-6  # of the objective, relative: Newton's next step would change no digit that ranks


@dataclass(frozen=True)
class Task:
    """x (n, d) without NaN, targets (n) in [0, 1], weights (n), groups (n) numbered from 0, rows in their order."""

    x: Values
    targets: Values
    weights: Values
    groups: NDArray[np.intp]


@dataclass(frozen=True)
class Fit:
    """intercept, coefficients (d) and the dropped effects (groups)."""

    intercept: float
    coefficients: Values
    effects: Values

    def logits(self, x: Values) -> Values:
        return np.asarray(x @ self.coefficients + self.intercept)


@dataclass(frozen=True)
class _Objective:
    """What is minimised: x has the intercept's column, ridge (d + 1) its penalties; count 0 for no effects."""

    task: Task
    x: Values
    ridge: Values
    effect_penalty: float
    count: int

    def logits(self, beta: Values, effects: Values) -> Values:
        logits = self.x @ beta
        return np.asarray(logits + effects[self.task.groups] if self.count else logits)

    def loss(self, beta: Values, effects: Values) -> float:
        logits = self.logits(beta, effects)
        fitting = (self.task.weights * (np.logaddexp(0.0, logits) - self.task.targets * logits)).sum()
        shrinking = (self.ridge * beta**2).sum()
        if self.count:
            shrinking += self.effect_penalty * (effects**2).sum()
        return float(fitting + 0.5 * shrinking)

    def step(self, beta: Values, effects: Values) -> tuple[Values, Values]:
        """Newton's; the second derivative by the effects is diagonal, and they are eliminated."""
        chance = sigmoid(self.logits(beta, effects))
        pull = self.task.weights * (self.task.targets - chance)
        bend = np.maximum(self.task.weights * chance * (1 - chance), 1e-10)
        gradient = self.x.T @ pull - self.ridge * beta
        bent = self.x * bend[:, None]
        hessian = self.x.T @ bent
        hessian[np.diag_indices_from(hessian)] += self.ridge
        if not self.count:
            return np.asarray(cho_solve(cho_factor(hessian), gradient)), effects
        groups = self.task.groups
        effect_gradient = np.bincount(groups, pull, self.count) - self.effect_penalty * effects
        diagonal = np.bincount(groups, bend, self.count) + self.effect_penalty
        crossed = np.add.reduceat(bent, np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]), axis=0)
        over = crossed / diagonal[:, None]
        step = cho_solve(cho_factor(hessian - crossed.T @ over), gradient - over.T @ effect_gradient)
        return np.asarray(step), np.asarray((effect_gradient - crossed @ step) / diagonal)


def fit(task: Task, penalties: Values, effect_penalty: float, start: Fit | None = None) -> Fit:
    """Minimises weighted cross-entropy + half of penalties times squares. `penalties` (d); an infinite one drops it.

    effect_penalty is that of the products' effects; infinite for none. The intercept is penalised by next to nothing,
    so that targets of all yes still have an answer.
    """
    kept = np.isfinite(penalties)
    x = np.column_stack([np.ones(len(task.x)), task.x[:, kept]])
    count = int(task.groups[-1]) + 1 if np.isfinite(effect_penalty) else 0
    objective = _Objective(task, x, np.r_[0.01, penalties[kept]], effect_penalty, count)
    beta, effects = _first(objective, kept, start)
    loss = objective.loss(beta, effects)
    for _ in range(STEPS):
        before = loss
        beta, effects, loss = _descend(objective, beta, effects, before)
        if before - loss <= CLOSE * (1.0 + abs(before)):
            break
    coefficients = np.zeros(len(penalties))
    coefficients[kept] = beta[1:]
    return Fit(float(beta[0]), coefficients, effects)


def cross_entropy(logits: Values, targets: Values, weights: Values) -> float:
    """Weighted mean; lower is better."""
    return float((weights * (np.logaddexp(0.0, logits) - targets * logits)).sum() / weights.sum())


def sigmoid(logits: Values) -> Values:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def log_sigmoid(logits: Values) -> Values:
    return np.asarray(-np.logaddexp(0.0, -logits))


def _first(objective: _Objective, kept: NDArray[np.bool_], start: Fit | None) -> tuple[Values, Values]:
    if start is not None:
        return np.r_[start.intercept, start.coefficients[kept]], start.effects.copy()
    task = objective.task
    share = float(np.clip((task.weights * task.targets).sum() / task.weights.sum(), 0.01, 0.99))
    beta = np.zeros(objective.x.shape[1])
    beta[0] = np.log(share / (1 - share))
    return beta, np.zeros(objective.count)


def _descend(objective: _Objective, beta: Values, effects: Values, loss: float) -> tuple[Values, Values, float]:
    """One step, halved until it goes down; where none does, all stays as it is."""
    step, effect_step = objective.step(beta, effects)
    size = 1.0
    while size > 1e-4:
        tried = beta + size * step, effects + size * effect_step
        lower = objective.loss(*tried)
        if lower <= loss:
            return *tried, lower
        size /= 2
    return beta, effects, loss
