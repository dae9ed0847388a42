"""What one model learns from: the matrix of the labelled rows and their labels, sorted by product."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.learning.labels import Labels, Values


@dataclass(frozen=True)
class Problem:
    """x (n, d) with NaN for missing; names (d); labels in the order of the rows, those of a product together.

    A question that nobody was asked is left out of `asked`.
    """

    x: Values
    names: tuple[str, ...]
    labels: Labels

    @property
    def weights(self) -> Values:
        """Mean 1, and bounded: one rarely chosen image must not be the whole lesson."""
        bounded = np.minimum(self.labels.weight, 10 * np.median(self.labels.weight))
        return np.asarray(bounded / bounded.mean())

    @property
    def groups(self) -> NDArray[np.intp]:
        """(n): products numbered from 0, in order."""
        return np.unique(self.labels.products, return_inverse=True)[1]

    @property
    def asked(self) -> list[int]:
        """The questions of which at least half of the rows have an answer."""
        answered = np.isfinite(self.labels.questions).mean(axis=0)
        return [question for question in range(len(answered)) if answered[question] >= 0.5]

    def belief(self, question: int) -> Values:
        """(n): of one question; where it was not asked, the mean of the others."""
        beliefs = self.labels.beliefs[:, question]
        return np.where(np.isfinite(beliefs), beliefs, np.nanmean(beliefs))

    def take(self, rows: NDArray[np.intp]) -> "Problem":
        return Problem(self.x[rows], self.names, self.labels.take(rows))


def by_product(labels: Labels) -> Labels:
    """Sorted by product, then candidate: any order of the same labels teaches the same."""
    return labels.take(np.lexsort((labels.candidates, labels.products)))
