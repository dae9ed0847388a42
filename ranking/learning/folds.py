"""Folds by product: no product is on both sides of a fold."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def fold_of(products: NDArray[np.int64], folds: int, seed: int | None) -> NDArray[np.intp]:
    """(n): the fold of each row, folds of like size; the same for the same seed and set of products.

    Largest products are dealt out first, each to the smallest fold; the seed changes who is dealt among equals.
    """
    different, group, sizes = np.unique(products, return_inverse=True, return_counts=True)
    count = len(different)
    lots = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    dealt, filled = np.zeros(count, np.intp), np.zeros(min(folds, count))
    for product in np.lexsort((lots, -sizes)):
        dealt[product] = fold = int(np.argmin(filled))
        filled[fold] += sizes[product]
    return np.asarray(dealt[group], np.intp)


def splits(products: NDArray[np.int64], folds: int, seed: int | None) -> list[tuple[Rows, Rows]]:
    """[(rows to train on, rows held out)] of each fold; fewer folds where there are fewer products."""
    fold = fold_of(products, folds, seed)
    return [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(int(fold.max()) + 1)]


def sample_products(products: NDArray[np.int64], rows: int, seed: int) -> Rows:
    """Rows of whole products drawn by lot until there are about that many; larger wishes hold the smaller ones."""
    if len(products) <= rows:
        return np.arange(len(products))
    different, counts = np.unique(products, return_counts=True)
    order = np.random.default_rng([seed, len(different)]).permutation(len(different))
    enough = int(np.searchsorted(np.cumsum(counts[order]), rows)) + 1
    return np.flatnonzero(np.isin(products, different[order[:enough]]))
