"""A/B: what raters said of the picks on each side."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from generation.models import Candidate
from ranking.models import Score
from ranking.selectors import comparing
from ranking.services import trials
from raters.models import Verdict
from raters.models.ratings import Outcome
from tests.factories.ranking import RatedWorld, make_ranker, make_world, rate


@pytest.mark.parametrize(("right", "of"), [(0, 5), (1, 5), (5, 5), (37, 100), (1, 1)])
def test_the_interval_is_wilsons(right: int, of: int) -> None:
    expected = proportion_confint(right, of, alpha=0.05, method="wilson")
    assert comparing.wilson(right, of) == pytest.approx(expected, abs=1e-6)


def world_in_trial() -> tuple[RatedWorld, trials.Trial]:
    world = make_world(10, 3, rated=False)
    ranker = make_ranker()
    trial = trials.begin(ranker, 0.5)
    for candidate in world.candidates:
        Score.objects.create(
            ranker=ranker, candidate=candidate, product_id=candidate.run.product_id, probability=0.5, place=1,
            picked=candidate.row == 2,
        )  # fmt: skip
    rate(world.candidates, world.pictures)
    return world, trial


def test_each_side_is_judged_by_its_own_picks_on_its_own_products(db: None) -> None:
    world, trial = world_in_trial()
    Verdict.objects.update(outcome=Outcome.FAILED)
    inside = [candidate for candidate in world.candidates if trials.in_trial(trial, candidate.run.product_id)]
    Verdict.objects.filter(task__candidate__in=inside, task__candidate__row=2).update(outcome=Outcome.PASSED)
    tried, usual = comparing.sides(trial)
    products = len({candidate.run.product_id for candidate in inside})
    assert (tried.title, usual.title) == ("heads v1", "The plain sum")
    assert (tried.products, tried.images, tried.rate) == (products, products, 1.0)
    # The pipeline picked the first two of each run.
    assert (usual.products, usual.images, usual.rate) == (10 - products, 2 * (10 - products), 0.0)
    assert usual.low == 0.0


def test_verdicts_from_before_the_trial_count_for_nobody(db: None) -> None:
    _, trial = world_in_trial()
    Verdict.objects.update(updated_at="2020-01-01T00:00:00Z")
    assert [side.images for side in comparing.sides(trial)] == [0, 0]
    assert [(side.rate, side.product_rate, side.low) for side in comparing.sides(trial)] == [(None, None, None)] * 2


def test_picks_of_a_removed_image_are_gone(db: None) -> None:
    world, trial = world_in_trial()
    before = sum(side.images for side in comparing.sides(trial))
    Candidate.objects.filter(pk__in=[one.pk for one in world.candidates if one.row == 2]).delete()
    assert sum(side.images for side in comparing.sides(trial)) < before
