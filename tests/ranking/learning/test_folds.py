"""Folds by product."""

import numpy as np
import pytest

from ranking.learning.folds import fold_of, sample_products, splits

PRODUCTS = np.repeat(np.arange(100, 123), 4)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_no_product_is_on_both_sides_and_each_row_is_held_once(folds: int) -> None:
    held = []
    for train, aside in splits(PRODUCTS, folds, seed=1):
        assert not set(PRODUCTS[train]) & set(PRODUCTS[aside])
        assert len(train) + len(aside) == len(PRODUCTS)
        held += aside.tolist()
    assert sorted(held) == list(range(len(PRODUCTS)))


def test_folds_have_as_many_products_as_they_can() -> None:
    assert sorted(np.bincount(fold_of(PRODUCTS, 5, 1)) // 4) == [4, 4, 5, 5, 5]


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_large_product_has_its_fold_nearly_to_itself(seed: int | None) -> None:
    products = np.r_[np.zeros(30, int), np.repeat(np.arange(1, 11), 3)]
    assert sorted(np.bincount(fold_of(products, 3, seed))) == [15, 15, 30]


@pytest.mark.parametrize(("products", "parts"), [([1], 1), ([1, 2], 2), ([1, 1, 2, 3], 3)])
def test_fewer_products_than_folds(products: list[int], parts: int) -> None:
    assert len(splits(np.array(products), 5, 0)) == parts


def test_the_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    mixed = np.random.default_rng(0).permutation(len(PRODUCTS))
    np.testing.assert_array_equal(fold_of(PRODUCTS[mixed], 5, 1), fold_of(PRODUCTS, 5, 1)[mixed])
    assert (fold_of(PRODUCTS, 5, 1) != fold_of(PRODUCTS, 5, 2)).any()


@pytest.mark.parametrize(("rows", "products"), [(1, 1), (8, 2), (9, 3), (92, 23), (500, 23)])
def test_samples_are_of_whole_products(rows: int, products: int) -> None:
    taken = sample_products(PRODUCTS, rows, seed=0)
    assert len(taken) == 4 * products
    assert len(np.unique(PRODUCTS[taken])) == products


def test_larger_samples_hold_the_smaller_ones() -> None:
    small, large = (sample_products(PRODUCTS, rows, seed=1) for rows in (13, 41))
    assert set(small) < set(large)
