"""Folds by product: no product is on both sides of a fold."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def fold_of(products: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.intp]:
    """(n): the fold of each row; products are dealt at random, the same for the same seed and set of products."""
    different, group = np.unique(products, return_inverse=True)
    dealt = np.random.default_rng([seed, len(different)]).permutation(len(different)) % min(folds, len(different))
    return np.asarray(dealt[group], np.intp)


def splits(products: NDArray[np.int64], folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """[(rows to train on, rows held out)] of each fold; fewer folds where there are fewer products."""
    fold = fold_of(products, folds, seed)
    return [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(int(fold.max()) + 1)]


def sample_products(products: NDArray[np.int64], rows: int, seed: int) -> Rows:
    """Rows of whole products taken at random until there are about that many; all where there are no more."""
    if len(products) <= rows:
        return np.arange(len(products))
    different, counts = np.unique(products, return_counts=True)
    order = np.random.default_rng([seed, len(different)]).permutation(len(different))
    enough = int(np.searchsorted(np.cumsum(counts[order]), rows)) + 1
    return np.flatnonzero(np.isin(products, different[order[:enough]]))
