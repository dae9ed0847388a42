"""What may be learned from and what only tested on: always by product, never by image.

A product's place follows from a hash of its stable key alone (source and external id): it is the same on every machine,
in every order, and a new product joins one side by itself.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation.exceptions import CannotEvaluate, FrozenProducts
from ranking.learning.base import Learner, Progress, Ranker, silent
from ranking.learning.folds import splits
from ranking.learning.labels import Labels
from ranking.learning.table import FeatureTable

SALT = "vitrine frozen test split 1"
LEAST_FROZEN = 100
# Aimed at somewhat above, as hashes scatter.
_AIM = 1.15
SMALLEST_SHARE, LARGEST_SHARE = 0.2, 0.5


def stable_key(source: str, external_id: str) -> str:
    """What a product is known by wherever it is imported."""
    return f"{source}\x1f{external_id}"


def lot(key: str, salt: str = SALT) -> float:
    """A number in [0, 1) that only the key decides."""
    return int.from_bytes(hashlib.sha256(f"{salt}\x1f{key}".encode()).digest()[:8], "big") / 2**64


def frozen_share(products: int, so_far: float = LARGEST_SHARE) -> float:
    """The share of products to freeze: 100 of them where that leaves half to learn from, later one in five.

    It only ever falls (`so_far` is the share in use): products then leave the frozen split for training, and none that
    was learned from ever enters it.
    """
    if products < 1:
        return so_far
    return min(so_far, max(SMALLEST_SHARE, min(LARGEST_SHARE, _AIM * LEAST_FROZEN / products)))


@dataclass(frozen=True)
class Split:
    """Which products are frozen: those whose lot is below the share."""

    share: float = SMALLEST_SHARE
    salt: str = SALT

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise CannotEvaluate(f"The frozen share is {self.share}; it must be at least 0 and below 1.")

    def is_frozen(self, key: str) -> bool:
        return lot(key, self.salt) < self.share

    def frozen(self, keys: Mapping[int, str]) -> frozenset[int]:
        """The ids of frozen products, from {id: stable key}."""
        return frozenset(product for product, key in keys.items() if self.is_frozen(key))


@dataclass(frozen=True)
class Guard:
    """Stands before every fit: rows of frozen products are left out, and a table that holds one is refused."""

    products: frozenset[int]

    def rows(self, products: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n,): which rows may be learned from."""
        return ~np.isin(products, list(self.products))

    def training(self, table: FeatureTable, labels: Labels) -> tuple[FeatureTable, Labels]:
        """Without frozen products; unlabelled rows of theirs go too, as scales and projections are fitted on them."""
        return table.take(self.rows(table.products)), labels.take(self.rows(labels.products))

    def check(self, table: FeatureTable, labels: Labels) -> None:
        """Raises FrozenProducts where a row of a frozen product is there to be learned from."""
        there = np.unique(
            np.r_[table.products[~self.rows(table.products)], labels.products[~self.rows(labels.products)]]
        )
        if len(there):
            shown = ", ".join(str(product) for product in there[:5])
            raise FrozenProducts(
                f"{len(there)} product(s) of the frozen test split would be learned from ({shown}); leave them out."
            )

    def over(self, learner: Learner) -> "GuardedLearner":
        return GuardedLearner(learner, self)


@dataclass(frozen=True)
class GuardedLearner:
    """A learner that refuses frozen products, however it is called."""

    learner: Learner
    guard: Guard

    @property
    def name(self) -> str:
        return self.learner.name

    def fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress = silent) -> Ranker:
        self.guard.check(table, labels)
        return self.learner.fit(table, labels, seed, progress)


def grouped_folds(
    products: NDArray[np.int64], folds: int = 5, seed: int | None = None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(rows to learn from, rows to test on) of each fold; all rows of a product are in one fold, folds of like size.

    Dealt as learning deals its own (`ranking.learning.folds`). Raises CannotEvaluate for fewer than two products; for
    fewer than `folds` there are as many folds as products.
    """
    count = len(np.unique(products))
    if count < 2 or folds < 2:
        raise CannotEvaluate(f"{count} product(s) cannot be divided into {folds} folds; label more products.")
    return splits(products, folds, seed)


def out_of_fold(  # noqa: PLR0913 - each is a part of the question
    learner: Learner, table: FeatureTable, labels: Labels, *, folds: int = 5, seed: int = 0, progress: Progress = silent
) -> NDArray[np.float64]:
    """(labels,): each labelled candidate's probability by a ranker that saw nothing of its product."""
    scores = np.full(len(labels), np.nan)
    parts = grouped_folds(labels.products, folds, seed)
    for done, (learned, tested) in enumerate(parts):
        progress(done, len(parts), f"fold {done + 1} of {len(parts)}")
        testing = np.unique(labels.products[tested])
        mine = np.isin(table.products, testing)
        guard = Guard(frozenset(testing.tolist()))
        ranker = guard.over(learner).fit(table.take(~mine), labels.take(learned), seed)
        held = table.take(mine)
        scores[tested] = ranker.predict(held)[held.rows_of(labels.candidates[tested])]
    return scores


def evidence(frozen_products: int, least: int = LEAST_FROZEN) -> str:
    """What a comparison rests on: "frozen", or "out of fold" over all labelled products while too few are frozen."""
    return "frozen" if frozen_products >= least else "out of fold"
