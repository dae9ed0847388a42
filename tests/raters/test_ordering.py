"""The campaign's order, and where gold items fall in a rater's."""

from collections import Counter
from itertools import pairwise

import pytest

from raters.ordering import interleaved, is_gold_turn, turn


def places(count: int, products: int = 4, methods: int = 2) -> list[tuple[int, int]]:
    return [(number % products, number // products % methods) for number in range(count)]


def test_all_images_come_once_and_the_seed_decides() -> None:
    spread = places(80)
    order = interleaved(range(80), spread, seed=1)
    assert sorted(order) == list(range(80))
    assert order == interleaved(range(80), spread, seed=1)
    assert order != interleaved(range(80), spread, seed=2)


def test_methods_are_dealt_in_turn_within_a_product() -> None:
    spread = places(96, products=3, methods=4)
    order = interleaved(range(96), spread, seed=5)
    for product in range(3):
        methods = [spread[item][1] for item in order if spread[item][0] == product]
        for shown in range(len(methods)):
            counts = Counter(dict.fromkeys(range(4), 0)) + Counter(methods[:shown])
            assert max(counts.values(), default=0) - min((counts[m] for m in range(4)), default=0) <= 1


def test_no_method_is_always_first() -> None:
    spread = places(400, products=100, methods=2)
    order = interleaved(range(400), spread, seed=3)
    first = [spread[after][1] for before, after in pairwise(order) if spread[before][0] != spread[after][0]]
    assert 30 < sum(first) < 70


def test_images_of_a_product_follow_one_another() -> None:
    spread = places(60, products=5)
    products = [spread[item][0] for item in interleaved(range(60), spread, seed=9)]
    assert sum(before != after for before, after in pairwise(products)) == 4


def test_a_method_with_fewer_images_ends_first() -> None:
    spread = [(0, 0)] * 6 + [(0, 1)] * 2
    methods = [spread[item][1] for item in interleaved(range(8), spread, seed=1)]
    assert Counter(methods[:4]) == {0: 2, 1: 2}


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_gold_items_are_as_many_as_their_share(share: float) -> None:
    turns = [is_gold_turn(number, share, seed=7, rater=3) for number in range(2000)]
    assert sum(turns) == pytest.approx(2000 * share, abs=1)


def test_gold_items_fall_elsewhere_for_each_rater() -> None:
    patterns = {tuple(is_gold_turn(number, 0.1, seed=7, rater=rater) for number in range(60)) for rater in range(20)}
    assert len(patterns) == 20


def test_gold_items_have_no_rhythm() -> None:
    at = [number for number in range(1000) if is_gold_turn(number, 0.1, seed=1, rater=1)]
    assert len({after - before for before, after in pairwise(at)}) > 8


def test_no_share_is_no_gold() -> None:
    assert not any(is_gold_turn(number, 0.0, seed=1, rater=1) for number in range(100))


def test_raters_prefer_different_tasks() -> None:
    firsts = {min(range(8), key=lambda task: turn(rater, task)) for rater in range(60)}
    assert len(firsts) >= 4
