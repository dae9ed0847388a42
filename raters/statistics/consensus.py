"""From many answers to one: the majority with ties as ties, and Dawid-Skene and MACE, which weigh raters by skill.

Dawid and Skene (1979) estimate a table of errors for each rater; MACE (Hovy et al. 2013) how often each answers without
looking.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raters.statistics.ballots import MISSING, Counts
from raters.statistics.dawid_skene import fit_dawid_skene
from raters.statistics.mace import fit_mace
from raters.statistics.votes import Array, Votes

TIE = -1
NOBODY = -2
# Labels stand still after twenty on others' data, bluebirds and AdultContent2.
DAWID_SKENE_ROUNDS = 50
MACE_ROUNDS, MACE_RESTARTS = 50, 4


@dataclass(frozen=True)
class Labels:
    """Answers in long form: `task` and `rater` (n,) positions, `label` (n,) positions in `names`."""

    task: NDArray[np.int32]
    rater: NDArray[np.int32]
    label: NDArray[np.int8]
    names: Sequence[str]
    tasks: int

    def counts(self) -> Counts:
        """(tasks, labels)."""
        there, width = self.label != MISSING, len(self.names)
        flat = self.task[there].astype(np.int64) * width + self.label[there]
        return np.bincount(flat, minlength=self.tasks * width).reshape(-1, width)


@dataclass(frozen=True)
class Consensus:
    """`label` (tasks,) is a position in the names, TIE or NOBODY; `probability` (tasks, names) is what is believed."""

    label: NDArray[np.int64]
    probability: NDArray[np.float64]


def majority(counts: Counts) -> Consensus:
    """The most frequent answer to each image. Two as frequent are a TIE, never the first of them.

    `probability` shares 1 among the most frequent answers: with it a tie counts as much as it is worth ("fractional").
    """
    most = counts.max(axis=1, keepdims=True)
    leads = (counts == most) & (most > 0)
    leaders = leads.sum(axis=1)
    label = np.where(leaders == 1, leads.argmax(axis=1), np.where(leaders == 0, NOBODY, TIE))
    return Consensus(label, leads / np.maximum(leaders, 1)[:, None])


def dawid_skene(labels: Labels, *, rounds: int = DAWID_SKENE_ROUNDS) -> Consensus:
    """Dawid-Skene, begun with the majority, all its rounds."""
    return _fitted(labels, lambda votes: fit_dawid_skene(votes, rounds))


def mace(labels: Labels, *, seed: int = 0, rounds: int = MACE_ROUNDS) -> Consensus:
    """MACE by variational Bayes; the best of a few random starts, which `seed` fixes.

    Where most raters answer one thing without looking, it may take them for the ones who know.
    """
    return _fitted(labels, lambda votes: fit_mace(votes, rounds, MACE_RESTARTS, seed))


METHODS = {"dawid_skene": dawid_skene, "mace": mace}


def _fitted(labels: Labels, model: Callable[[Votes], Array]) -> Consensus:
    """What a model believes of the tasks that have answers; it knows only the labels that somebody gave."""
    probability = np.zeros((labels.tasks, len(labels.names)))
    label = np.full(labels.tasks, NOBODY)
    there = labels.label != MISSING
    if there.any():
        (tasks, task), (raters, rater), (given, vote) = (
            np.unique(column[there], return_inverse=True) for column in (labels.task, labels.rater, labels.label)
        )
        believed = model(Votes(task, rater, vote, len(tasks), len(raters), len(given)))
        probability[np.ix_(tasks, given)] = believed
        label[tasks] = given[believed.argmax(axis=1)]
    return Consensus(label, probability)
