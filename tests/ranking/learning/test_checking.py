"""The figures that learning looks at, by hand and against scikit-learn."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ranking.learning.checking import auc, calibration_error, equal_bins, within_auc, within_concordance

ONE = np.zeros(4, np.int64)


@pytest.mark.parametrize(
    ("scores", "passed", "products", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], [0, 0, 0, 0], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], [0, 0, 0, 0], 0.0),
        ([1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], 0.5),
        ([1, 2, 8, 9], [0, 1, 0, 1], [0, 0, 1, 1], 1.0),
        ([1, 2, 9, 8], [0, 1, 0, 1], [0, 0, 1, 1], 0.5),
        ([5, 6, 1, 2], [0, 0, 0, 1], [0, 0, 1, 1], 1.0),
    ],
    ids=["right", "wrong", "ties", "two products", "one wrong", "a product without both says nothing"],
)
def test_within_products_by_hand(
    scores: list[float], passed: list[float], products: list[int], expected: float
) -> None:
    given = np.array(scores, float), np.array(passed, float), np.array(products)
    assert within_auc(*given) == expected
    assert within_concordance(*given) == expected


def test_over_all_it_is_scikit_learns() -> None:
    drawn = np.random.default_rng(0)
    scores, passed = drawn.integers(0, 20, 300).astype(float), drawn.integers(0, 2, 300).astype(float)
    assert auc(scores, passed) == pytest.approx(roc_auc_score(passed, scores))


@pytest.mark.parametrize("figure", [within_auc, within_concordance])
def test_without_both_kinds_there_is_no_figure(figure: Callable[..., float]) -> None:
    assert np.isnan(figure(np.arange(4.0), np.ones(4), ONE))


def test_soft_pairs_count_by_their_distance() -> None:
    """Right about .9 over .1, wrong about .9 over .8: .8 of .9."""
    said = within_concordance(np.array([2.0, 1.0, 3.0]), np.array([0.9, 0.1, 0.8]), np.zeros(3, np.int64))
    assert said == pytest.approx((0.8 + 0.7) / (0.8 + 0.7 + 0.1))


@pytest.mark.parametrize(
    ("chance", "expected"), [(0.3, 0.0), (0.5, 0.2), (0.0, 0.3)], ids=["true", "too sure", "too doubtful"]
)
def test_calibration_error_of_a_constant(chance: float, expected: float) -> None:
    passed = np.tile([1.0, 0, 0, 1, 0, 0, 1, 0, 0, 0], 10)
    assert calibration_error(np.full(100, chance), passed) == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    """Two kinds of images, told apart but not by enough: .1 too high for half of them, .1 too low for the others."""
    chances, passed = np.repeat([0.3, 0.6], 50), np.r_[np.tile([1.0, 0, 0, 0, 0], 10), np.tile([1.0] * 7 + [0] * 3, 5)]
    assert calibration_error(chances, passed) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("scores", "sizes"),
    [(np.arange(100.0), [10] * 10), (np.repeat([1.0, 2.0], 50), [50, 50]), (np.ones(7), [7])],
    ids=["all different", "equal ones share a bin", "all the same"],
)
def test_bins_are_of_equal_size(scores: np.ndarray, sizes: list[int]) -> None:
    counts = np.bincount(equal_bins(scores))
    assert counts[counts > 0].tolist() == sizes
