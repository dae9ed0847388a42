"""Shares with intervals: Wilson's, and as wide as the answers of one image hang together."""

import numpy as np
import pytest

from raters.statistics.intervals import Share, clustered_share, share


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_newcombe_prints_it(right: int, of: int, low: float, high: float) -> None:
    found = share(right, of)
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (low, high)
    assert found.of == of


def test_nothing_to_count_has_no_share() -> None:
    assert share(0, 0) == Share()
    assert clustered_share(np.array([0, 0]), np.array([0, 0])) == Share()


def test_one_answer_an_image_is_plain_wilson() -> None:
    right = np.array([1] * 30 + [0] * 10)
    found, plain = clustered_share(right, np.ones(40, np.int64)), share(30, 40)
    assert found.value == plain.value
    # The ratio estimator divides by n - 1.
    assert found.low == pytest.approx(plain.low, abs=0.003)
    assert found.of == 40


def test_answers_that_stand_and_fall_together_count_as_one() -> None:
    """40 images with 8 answers each, all right or all wrong: no more is known than from 40 answers."""
    found = clustered_share(np.array([8] * 30 + [0] * 10), np.full(40, 8))
    assert found.of == 320
    assert found.low == pytest.approx(share(30, 40).low, abs=0.003)


def test_independent_answers_count_each() -> None:
    drawing = np.random.default_rng(0)
    right = drawing.binomial(8, 0.75, size=400)
    found, plain = clustered_share(right, np.full(400, 8)), share(int(right.sum()), 3200)
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.12)  # type: ignore[operator]


@pytest.mark.parametrize(("right", "value"), [(8, 1.0), (0, 0.0)])
def test_all_or_none_right_is_as_sure_as_the_number_of_images(right: int, value: float) -> None:
    found = clustered_share(np.full(10, right), np.full(10, 8))
    plain = share(right // 8 * 10, 10)
    assert found.value == value
    assert found.low == pytest.approx(plain.low)
    assert found.high == pytest.approx(plain.high)


def test_intervals_hold_what_they_promise() -> None:
    """Of 400 raters whose images are easy or hard, about 95 % of the intervals hold the true share."""
    drawing = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        ease = drawing.beta(3, 1, size=60)
        found = clustered_share(drawing.binomial(8, ease), np.full(60, 8))
        held += found.low <= 0.75 <= found.high  # type: ignore[operator]
    assert 0.92 <= held / 400 <= 0.98
