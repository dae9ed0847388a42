"""MACE: a rater either knows the right label or does not look, and then has a habit of their own.

D. Hovy, T. Berg-Kirkpatrick, A. Vaswani, E. Hovy, Learning whom to trust with MACE, NAACL-HLT 2013, 1120-1130: by
variational Bayes, with its priors.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from raters.statistics.votes import Array, Votes, probabilities

LOOKS_PRIOR = 0.5  # of Beta, on whether a rater looks
HABIT_PRIOR = 10.0  # of Dirichlet, on what a rater says without looking
NOISE = 1.5  # how far a start lies from even


@dataclass(frozen=True)
class Crowd:
    """`looks` (raters, 2): how often each does not look, and does; `habits` (raters, labels): what is said then."""

    looks: Array
    habits: Array


@dataclass(frozen=True)
class Belief:
    """`right` (tasks, labels) is what is believed of each task; `likelihood` that of all votes, as a logarithm."""

    right: Array
    likelihood: float


def fit_mace(votes: Votes, rounds: int, restarts: int, seed: int) -> Array:
    """(tasks, labels): how likely each label is the right one, by the most likely of a few random starts."""
    drawing = np.random.default_rng(seed)
    found = (after(rounds, start(votes, drawing), votes) for _ in range(restarts))
    return max(found, key=lambda one: one.likelihood).right


def after(rounds: int, crowd: Crowd, votes: Votes) -> Belief:
    """What is believed after so many rounds from that start."""
    for _ in range(rounds):
        crowd = _learned(votes, crowd)
    return _believed(votes, crowd)


def start(votes: Votes, drawing: np.random.Generator) -> Crowd:
    """Raters of whom nothing is known: near even, and no two alike."""
    looks, habits = (1 + NOISE * drawing.random((votes.raters, width)) for width in (2, votes.labels))
    return Crowd(looks / looks.sum(axis=1, keepdims=True), habits / habits.sum(axis=1, keepdims=True))


def _said(votes: Votes, crowd: Crowd) -> tuple[Array, Array]:
    """(n,) each: how likely a vote was given without looking, and by looking where its label is right."""
    return crowd.looks[votes.rater, 0] * crowd.habits[votes.rater, votes.label], crowd.looks[votes.rater, 1]


def _believed(votes: Votes, crowd: Crowd) -> Belief:
    unseen, seen = _said(votes, crowd)
    fits = np.eye(votes.labels)[votes.label]
    # Logarithms: the product over a hundred votes on one image would be no number any more.
    logs = votes.by_task(np.log(unseen[:, None] + seen[:, None] * fits)) - np.log(votes.labels)
    return Belief(probabilities(logs), float(np.logaddexp.reduce(logs, axis=1).sum()))


def _learned(votes: Votes, crowd: Crowd) -> Crowd:
    """How the raters are, from what is believed of the tasks if they are as in `crowd`."""
    unseen, seen = _said(votes, crowd)
    right = _believed(votes, crowd).right
    looked = right[votes.task, votes.label] * seen / (unseen + seen)
    looks = votes.by_rater(np.stack([1 - looked, looked], axis=1))
    habits = votes.by_rater_and_label(1 - looked[:, None])[..., 0]
    return Crowd(_mean(looks + LOOKS_PRIOR), _mean(habits + HABIT_PRIOR))


def _mean(counts: Array) -> Array:
    """Each row's geometric means under Dirichlet's distribution; they add up to less than 1."""
    return np.asarray(np.exp(digamma(counts) - digamma(counts.sum(axis=1, keepdims=True))))
