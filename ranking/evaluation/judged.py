"""Candidates that people have judged, in the form that every figure takes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranking.evaluation.exceptions import CannotEvaluate
from ranking.learning.labels import Labels

Values = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Judged:
    """One row a judged candidate, all (n): product id, verdict 0 or 1, graded judgement in 0..1, weight above 0.

    `share` is the share of raters who passed it, or the verdict where that is unknown. `weight` is 1 / the probability
    with which the candidate was chosen to be rated: with it, figures speak of all candidates, not of the chosen.
    """

    products: NDArray[np.int64]
    passed: Values
    share: Values
    weight: Values

    def __post_init__(self) -> None:
        count = len(self.products)
        if count == 0:
            raise CannotEvaluate("There is not one judged candidate to evaluate on; have some rated first.")
        for name in ("passed", "share", "weight"):
            if getattr(self, name).shape != (count,):
                raise CannotEvaluate(f"{name} has shape {getattr(self, name).shape}, and should have ({count},).")
        if not np.isin(self.passed, (0, 1)).all():
            raise CannotEvaluate("Verdicts must be 0 or 1; leave out candidates without one.")
        if not (np.isfinite(self.weight) & (self.weight > 0)).all():
            raise CannotEvaluate("Every weight must be a number above 0: it is 1 / the probability of being chosen.")
        if not np.isfinite(self.share).all():
            raise CannotEvaluate("A graded judgement is missing; give the verdict where no share is known.")

    @classmethod
    def build(
        cls,
        products: ArrayLike,
        passed: ArrayLike,
        *,
        share: ArrayLike | None = None,
        weight: ArrayLike | None = None,
    ) -> "Judged":
        """From columns; an unknown share (NaN, or none given) is the verdict itself, every weight 1."""
        verdicts = np.asarray(passed, np.float64)
        graded = verdicts if share is None else np.asarray(share, np.float64)
        return cls(
            np.asarray(products, np.int64),
            verdicts,
            np.where(np.isnan(graded), verdicts, graded) if graded.shape == verdicts.shape else graded,
            np.ones(len(verdicts)) if weight is None else np.asarray(weight, np.float64),
        )

    @classmethod
    def of(cls, labels: Labels) -> "Judged":
        return cls.build(labels.products, labels.passed, share=labels.share, weight=labels.weight)

    def __len__(self) -> int:
        return len(self.products)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Judged":
        return Judged(self.products[rows], self.passed[rows], self.share[rows], self.weight[rows])

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """(products,): the product ids in ascending order; positions below count in it."""
        return np.unique(self.products)

    @cached_property
    def place(self) -> Positions:
        """(n,): each row's product as a position in `ids`."""
        return np.searchsorted(self.ids, self.products)

    def by_product(self, *columns: NDArray[np.floating]) -> Values:
        """(products, columns): each column (n,) summed within products."""
        count = len(self.ids)
        return np.column_stack([np.bincount(self.place, column, minlength=count) for column in columns])


def checked(scores: ArrayLike, judged: Judged, name: str = "The ranker") -> Values:
    """Scores (n,) as float64. Raises CannotEvaluate for another number of them, or where one is missing."""
    values = np.asarray(scores, np.float64)
    if values.shape != (len(judged),):
        raise CannotEvaluate(f"{name} gave scores of shape {values.shape} for {len(judged)} judged candidates.")
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise CannotEvaluate(f"{name} gave no score to {missing} of {len(judged)} judged candidates; score them first.")
    return values
