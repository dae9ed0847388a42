"""How many products a study takes: against the study that found it, the formula, and what was simulated with."""

import numpy as np
import pytest

from review.statistics import planning
from review.statistics.exceptions import CannotPlan
from review.statistics.planning import Plan

# RANKING.md: 10 % against 17.4 %, ICC .3, 10 images a product: about 76 products, 4,560 ratings.
PAPER = Plan(0.10, 0.174, images=10, raters=3, icc=0.3, shared=0.5)


def test_the_papers_study_takes_about_as_many_products_as_the_study_says() -> None:
    needed = planning.products_for(PAPER, studies=600)
    assert 68 <= needed.products <= 92
    assert needed.ratings == needed.products * 10 * 2 * 3
    assert needed.power >= 0.8


def test_more_products_give_more_power() -> None:
    assert planning.power_of(PAPER, 20, studies=500) < planning.power_of(PAPER, 60, studies=500)


def test_alike_methods_are_found_different_as_often_as_the_level_says() -> None:
    alike = Plan(0.1699, 0.17, images=10)
    # One-sided, as "the expected method is better": half of 5 %.
    assert planning.power_of(alike, 60, studies=2_000) == pytest.approx(0.025, abs=0.012)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert planning.products_for(PAPER, seed=3, studies=200) == planning.products_for(PAPER, seed=3, studies=200)


def test_a_study_whose_products_all_differ_alike_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Under the first method drawn nothing passes, under the second everything: no spread, and no comparison says more.
    rates = iter([0.0, 1.0])
    monkeypatch.setattr(planning, "_chances", lambda *given: np.full(given[2].shape, next(rates)))
    assert planning.power_of(Plan(0.1, 0.9, images=1), 3, studies=10) == 0


@pytest.mark.parametrize("icc", [0.05, 0.25, 0.6])
def test_the_clustering_put_in_is_the_clustering_found(icc: float) -> None:
    drawing = np.random.default_rng(1)
    chances = planning._chances(0.3, icc, drawing.standard_normal(4_000))
    images = drawing.integers(4, 12, 4_000)
    assert planning.observed_icc(images, drawing.binomial(images, chances)) == pytest.approx(icc, abs=0.04)
    assert chances.mean() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(("images", "passed"), [([1, 1, 1], [0, 1, 0]), ([5], [2]), ([5, 5], [0, 0]), ([0, 0], [0, 0])])
def test_no_clustering_is_told_from_what_cannot_show_it(images: list[int], passed: list[int]) -> None:
    assert planning.observed_icc(np.array(images), np.array(passed)) is None


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"base": 0.0, "expected": 0.1}, "between 0 and 1"),
        ({"base": 0.1, "expected": 0.1}, "the same"),
        ({"base": 0.1, "expected": 0.2, "images": 0}, "1 image"),
        ({"base": 0.1, "expected": 0.2, "shared": 1.0}, "correlation"),
        ({"base": 0.1, "expected": 0.2, "icc": 1.5}, "icc is 1.5"),
    ],
)
def test_plans_that_cannot_be_are_refused(values: dict[str, float], why: str) -> None:
    with pytest.raises(CannotPlan, match=why):
        Plan(**values)


def test_a_difference_too_small_for_any_study_is_said_to_be() -> None:
    with pytest.raises(CannotPlan, match="more than 5,000 products"):
        planning.products_for(Plan(0.100, 0.101, images=2), studies=50)


@pytest.mark.parametrize("shared", [0.0, 0.6, 0.9])
def test_the_likeness_of_methods_put_in_is_the_likeness_found(shared: float) -> None:
    drawing = np.random.default_rng(2)
    one = drawing.standard_normal(4_000)
    other = shared * one + np.sqrt(1 - shared**2) * drawing.standard_normal(4_000)
    columns = [
        np.column_stack([np.full(4_000, 10), drawing.binomial(10, planning._chances(rate, 0.25, scores))])
        for rate, scores in ((0.3, one), (0.4, other))
    ]
    assert planning.observed_shared(*columns) == pytest.approx(shared, abs=0.06)


def test_methods_under_which_products_do_not_vary_have_no_likeness() -> None:
    alike = np.array([[5, 2]] * 12)
    assert planning.observed_shared(alike, alike) is None
