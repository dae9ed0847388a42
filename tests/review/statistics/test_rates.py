"""Pass rates with intervals: against libraries, at the edges, and by simulation."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from raters.statistics.intervals import clustered_share
from review.statistics import rates
from review.statistics.rates import Sums

Counts = NDArray[np.int64]


def sums_of(images: Counts, passed: Counts) -> Sums:
    return Sums(
        int((images > 0).sum()),
        int(images.sum()),
        int(passed.sum()),
        int((images**2).sum()),
        int((passed**2).sum()),
        int((images * passed).sum()),
    )


def drawn(products: int, rate: float, icc: float, *, uneven: bool, seed: int) -> tuple[Counts, Counts]:
    drawing = np.random.default_rng(seed)
    size = 1 / icc - 1
    chances = drawing.beta(rate * size, (1 - rate) * size, products)
    images = drawing.integers(2, 18, products) if uneven else np.full(products, 10)
    return images, drawing.binomial(images, chances)


@pytest.mark.parametrize(
    ("name", "products", "rate", "uneven"),
    [("few", 20, 0.3, False), ("the paper's", 100, 0.174, False), ("uneven", 60, 0.3, True), ("half", 50, 0.5, False)],
)
def test_intervals_cover_what_they_claim(name: str, products: int, rate: float, uneven: bool) -> None:
    studies = 1_500
    covered = 0
    for study in range(studies):
        found = rates.per_image(sums_of(*drawn(products, rate, 0.25, uneven=uneven, seed=study)))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= rate <= found.high
    assert 0.93 <= covered / studies <= 0.97


def test_taking_images_as_independent_does_not_cover() -> None:
    covered = 0
    for study in range(400):
        images, passed = drawn(50, 0.174, 0.25, uneven=False, seed=study)
        low, high = rates.wilson(passed.sum() / images.sum(), images.sum(), 1.96)
        covered += low <= 0.174 <= high
    assert covered / 400 < 0.85


def test_the_variance_is_that_of_product_means_where_products_have_as_many_images() -> None:
    images, passed = drawn(40, 0.2, 0.3, uneven=False, seed=1)
    means = passed / images
    assert math.sqrt(rates.variance(sums_of(images, passed))) == pytest.approx(stats.sem(means))


def test_an_interval_is_as_wide_as_t_of_product_means() -> None:
    images, passed = drawn(200, 0.4, 0.2, uneven=False, seed=2)
    found = rates.per_image(sums_of(images, passed))
    low, high = stats.t.interval(0.95, 199, loc=(passed / images).mean(), scale=stats.sem(passed / images))
    assert (found.low, found.high) == (pytest.approx(low, abs=0.002), pytest.approx(high, abs=0.002))


def test_it_is_the_raters_clustered_share_but_for_the_quantile() -> None:
    images, passed = drawn(5_000, 0.2, 0.3, uneven=True, seed=3)
    found, theirs = rates.per_image(sums_of(images, passed)), clustered_share(passed, images)
    assert found.value == theirs.value
    assert found.low == pytest.approx(theirs.low, abs=1e-5)
    assert found.high == pytest.approx(theirs.high, abs=1e-5)


@pytest.mark.parametrize(("passing", "products"), [(24, 100), (0, 7), (7, 7), (45, 99)])
def test_products_have_wilsons_interval(passing: int, products: int) -> None:
    found = rates.per_product(passing, products)
    low, high = proportion_confint(passing, products, method="wilson")
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("name", "images", "passed", "low", "high"),
    [
        ("none of five products", [10] * 5, [0] * 5, 0.0, 0.7),
        ("all of five products", [10] * 5, [10] * 5, 0.3, 1.0),
        ("all alike", [10] * 5, [5] * 5, 0.3, 0.7),
    ],
)
def test_the_edges_stay_open(name: str, images: list[int], passed: list[int], low: float, high: float) -> None:
    found = rates.per_image(sums_of(np.array(images), np.array(passed)))
    assert found.low is not None
    assert found.high is not None
    assert low <= found.low <= found.value <= found.high <= high
    assert found.high - found.low > 0.1


def test_one_product_has_no_interval_and_nothing_no_value() -> None:
    one = rates.per_image(Sums(1, 10, 4, 100, 16, 40))
    assert (one.value, one.low, one.high) == (0.4, None, None)
    assert "one product" in one.said
    nothing = rates.per_image(Sums())
    assert (nothing.value, nothing.of) == (None, 0)
    assert nothing.said == "No image is judged."
    assert rates.per_product(0, 0).value is None
    assert rates.per_product(1, 1).low is None


def test_the_design_effect_says_what_an_image_is_worth() -> None:
    images, passed = drawn(2_000, 0.3, 0.25, uneven=False, seed=4)
    # Kish: 1 + (n - 1) ICC = 3.25
    assert rates.design_effect(sums_of(images, passed)) == pytest.approx(3.25, rel=0.1)
    assert rates.design_effect(Sums(5, 50, 0, 500, 0, 0)) is None
