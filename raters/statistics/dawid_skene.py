"""Dawid and Skene: each rater has a table of errors, and the right labels are those that make the votes most likely.

A. P. Dawid, A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, Applied
Statistics 28 (1979), 20-28.
"""

import numpy as np

from raters.statistics.votes import Array, Votes, probabilities

LEAST = 1e-10  # of what has not been seen: it is unlikely, and not impossible


def fit_dawid_skene(votes: Votes, rounds: int) -> Array:
    """(tasks, labels): how likely each label is the right one, after so many rounds that begin with the votes' shares.

    It does not stop where the likelihood stands still: that rises so unsteadily that it would be after two rounds.
    """
    given = votes.by_task(np.eye(votes.labels)[votes.label])
    believed: Array = given / given.sum(axis=1, keepdims=True)
    for _ in range(rounds):
        believed = _believed(votes, believed.mean(axis=0), _errors(votes, believed))
    return believed


def _errors(votes: Votes, believed: Array) -> Array:
    """(raters, labels, labels): how often each rater gives one where another is right.

    It is shared among those that the rater has ever given.
    """
    counts = votes.by_rater_and_label(believed[votes.task])
    has_given = votes.by_rater_and_label(np.ones((len(votes.label), 1))) > 0
    counts = np.where(has_given, counts.clip(LEAST), 0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _believed(votes: Votes, usual: Array, errors: Array) -> Array:
    """(tasks, labels): from how usual each label is, and from who gave what."""
    return probabilities(np.log(usual.clip(LEAST)) + votes.by_task(np.log(errors[votes.rater, votes.label])))
