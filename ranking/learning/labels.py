"""What people said of candidates: verdicts as hard labels, shares of votes and of each question as soft ones."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranking.learning.exceptions import WrongTable

Values = NDArray[np.float64]
QUESTIONS = 8

# What a share of yes among about three raters is worth as belief in the truth: unanimity errs, and 2 of 3 is less
# doubtful than it looks, as careless yes and careless no are rare.
SHARES = (0.0, 1 / 3, 2 / 3, 1.0)
BELIEFS = (0.03, 0.22, 0.78, 0.97)


@dataclass(frozen=True)
class Labels:
    """One row a labelled candidate.

    passed is the verdict, 0 or 1; share the share of raters who passed it, NaN where unknown; questions (n, 8) the
    share of yes, NaN where not asked; weight is 1 / the probability with which it was chosen to be rated.
    With posteriors, share and questions are probabilities already (Dawid-Skene) and are taken as they are.
    """

    candidates: NDArray[np.int64]
    products: NDArray[np.int64]
    passed: Values
    share: Values
    questions: Values
    weight: Values
    posteriors: bool = False

    def __post_init__(self) -> None:
        count = len(self.candidates)
        for name in ("products", "passed", "share", "weight"):
            if getattr(self, name).shape != (count,):
                raise WrongTable(f"Labels: {name} has shape {getattr(self, name).shape}, and should have ({count},).")
        if self.questions.ndim != 2 or len(self.questions) != count:
            raise WrongTable(f"Labels: questions have shape {self.questions.shape}, and should have ({count}, 8).")
        if not np.isin(self.passed, (0, 1)).all():
            raise WrongTable("Labels: passed must be 0 or 1; leave out candidates without a verdict.")
        if not (np.isfinite(self.weight) & (self.weight > 0)).all():
            raise WrongTable("Labels: every weight must be a number above 0.")
        for name in ("share", "questions"):
            values = getattr(self, name)
            if ((values < 0) | (values > 1) | np.isinf(values)).any():
                raise WrongTable(f"Labels: {name} must lie between 0 and 1, or be NaN where unknown.")
        if len(np.unique(self.candidates)) != count:
            raise WrongTable("A candidate is labelled twice; put its verdicts together first.")

    @classmethod
    def build(  # noqa: PLR0913 - each is a column
        cls,
        candidates: ArrayLike,
        products: ArrayLike,
        passed: ArrayLike,
        *,
        share: ArrayLike | None = None,
        questions: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        posteriors: bool = False,
    ) -> "Labels":
        """From columns; what is not given is unknown, and every weight is 1."""
        ids = np.asarray(candidates, np.int64)
        count = len(ids)
        return cls(
            ids,
            np.asarray(products, np.int64),
            np.asarray(passed, np.float64),
            np.full(count, np.nan) if share is None else np.asarray(share, np.float64),
            np.full((count, QUESTIONS), np.nan) if questions is None else np.asarray(questions, np.float64),
            np.ones(count) if weight is None else np.asarray(weight, np.float64),
            posteriors,
        )

    def __len__(self) -> int:
        return len(self.candidates)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Labels":
        return Labels(
            self.candidates[rows], self.products[rows], self.passed[rows], self.share[rows], self.questions[rows],
            self.weight[rows], self.posteriors,
        )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """Of the contents, whatever the order of the rows; equal on every machine."""
        order = np.argsort(self.candidates, kind="stable")
        told = hashlib.sha256(f"labels 1 {len(self)} {self.questions.shape[1]} {self.posteriors}".encode())
        for column in (self.candidates, self.products):
            told.update(column[order].astype("<i8").tobytes())
        for values in (self.passed, self.share, self.questions, self.weight):
            # NaN has many bit patterns; -1 is none of the values.
            told.update(np.nan_to_num(values[order], nan=-1.0).astype("<f8").tobytes())
        return told.hexdigest()

    @property
    def beliefs(self) -> Values:
        """(n, 8): how likely each question's true answer is yes; NaN where not asked."""
        return self.questions if self.posteriors else believe(self.questions)

    @property
    def soft(self) -> Values:
        """(n): how likely a pass is in truth: all questions together, else the raters' share, else the verdict.

        The product of the beliefs, scaled so that eight unanimous yes are 1; a question not asked is left out.
        """
        asked = np.isfinite(self.questions)
        most = 1.0 if self.posteriors else BELIEFS[-1]
        beliefs = np.where(asked, self.beliefs, most)
        product = np.asarray(beliefs.prod(axis=1) / most ** self.questions.shape[1])
        share = self.share if self.posteriors else believe(self.share)
        without = np.where(np.isfinite(share), share, believe(self.passed))
        return np.where(asked.any(axis=1), product, without)


def believe(shares: Values) -> Values:
    """Shares of yes as beliefs; NaN stays."""
    return np.asarray(np.interp(shares, SHARES, BELIEFS))
