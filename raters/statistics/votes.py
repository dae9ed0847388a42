"""Who gave which label to which task, packed: what both models of a crowd are fitted to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Votes:
    """(n,) positions each: of the task, the rater and the label. All of `tasks`, `raters` and `labels` are in there."""

    task: Places
    rater: Places
    label: Places
    tasks: int
    raters: int
    labels: int

    def by_task(self, values: Array) -> Array:
        """(tasks, k): the sums of values (n, k) of each vote."""
        return _sums(values, self.task, self.tasks)

    def by_rater(self, values: Array) -> Array:
        """(raters, k): as above."""
        return _sums(values, self.rater, self.raters)

    def by_rater_and_label(self, values: Array) -> Array:
        """(raters, labels, k): as above."""
        sums = _sums(values, self.rater * self.labels + self.label, self.raters * self.labels)
        return sums.reshape(self.raters, self.labels, -1)


def probabilities(logs: Array) -> Array:
    """(tasks, labels): each row as probabilities, from logarithms that lack a constant of its own."""
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _sums(values: Array, places: Places, count: int) -> Array:
    return np.stack([np.bincount(places, column, count) for column in values.T], axis=1)
