"""Comparisons of two methods: against scipy, statsmodels and worked examples, and by simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from review.statistics import paired
from review.statistics.exceptions import CannotCompare
from review.statistics.paired import Pairs


def drawn(products: int, rates: tuple[float, float], *, seed: int, icc: float = 0.25, uneven: bool = False) -> Pairs:
    """Products whose chances hang together between the methods."""
    drawing = np.random.default_rng(seed)
    scores = drawing.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], products)
    columns = []
    for place, rate in enumerate(rates):
        size = 1 / icc - 1
        chances = stats.beta.ppf(stats.norm.cdf(scores[:, place]), rate * size, (1 - rate) * size)
        images = drawing.integers(3, 15, products) if uneven else np.full(products, 10)
        columns += [images, drawing.binomial(images, chances)]
    return Pairs(*columns)


def p_of(found: paired.Compared, name: str) -> float:
    value = next(test.p for test in found.tests if test.name.startswith(name))
    assert value is not None
    return value


def test_the_paired_t_is_scipys_where_products_have_as_many_images() -> None:
    pairs = drawn(30, (0.3, 0.15), seed=1)
    found = paired.per_image(pairs)
    assert p_of(found, "Paired t") == pytest.approx(stats.ttest_rel(pairs.passed / 10, pairs.other_passed / 10).pvalue)
    interval = stats.ttest_rel(pairs.passed / 10, pairs.other_passed / 10).confidence_interval()
    assert found.difference.low == pytest.approx(interval.low)
    assert found.difference.high == pytest.approx(interval.high)


def test_mcnemar_is_the_worked_example() -> None:
    # Fagerland, Lydersen and Laake (2013), BMC Med. Res. Methodol. 13, 91, table 1: 1 against 7; exact p 0.0703.
    first = np.array([True] * 1 + [True] * 1 + [False] * 7 + [False] * 12)
    second = np.array([True] * 1 + [False] * 1 + [True] * 7 + [False] * 12)
    assert paired.mcnemar_exact(first, second).p == pytest.approx(0.0703, abs=5e-5)


def test_mcnemar_without_a_product_that_moved_says_nothing() -> None:
    both = np.array([True, False])
    assert paired.mcnemar_exact(both, both).p is None


def test_the_gee_is_that_of_statsmodels() -> None:
    pairs = drawn(60, (0.3, 0.2), seed=2, uneven=True)
    rows = [
        (product, method, image < passed)
        for product in range(len(pairs))
        for method, (images, passed) in enumerate(
            ((pairs.other_images[product], pairs.other_passed[product]), (pairs.images[product], pairs.passed[product]))
        )
        for image in range(images)
    ]
    product, method, passes = np.array(rows, np.float64).T
    model = sm.GEE(
        passes,
        sm.add_constant(method),
        groups=product,
        family=sm.families.Binomial(),
        cov_struct=sm.cov_struct.Independence(),
    ).fit()
    found = paired.gee(pairs)
    assert found.said == f"Odds ratio {np.exp(model.params[1]):.2f}."
    corrected = model.bse[1] * np.sqrt(60 / 59)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(model.params[1]) / corrected, 59), rel=1e-6)


def test_few_products_are_flipped_in_every_way() -> None:
    pairs = Pairs(*(np.array(column) for column in ([10] * 4, [5, 6, 7, 8], [10] * 4, [1, 2, 3, 5])))
    found = paired.per_image(pairs)
    exact = stats.permutation_test(
        ((pairs.passed - pairs.other_passed) / 10,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert p_of(found, "Sign-flip") == pytest.approx(exact.pvalue) == pytest.approx(2 / 16)


@pytest.mark.parametrize("values", [[0.01, 0.04, 0.03], [0.5, 0.6], [0.001, None, 0.02, 0.9], []])
def test_looking_several_times_is_corrected_by_holm(values: list[float | None]) -> None:
    there = [value for value in values if value is not None]
    expected = iter(multipletests(there, method="holm")[1] if there else [])
    assert paired.holm(values) == [None if value is None else pytest.approx(next(expected)) for value in values]


def test_a_clear_difference_has_a_winner() -> None:
    found = paired.per_image(drawn(100, (0.3, 0.1), seed=3))
    assert found.better == "first"
    assert paired.per_image(drawn(100, (0.1, 0.3), seed=3)).better == "second"
    assert found.ratio.low is not None
    assert found.ratio.low > 1


def test_no_winner_where_the_interval_holds_zero_and_how_many_it_takes() -> None:
    pairs = drawn(20, (0.2, 0.17), seed=4)
    found = paired.per_image(pairs)
    assert found.better == ""
    assert found.products_needed is not None
    assert found.products_needed > 20


def test_the_number_needed_is_the_textbooks() -> None:
    apart = np.array([-1.0, 1.0] * 50)
    # ((1.96 + 0.84) · 1.005 / 0.5)²: the deviation is 1.005, the difference 0.5
    assert paired.products_needed(apart, 0.5) == 32
    assert paired.products_needed(apart, 0.0) is None


def test_methods_that_are_alike_seldom_win() -> None:
    won = [bool(paired.per_image(drawn(60, (0.17, 0.17), seed=seed), draws=400).better) for seed in range(300)]
    assert 0.02 <= np.mean(won) <= 0.09


def test_bootstrap_intervals_of_a_difference_cover() -> None:
    covered = 0
    for seed in range(400):
        found = paired.per_image(drawn(60, (0.25, 0.15), seed=seed, uneven=True), draws=400).difference
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.10 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_products_are_compared_as_products() -> None:
    pairs = drawn(80, (0.3, 0.1), seed=5)
    found = paired.per_product(pairs, 2)
    assert found.first == pytest.approx((pairs.passed >= 2).mean())
    assert found.difference.value == pytest.approx((pairs.passed >= 2).mean() - (pairs.other_passed >= 2).mean())
    assert found.better == "first"


def test_a_second_method_that_passes_nothing_has_no_ratio() -> None:
    found = paired.per_image(Pairs(*(np.array(column) for column in ([5] * 3, [1, 2, 3], [5] * 3, [0, 0, 0]))))
    assert found.ratio.value is None
    assert "no ratio" in found.ratio.said
    assert paired.gee(Pairs(*(np.array(column) for column in ([5] * 3, [1, 2, 3], [5] * 3, [0, 0, 0])))).p is None


def test_many_products_are_drawn_as_patterns() -> None:
    drawing, products = np.random.default_rng(6), 50_000
    images = np.full(products, 5)
    pairs = Pairs(images, drawing.binomial(5, 0.3, products), images, drawing.binomial(5, 0.28, products))
    assert paired.per_image(pairs).better == "first"


@pytest.mark.parametrize(
    ("images", "first", "second"),
    [
        ([1, 1], [1, 1], [0, 0]),
        ([3, 3, 3], [1, 1, 1], [0, 0, 0]),
        ([4] * 9, [2] * 9, [2] * 9),
        ([10] * 3, [2] * 3, [1] * 3),
        ([5] * 3, [2] * 3, [1] * 3),
    ],
    ids=["two of one image", "a third each", "no difference", "floats leave a spread", "floats leave none"],
)
def test_few_products_that_differ_alike_name_nobody(images: list[int], first: list[int], second: list[int]) -> None:
    counts = [np.array(column) for column in (images, first, images, second)]
    found = paired.per_image(Pairs(*counts))
    assert (found.better, found.difference.low, found.products_needed) == ("", None, None)
    assert "all products differ alike" in found.difference.said
    assert (found.ratio.low, found.tests[0].p, found.tests[2].p) == (None, None, None)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (([5], [1], [5], [1]), "2 or more"),
        (([5, 5], [1, 1], [5], [1]), "not of the same products"),
        (([5, 0], [1, 0], [5, 5], [1, 1]), "leave it out"),
        (([5, 5], [6, 1], [5, 5], [1, 1]), "more passing images"),
    ],
)
def test_counts_that_cannot_be_are_refused(columns: tuple[list[int], ...], why: str) -> None:
    with pytest.raises(CannotCompare, match=why):
        Pairs(*(np.array(column) for column in columns))


@pytest.mark.parametrize("most", [1, 6, 300, 2**20])
def test_rows_that_are_alike_are_found_as_numpy_finds_them(most: int) -> None:
    rows = np.random.default_rng(most).integers(0, min(most, 3), (200, 4)) * (most // 2) + [1, 0, most, 0]
    patterns, often = paired.alike(rows)
    expected, counted = np.unique(rows, axis=0, return_counts=True)
    assert np.array_equal(patterns, expected)
    assert np.array_equal(often, counted)
