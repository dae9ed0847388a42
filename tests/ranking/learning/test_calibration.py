"""Probabilities that mean what they say, and an order that stays."""

from collections.abc import Callable

import numpy as np
import pytest

from ranking.learning.calibration import LEAST_SLOPE, Calibration, isotonic, platt, restored
from ranking.learning.checking import calibration_error
from ranking.learning.exceptions import CannotLearn
from ranking.learning.logistic import sigmoid


def scored(count: int, slope: float = 2.0, offset: float = -1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are wrong by a line, and verdicts."""
    drawn = np.random.default_rng(seed)
    true = drawn.normal(size=count)
    return (true - offset) / slope, (drawn.random(count) < sigmoid(true)).astype(float)


def test_a_line_is_found_again() -> None:
    logits, passed = scored(20_000)
    line = platt(logits, passed, np.ones(20_000))
    assert (line.slope, line.intercept) == pytest.approx((2.0, -1.0), abs=0.1)


@pytest.mark.parametrize("way", [platt, isotonic])
def test_what_was_wrong_is_right_afterwards(way: Callable[..., Calibration]) -> None:
    logits, passed = scored(6_000)
    fresh, verdicts = scored(6_000, seed=1)
    calibrated = way(logits, passed, np.ones(6_000))
    assert calibration_error(sigmoid(fresh), verdicts) > 0.08
    assert calibration_error(sigmoid(calibrated(fresh)), verdicts) < 0.03


@pytest.mark.parametrize("way", [platt, isotonic])
def test_the_order_always_stays(way: Callable[..., Calibration]) -> None:
    logits, passed = scored(4_000)
    calibrated = way(logits, passed, np.ones(4_000))
    ascending = np.linspace(-30, 30, 5_001)
    assert (np.diff(calibrated(ascending)) > 0).all()


def test_a_ranker_that_is_wrong_keeps_its_order_and_promises_nothing() -> None:
    logits, passed = scored(500)
    line = platt(-logits, passed, np.ones(500))
    assert line.slope == LEAST_SLOPE
    assert sigmoid(line(-logits)) == pytest.approx(passed.mean(), abs=0.01)


@pytest.mark.parametrize(("value", "share"), [(0.0, 1 / 12), (1.0, 11 / 12)], ids=["none passed", "all passed"])
def test_of_one_kind_of_verdict_no_certainty_is_learned(value: float, share: float) -> None:
    line = platt(np.arange(10.0), np.full(10, value), np.ones(10))
    assert sigmoid(line(np.arange(10.0))) == pytest.approx(share, abs=0.01)


def test_equal_logits_have_the_share_that_passed() -> None:
    line = platt(np.zeros(8), np.array([1.0, 0, 0, 0, 0, 0, 0, 1]), np.ones(8))
    assert sigmoid(line(np.zeros(1)))[0] == pytest.approx(0.3)


def test_weights_count() -> None:
    logits, passed = scored(2_000)
    heavy = platt(logits, passed, np.where(passed == 1, 3.0, 1.0))
    assert heavy.intercept > platt(logits, passed, np.ones(2_000)).intercept + 0.5


def test_isotonic_needs_its_labels() -> None:
    logits, passed = scored(2_999)
    with pytest.raises(CannotLearn, match="3,000 labels and there are 2,999"):
        isotonic(logits, passed, np.ones(2_999))


@pytest.mark.parametrize("way", [platt, isotonic])
def test_stored_it_is_the_same(way: Callable[..., Calibration]) -> None:
    logits, passed = scored(3_000)
    calibrated = way(logits, passed, np.ones(3_000))
    np.testing.assert_array_equal(restored(calibrated.plain())(logits), calibrated(logits))
