"""Each formula by pattern is the library's, on the very images that a resample stands for."""

from collections.abc import Callable
from typing import Literal

import krippendorff
import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from raters.statistics import resampling
from raters.statistics.ballots import Counts
from raters.statistics.resampling import ByPattern, bootstrap, interval


def alpha(level: Literal["nominal", "ordinal"]) -> Callable[[Counts], float]:
    return lambda images: krippendorff.alpha(value_counts=images, level_of_measurement=level)


def some_counts(*, complete: bool) -> Counts:
    drawing = np.random.default_rng(5)
    raters = np.full(40, 3) if complete else drawing.integers(1, 5, size=40)
    return np.array([drawing.multinomial(number, [0.5, 0.2, 0.2, 0.1]) for number in raters])


@pytest.mark.parametrize(
    ("name", "by_pattern", "library", "complete"),
    [
        ("alpha nominal", resampling.alpha_nominal, alpha("nominal"), False),
        ("alpha ordinal", resampling.alpha_ordinal, alpha("ordinal"), False),
        ("fleiss", resampling.fleiss, fleiss_kappa, True),
    ],
)
def test_patterns_give_what_the_library_gives(
    name: str, by_pattern: ByPattern, library: Callable[[Counts], float], complete: bool
) -> None:
    counts = some_counts(complete=complete)
    patterns, often = np.unique(counts, axis=0, return_counts=True)
    freqs = np.random.default_rng(1).multinomial(len(counts), often / len(counts), size=25)
    found = by_pattern(patterns, freqs.astype(float))
    for row, value in zip(freqs, found, strict=True):
        assert value == pytest.approx(library(np.repeat(patterns, row, axis=0)), abs=1e-12), name


def test_percent_is_the_mean_share_of_agreeing_pairs() -> None:
    patterns = np.array([[2, 1, 0], [3, 0, 0], [1, 0, 0]])
    assert resampling.percent(patterns, np.array([[1.0, 1.0, 5.0]]))[0] == pytest.approx((1 / 3 + 1) / 2)


def test_bootstrap_spreads_as_resampling_images_does() -> None:
    """Against the plain bootstrap, image by image: means and spreads agree within the noise of 2,000 resamples."""
    counts = some_counts(complete=True)
    quick = bootstrap(counts, resampling.percent, seed=3, resamples=2000)
    drawing = np.random.default_rng(4)
    plain = [float(resampling.percent(counts[drawing.integers(0, 40, 40)], np.ones((1, 40)))[0]) for _ in range(2000)]
    assert np.mean(quick) == pytest.approx(np.mean(plain), abs=0.01)
    assert np.std(quick) == pytest.approx(np.std(plain), rel=0.1)


def test_rows_too_wide_for_one_number_are_sorted_as_rows() -> None:
    wide = np.zeros((4, 40), dtype=np.int64)
    wide[0, 3] = wide[2, 3] = 9
    spread = bootstrap(wide + np.eye(4, 40, dtype=np.int64), resampling.percent, seed=1, resamples=10)
    assert spread.shape == (10,)


def test_large_resamples_are_made_in_parts() -> None:
    counts = np.random.default_rng(2).multinomial(9, [0.2] * 5, size=3000)
    assert bootstrap(counts, resampling.alpha_ordinal, seed=1, resamples=300).shape == (300,)


@pytest.mark.parametrize(
    ("name", "spread", "low", "high", "said"),
    [
        ("plain", np.linspace(0, 1, 101), 0.025, 0.975, ""),
        ("some without value", np.array([0.5] * 90 + [np.nan] * 10), 0.5, 0.5, "10 of 100 resamples have no value."),
        ("most without value", np.array([0.5] * 10 + [np.nan] * 90), None, None, "Without an interval"),
    ],
)
def test_interval(name: str, spread: np.ndarray, low: float | None, high: float | None, said: str) -> None:
    found_low, found_high, found_said = interval(spread, 0.95)
    assert found_low == pytest.approx(low), name
    assert found_high == pytest.approx(high)
    assert found_said.startswith(said)
