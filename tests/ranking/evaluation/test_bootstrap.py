"""Intervals beside scipy's, and how often they hold what they claim."""

import numpy as np
import pytest
from scipy import stats

from ranking.evaluation import figures
from ranking.evaluation.bootstrap import Estimate, Interval, between, expanded, interval, jackknife, resample, whole
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import ratio
from ranking.evaluation.judged import Judged, Values
from tests.ranking.evaluation.made import noisy_judged

skewed = np.random.default_rng(8).gamma(0.7, 1.0, 40)


def mean_of(values: Values) -> Estimate:
    return ratio(np.column_stack([values, np.ones(len(values))]))


@pytest.mark.parametrize(("form", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_intervals_are_those_of_scipy(form: str, theirs: str) -> None:
    """The same method on other draws: ends agree as far as 20,000 draws allow."""
    ours = interval(mean_of(skewed), resample(40, seed=1, resamples=20_000), form=form)  # type: ignore[arg-type]
    found = stats.bootstrap((skewed,), np.mean, n_resamples=20_000, method=theirs, rng=2).confidence_interval
    assert ours.low == pytest.approx(found.low, abs=0.012)
    assert ours.high == pytest.approx(found.high, abs=0.012)


EXPANDED = {
    "ten products": (10, 0.95, 1.833),
    "a hundred": (100, 0.95, 1.660),
    "both sides": (20, 0.975, 2.093),
}


@pytest.mark.parametrize("case", EXPANDED)
def test_expanded_levels_are_students(case: str) -> None:
    """A printed table's quantile of t, times the root of n / (n - 1), as a normal's level."""
    products, level, quantile = EXPANDED[case]
    low, high = expanded((1 - level, level), products)
    assert high == pytest.approx(stats.norm.cdf(quantile * (products / (products - 1)) ** 0.5), abs=1e-4)
    assert low == pytest.approx(1 - high)


def test_expanded_is_nearly_the_percentile_of_many() -> None:
    assert expanded((0.025, 0.975), 2_000) == pytest.approx((0.025, 0.975), abs=2e-4)


def test_few_products_are_held_as_often_as_claimed() -> None:
    """The mean of ten normal values, 600 times at 90 %: expanded holds it, the plain percentile claims too much."""
    draws = np.random.default_rng(3)
    counts = resample(10, seed=1, resamples=800)
    held = dict.fromkeys(("expanded", "percentile"), 0)
    for _ in range(600):
        values = draws.normal(size=10)
        drawn = counts @ values / 10
        for form, levels in (("expanded", expanded((0.05, 0.95), 10)), ("percentile", (0.05, 0.95))):
            low, high = np.quantile(drawn, levels)
            held[form] += low <= 0 <= high
    assert held["expanded"] / 600 == pytest.approx(0.90, abs=0.035)
    assert held["percentile"] / 600 < 0.865


def test_bca_leans_to_the_long_side() -> None:
    counts = resample(40, seed=1, resamples=5_000)
    plain, corrected = (interval(mean_of(skewed), counts, form=form) for form in ("percentile", "bca"))
    assert corrected.low is not None
    assert plain.low is not None
    assert corrected.high is not None
    assert plain.high is not None
    assert corrected.low > plain.low
    assert corrected.high > plain.high


def test_jackknife_leaves_out_each_in_turn() -> None:
    values = np.array([1.0, 2.0, 6.0])
    assert jackknife(mean_of(values), 3) == pytest.approx([4.0, 3.5, 1.5])


def test_one_sided_bound_is_the_quantile() -> None:
    counts = resample(40, seed=1)
    found = between(skewed.mean(), mean_of(skewed), counts, tails=(0.05, 0.95), form="percentile")
    assert found.low == pytest.approx(np.quantile(mean_of(skewed)(counts), 0.05))


def test_clusters_widen_what_images_would_claim() -> None:
    """Pictures of a product hang together: the interval over products is wider than one over images, and holds."""
    drawing = np.random.default_rng(0)
    held = narrow = 0
    for trial in range(120):
        rates = drawing.beta(0.6, 2.4, 50)
        passed = (drawing.random((50, 10)) < rates[:, None]).astype(float).ravel()
        judged = Judged.build(np.repeat(np.arange(50), 10), passed)
        found = interval(figures.random_rate(judged), resample(50, seed=trial, resamples=300))
        alone = Judged.build(np.arange(500), passed)
        narrower = interval(figures.random_rate(alone), resample(500, seed=trial, resamples=60))
        held += found.low <= 0.2 <= found.high  # type: ignore[operator]
        narrow += narrower.low <= 0.2 <= narrower.high  # type: ignore[operator]
    assert held / 120 >= 0.90
    assert narrow / 120 < 0.80


def test_the_same_seed_gives_the_same_interval() -> None:
    scores, judged = noisy_judged()
    found = [interval(figures.auc_within(scores, judged), resample(40, seed=seed)) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_counts_add_up_to_the_products() -> None:
    counts = resample(7, seed=0, resamples=50)
    assert counts.shape == (50, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert whole(7).tolist() == [[1.0] * 7]


NONE = {
    "all pass": (Judged.build([1, 2], [1, 1]), "There is no value"),
    "one product": (Judged.build([1, 1], [1, 0]), "1 product"),
}


@pytest.mark.parametrize("case", NONE)
def test_what_has_no_interval_says_why(case: str) -> None:
    judged, said = NONE[case]
    found = interval(figures.auc_within(np.array([0.3, 0.2]), judged), resample(len(judged.ids), seed=0))
    assert (found.low, found.high) == (None, None)
    assert said in found.said


def test_sides_of_zero() -> None:
    assert Interval(0.2, 0.1, 0.3).above_zero
    assert Interval(-0.2, -0.3, -0.1).below_zero
    assert not Interval(0.2, -0.1, 0.3).above_zero
    assert not Interval(None).above_zero
    assert not Interval(None).below_zero


def test_no_products_no_resamples() -> None:
    with pytest.raises(CannotEvaluate, match="of 0 products"):
        resample(0, seed=0)
