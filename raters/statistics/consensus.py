"""From many answers to one: the majority with ties as ties, and Dawid-Skene and MACE, which weigh raters by skill.

Dawid and Skene (1979) estimate a table of errors for each rater; MACE (Hovy et al. 2013) how often each answers without
looking. Both are crowd-kit's.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from crowdkit.aggregation import MACE, DawidSkene
from numpy.typing import NDArray

from raters.statistics.ballots import MISSING, Counts

TIE = -1
NOBODY = -2
# crowd-kit's own stopping rule ends after two rounds: the bound it watches does not rise steadily. On bluebirds that is
# 96 of 108 right in place of the published 97, on AdultContent2 .766 in place of .748. So all rounds are
# run; labels stand still after twenty on both.
DAWID_SKENE_ROUNDS = 50
_NEVER_EARLY = -np.inf
MACE_ROUNDS, MACE_RESTARTS = 50, 4


@dataclass(frozen=True)
class Labels:
    """Answers in long form: `task` and `rater` (n,) positions, `label` (n,) positions in `names`."""

    task: NDArray[np.int32]
    rater: NDArray[np.int32]
    label: NDArray[np.int8]
    names: Sequence[str]
    tasks: int

    def frame(self) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        """Votes as crowd-kit takes them, and which position in `names` each of its labels is.

        Votes come by rater, then by task, whatever their order was: crowd-kit 1.4's MACE takes counts in sorted order
        for parameters in the order of first votes, and would give one rater another's habits; and where a start leads
        depends on which label is first.
        """
        there = self.label != MISSING
        order = np.lexsort((self.label[there], self.task[there], self.rater[there]))
        label, given = pd.factorize(self.label[there][order])
        columns = {"task": self.task[there][order], "worker": self.rater[there][order], "label": label}
        return pd.DataFrame(columns), np.asarray(given, dtype=np.int64)

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
    return _fitted(DawidSkene(n_iter=rounds, tol=_NEVER_EARLY), labels)


def mace(labels: Labels, *, seed: int = 0, rounds: int = MACE_ROUNDS) -> Consensus:
    """MACE by variational Bayes; the best of a few random starts, which `seed` fixes.

    Where most raters answer one thing without looking, it may take them for the ones who know.
    """
    drawing: Any = np.random.RandomState(seed)  # a number, as crowd-kit's type has it, would begin every restart alike
    return _fitted(MACE(n_restarts=MACE_RESTARTS, n_iter=rounds, random_state=drawing), labels)


METHODS = {"dawid_skene": dawid_skene, "mace": mace}


def _fitted(model: Any, labels: Labels) -> Consensus:
    frame, given = labels.frame()
    probability = np.zeros((labels.tasks, len(labels.names)))
    label = np.full(labels.tasks, NOBODY)
    if frame.empty:
        return Consensus(label, probability)
    if len(given) == 1:  # the models need two; there is nothing to weigh
        answered = frame["task"].unique()
        probability[answered, given[0]], label[answered] = 1.0, given[0]
        return Consensus(label, probability)
    with warnings.catch_warnings():  # crowd-kit 1.4 calls pandas as pandas 2 was called
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        believed = model.fit_predict_proba(frame)
    rows = believed.index.to_numpy()
    probability[np.ix_(rows, given[believed.columns.to_numpy(dtype=int)])] = believed.to_numpy()
    label[rows] = probability[rows].argmax(axis=1)
    return Consensus(label, probability)
