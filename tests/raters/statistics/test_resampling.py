"""The bootstrap, and each formula by pattern on the very images that a resample stands for."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from raters.statistics import alpha, resampling
from raters.statistics.ballots import Counts
from raters.statistics.resampling import bootstrap, interval


def some_counts() -> Counts:
    """40 images with three answers each."""
    return np.random.default_rng(5).multinomial(3, [0.5, 0.2, 0.2, 0.1], size=40)


def test_fleiss_by_pattern_is_the_librarys() -> None:
    counts = some_counts()
    patterns, often = np.unique(counts, axis=0, return_counts=True)
    freqs = np.random.default_rng(1).multinomial(len(counts), often / len(counts), size=25)
    found = resampling.fleiss(patterns, freqs.astype(float))
    for row, value in zip(freqs, found, strict=True):
        assert value == pytest.approx(fleiss_kappa(np.repeat(patterns, row, axis=0)), abs=1e-12)


def test_percent_is_the_mean_share_of_agreeing_pairs() -> None:
    patterns = np.array([[2, 1, 0], [3, 0, 0], [1, 0, 0]])
    assert resampling.percent(patterns, np.array([[1.0, 1.0, 5.0]]))[0] == pytest.approx((1 / 3 + 1) / 2)


def test_bootstrap_spreads_as_resampling_images_does() -> None:
    """Against the plain bootstrap, image by image: means and spreads agree within the noise of 2,000 resamples."""
    counts = some_counts()
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
    assert bootstrap(counts, alpha.by_pattern, seed=1, resamples=300).shape == (300,)


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
