"""The plain sum's picks: by the sum itself, whoever ordered the images when they were made."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Product
from generation.models import Candidate, Run, RunStage
from ranking.selectors import by_the_sum, picks
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_result, make_run
from tests.factories.ranking import make_ranker

pytestmark = pytest.mark.django_db
SUMS = (1.1, 1.9, 1.5, 1.7)  # in the order in which the images are made


def selected(product: Product, ranker: str = "", *, sums: Any = SUMS, tier: int = 0, **config: Any) -> list[Candidate]:
    """A run whose images somebody has ordered: the sum, or a ranker that likes the worst sums best and picks two."""
    run: Run = make_run(product)
    result = make_result("select", state="succeeded", config=config, result={"choices": [], "ranker": ranker})
    RunStage.objects.create(run=run, tier=tier, order=7, stage="select", method=run.method, result=result)
    worst_first = sorted(sums)
    best_first = worst_first if ranker else worst_first[::-1]
    made = []
    for total in sums:
        place = best_first.index(total) + 1
        known = {"clip_i": total - 0.5, "clip_t": 0.25, "dino_i": 0.25, "score": total}
        made.append(make_candidate(run, tier=tier, place=place, picked=place <= 2, **known))
    return made


def places(found: list[Any], images: list[Candidate]) -> list[tuple[int, int]]:
    """Which of these images were picked, as (number, place)."""
    numbers = {image.pk: number for number, image in enumerate(images)}
    return [(numbers[pick.candidate], pick.place) for pick in found]


@pytest.mark.parametrize(
    ("ranker", "config", "expected"),
    [
        ("", {"top": 2}, [(1, 1), (3, 2)]),
        ("heads v1", {"top": 2}, [(1, 1), (3, 2)]),
        ("heads v1", {"top": 3, "least_sum": 0.0}, [(1, 1), (3, 2), (2, 3)]),
        ("heads v1", {"top": 3, "least_sum": 1.6}, [(1, 1), (3, 2)]),
        ("heads v1", {"top": 1}, [(1, 1)]),
        ("heads v1", {}, [(1, 1), (3, 2), (2, 3), (0, 4)]),
        ("heads v1", {"top": 3, "least_sum": 9.0}, []),
    ],
    ids=["by the sum", "by a ranker", "three", "good enough ones", "one", "as many as usual", "none good enough"],
)
def test_the_sum_picks_by_the_sum(ranker: str, config: dict[str, Any], expected: list[tuple[int, int]]) -> None:
    product = make_product()
    images = selected(product, ranker, **config)
    assert places(by_the_sum.newest_picks(product.pk), images) == expected
    assert by_the_sum.picked_among([image.pk for image in images]) == {images[number].pk for number, _ in expected}


def test_after_a_rollback_the_page_shows_the_sums_picks_not_the_champions() -> None:
    product = make_product()
    images = selected(product, "heads v1", top=2)
    make_ranker("retired")
    found = picks.picks_of(product.pk)
    assert (found.outcome, found.by) == ("picked", "the plain sum")
    assert [(pick.candidate, pick.place) for pick in found.picked] == [(images[1], 1), (images[3], 2)]


def test_equal_sums_keep_the_order_in_which_they_were_made() -> None:
    product = make_product()
    images = selected(product, "heads v1", sums=(1.5, 1.2, 1.4), top=2)
    Candidate.objects.filter(run__product=product).update(score=1.5)
    assert places(by_the_sum.newest_picks(product.pk), images) == [(0, 1), (1, 2)]


def test_the_newest_run_with_picks_is_shown_and_its_last_tier() -> None:
    product = make_product()
    older = selected(product, top=2)
    selected(product, "heads v1", top=2, least_sum=5.0)
    assert places(by_the_sum.newest_picks(product.pk), older) == [(1, 1), (3, 2)]
    newer = selected(product, "heads v1", tier=1, top=1)
    assert places(by_the_sum.newest_picks(product.pk), newer) == [(1, 1)]


def test_images_that_were_never_measured_keep_the_pipelines_order() -> None:
    product = make_product()
    run = make_run(product)
    shown, other = make_candidate(run, place=1, picked=True), make_candidate(run, place=2)
    assert [pick.candidate for pick in by_the_sum.newest_picks(product.pk)] == [shown.pk]
    assert by_the_sum.picked_among([shown.pk, other.pk]) == {shown.pk}
    assert by_the_sum.newest_picks(make_product().pk) == []


def test_more_than_a_dozen_picks_are_all_shown() -> None:
    product = make_product()
    selected(product, "heads v1", sums=[1 + number / 100 for number in range(20)], top=18)
    assert len(picks.picks_of(product.pk).picked) == 18


def best(top: int) -> set[int]:
    """So many of each product."""
    return set(by_the_sum.placed().filter(place_by_sum__lte=top).values_list("pk", flat=True))


def test_the_best_of_a_product_are_over_all_its_runs() -> None:
    first, second = make_product(), make_product()
    one = selected(first, "heads v1")
    two = selected(first, sums=(1.8, 1.0))
    other = selected(second)
    assert best(1) == {one[1].pk, other[1].pk}
    assert best(2) == {one[1].pk, two[0].pk, other[1].pk, other[3].pk}


def test_held_back_and_unselected_images_are_nobodys_best() -> None:
    product = make_product()
    images = selected(product)
    make_candidate(images[0].run, score=3.0)
    Candidate.objects.filter(pk=images[1].pk).update(dropped="It may not be shown.")
    assert best(1) == {images[3].pk}


def test_a_products_picks_take_the_same_few_queries_for_any_number_of_runs(
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    product = make_product()
    for _ in range(6):
        selected(product, "heads v1", top=2)
    with django_assert_max_num_queries(2):
        by_the_sum.newest_picks(product.pk)
