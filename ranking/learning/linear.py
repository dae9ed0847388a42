"""Linear models: the plain sums, the logistic one anchored on a sum, and one for each question.

Anchored: the sum is a column that is hardly penalised beside columns that are, so that few labels leave the order of
the sum as it is and each further label may turn it. The penalty is chosen by grouped folds of the training rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranking.learning import logistic
from ranking.learning.folds import sample_products, splits
from ranking.learning.labels import Values
from ranking.learning.logistic import Task
from ranking.learning.preparing import SUM, ZSUM
from ranking.learning.problems import Problem
from ranking.learning.scorers import Linear, Part
from ranking.learning.table import EMBEDDING

PENALTIES = (300.0, 100.0, 30.0, 10.0)
LEFT_ALONE = 1 / 100  # the anchor's share of the penalty
EMBEDDINGS = 2.0  # times the penalty: most of what embeddings say is about the scene
EFFECTS = 2.0  # penalty of products' effects
INNER_FOLDS = 3
MOST_ROWS = 6_000  # that a penalty is chosen on; with more of them it no longer matters


@dataclass(frozen=True)
class SumLearner:
    """The sum itself: nothing is learned here, and its calibration says what it is worth."""

    name: str
    column: str

    def fit(self, problem: Problem, _seed: int) -> Part:
        return Part(self.name, (Linear(0.0, (np.array(problem.names) == self.column).astype(np.float64)),))


@dataclass(frozen=True)
class AnchoredLearner:
    """Logistic on the soft verdict, or with `questions` one for each question, multiplied."""

    name: str
    anchor: str
    questions: bool

    def fit(self, problem: Problem, seed: int) -> Part:
        asked = problem.asked if self.questions else []
        targets = [problem.belief(question) for question in asked] or [problem.labels.soft]
        scales = _scales(problem.x)
        x = np.nan_to_num(problem.x) / scales
        tasks = [Task(x, target, problem.weights, problem.groups) for target in targets]
        shape = _shape(problem.names, self.anchor)
        penalty = _choose(tasks, problem, shape, seed)
        fits = [logistic.fit(task, penalty * shape, EFFECTS) for task in tasks]
        return Part(self.name, tuple(Linear(fit.intercept, fit.coefficients / scales) for fit in fits))


SUMS = (SumLearner("sum", SUM), SumLearner("zsum", ZSUM))
LINEAR = AnchoredLearner("linear", SUM, questions=False)
HEADS = AnchoredLearner("heads", ZSUM, questions=True)


def _shape(names: Sequence[str], anchor: str) -> Values:
    """(d): each column's share of the penalty; infinite for the sum that is not the anchor."""
    projected = [name.rpartition(" ")[0] for name in names if name.startswith(EMBEDDING)]
    # However many embeddings there are, all together may say as much as one.
    share = EMBEDDINGS * max(len(set(projected)), 1)
    shape = np.array([share if name.startswith(EMBEDDING) else 1.0 for name in names])
    for place, name in enumerate(names):
        if name in (SUM, ZSUM):
            shape[place] = LEFT_ALONE if name == anchor else np.inf
    return shape


def _scales(x: Values) -> Values:
    """(d): standard deviations of the labelled rows; 1 of a constant."""
    scales = np.nan_to_num(x).std(axis=0)
    return np.where(scales > 1e-9, scales, 1.0)


def _choose(tasks: Sequence[Task], problem: Problem, shape: Values, seed: int) -> float:
    """The penalty with which all tasks together predict held-out products best; the largest where none can be tried."""
    products = problem.labels.products
    rows = sample_products(products, MOST_ROWS, seed)
    if len(np.unique(products[rows])) < 2:
        return PENALTIES[0]
    losses = np.zeros(len(PENALTIES))
    for train, held in splits(products[rows], INNER_FOLDS, seed):
        for task in tasks:
            kept, tested = _part(task, rows[train]), _part(task, rows[held])
            start = None
            for place, penalty in enumerate(PENALTIES):
                start = logistic.fit(kept, penalty * shape, EFFECTS, start)
                losses[place] += len(held) * logistic.cross_entropy(
                    start.logits(tested.x), tested.targets, tested.weights
                )
    return PENALTIES[int(losses.argmin())]


def _part(task: Task, rows: np.ndarray) -> Task:
    groups = np.unique(task.groups[rows], return_inverse=True)[1]
    return Task(task.x[rows], task.targets[rows], task.weights[rows], groups)
