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
CLOSE = 1e-8  # of the objective, relative: smaller steps change no ranking


@dataclass(frozen=True)
class Task:
    """x (n, d) without NaN, targets (n) in [0, 1], weights (n), groups (n) numbered from 0."""

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


def fit(task: Task, penalties: Values, effect_penalty: float, start: Fit | None = None) -> Fit:
    """Minimises weighted cross-entropy + half of penalties times squares. `penalties` (d); an infinite one drops it.

    effect_penalty is that of the products' effects; infinite for none. The intercept is penalised by next to nothing,
    so that targets of all yes still have an answer.
    """
    kept = np.isfinite(penalties)
    x = np.column_stack([np.ones(len(task.x)), task.x[:, kept]])
    ridge = np.r_[0.01, penalties[kept]]
    count = int(task.groups.max()) + 1 if np.isfinite(effect_penalty) else 0
    beta, effects = _first(task, x.shape[1], count, kept, start)
    state = _loss(task, x, beta, effects, ridge, effect_penalty)
    for _ in range(STEPS):
        step, effect_step = _newton(task, x, beta, effects, ridge=ridge, effect_penalty=effect_penalty)
        size = 1.0
        while True:
            tried = beta + size * step, effects + size * effect_step
            loss = _loss(task, x, *tried, ridge, effect_penalty)
            if loss <= state or size < 1e-4:
                break
            size /= 2
        beta, effects = tried
        done = state - loss <= CLOSE * (1.0 + abs(state))
        state = loss
        if done:
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


def _first(task: Task, width: int, count: int, kept: NDArray[np.bool_], start: Fit | None) -> tuple[Values, Values]:
    if start is not None:
        return np.r_[start.intercept, start.coefficients[kept]], start.effects.copy()
    share = float(np.clip((task.weights * task.targets).sum() / task.weights.sum(), 0.01, 0.99))
    return np.r_[np.log(share / (1 - share)), np.zeros(width - 1)], np.zeros(count)


def _logits(task: Task, x: Values, beta: Values, effects: Values) -> Values:
    logits = x @ beta
    return np.asarray(logits + effects[task.groups] if len(effects) else logits)


def _loss(task: Task, x: Values, beta: Values, effects: Values, ridge: Values, effect_penalty: float) -> float:  # noqa: PLR0913
    logits = _logits(task, x, beta, effects)
    fitting = (task.weights * (np.logaddexp(0.0, logits) - task.targets * logits)).sum()
    shrinking = (ridge * beta**2).sum() + (effect_penalty * (effects**2).sum() if len(effects) else 0.0)
    return float(fitting + 0.5 * shrinking)


def _newton(
    task: Task, x: Values, beta: Values, effects: Values, *, ridge: Values, effect_penalty: float
) -> tuple[Values, Values]:
    """The step of both; the second derivative by effects is diagonal."""
    chance = sigmoid(_logits(task, x, beta, effects))
    pull = task.weights * (task.targets - chance)
    bend = np.maximum(task.weights * chance * (1 - chance), 1e-10)
    gradient = x.T @ pull - ridge * beta
    bent = x * bend[:, None]
    hessian = x.T @ bent
    hessian[np.diag_indices_from(hessian)] += ridge
    if not len(effects):
        return np.asarray(cho_solve(cho_factor(hessian), gradient)), effects
    count = len(effects)
    effect_gradient = np.bincount(task.groups, pull, count) - effect_penalty * effects
    diagonal = np.bincount(task.groups, bend, count) + effect_penalty
    crossed = np.zeros((count, x.shape[1]))  # groups must be sorted: sums of neighbouring rows
    present, starts = np.unique(task.groups, return_index=True)
    crossed[present] = np.add.reduceat(bent, starts, axis=0)
    over = crossed / diagonal[:, None]
    step = cho_solve(cho_factor(hessian - crossed.T @ over), gradient - over.T @ effect_gradient)
    return np.asarray(step), np.asarray((effect_gradient - crossed @ step) / diagonal)
