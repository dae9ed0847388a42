"""A/B: what raters said of the picks on each side."""

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from generation.models import Candidate
from ranking.models import Ranker, Score, Trial
from ranking.selectors import comparing
from ranking.services import trials
from raters.models import Campaign, Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome
from tests.factories.ranking import RatedWorld, make_ranker, make_world, parted, rate


@pytest.mark.parametrize(("right", "of"), [(0, 5), (1, 5), (5, 5), (37, 100), (1, 1)])
def test_the_interval_is_wilsons(right: int, of: int) -> None:
    expected = proportion_confint(right, of, alpha=0.05, method="wilson")
    assert comparing.wilson(right, of) == pytest.approx(expected, abs=1e-6)


def world_in_trial() -> tuple[RatedWorld, trials.Trial]:
    world = make_world(10, 3, rated=False)
    ranker = make_ranker()
    trial = parted(trials.begin(ranker, 0.5), world.products)
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
    tried, usual = comparing.compared(trial).sides
    products = len({candidate.run.product_id for candidate in inside})
    assert (tried.title, usual.title) == ("heads v1", "The plain sum")
    assert (tried.products, tried.images, tried.rate) == (products, products, 1.0)
    # The pipeline picked the first two of each run.
    assert (usual.products, usual.images, usual.rate) == (10 - products, 2 * (10 - products), 0.0)
    assert usual.low == 0.0


def test_verdicts_from_before_the_trial_count_for_nobody(db: None) -> None:
    _, trial = world_in_trial()
    Verdict.objects.update(updated_at="2020-01-01T00:00:00Z")
    told = comparing.compared(trial)
    assert [side.images for side in told.sides] == [0, 0]
    assert [(side.rate, side.product_rate, side.low) for side in told.sides] == [(None, None, None)] * 2
    assert (told.difference.value, "Nothing can be said yet" in told.difference.sentence) == (None, True)


def test_an_image_of_two_campaigns_counts_once_as_the_newest_says(db: None) -> None:
    world, trial = world_in_trial()
    Verdict.objects.update(outcome=Outcome.PASSED)
    before = comparing.compared(trial).sides
    assert [side.rate for side in before] == [1.0, 1.0]
    Verdict.objects.filter(campaign=rate(world.candidates, world.pictures)).update(outcome=Outcome.FAILED)
    after = comparing.compared(trial).sides
    assert [side.images for side in after] == [side.images for side in before]
    assert [side.passed for side in after] == [0, 0]


def test_verdicts_of_a_made_up_crowd_count_for_nobody(db: None) -> None:
    _, trial = world_in_trial()
    Campaign.objects.update(origin=Origin.SIMULATION)
    assert [side.images for side in comparing.compared(trial).sides] == [0, 0]


def test_picks_of_a_removed_image_are_gone(db: None) -> None:
    world, trial = world_in_trial()
    before = sum(side.images for side in comparing.compared(trial).sides)
    Candidate.objects.filter(pk__in=[one.pk for one in world.candidates if one.row == 2]).delete()
    assert sum(side.images for side in comparing.compared(trial).sides) < before


def test_the_other_side_is_whom_it_was_begun_against_whoever_decides_now(db: None) -> None:
    champion = make_ranker("champion", name="old")
    world, trial = world_in_trial()
    for candidate in world.candidates:
        Score.objects.create(
            ranker=champion, candidate=candidate, product_id=candidate.run.product_id, probability=0.5, place=1,
            picked=candidate.row == 1,
        )  # fmt: skip
    before = comparing.compared(trial)
    assert [side.title for side in before.sides] == ["heads v1", "old v1"]
    Ranker.objects.filter(pk=champion.pk).update(state="retired")
    make_ranker("champion", name="new")
    trial.refresh_from_db()
    assert comparing.compared(trial) == before
    assert before.sides[1].images == before.sides[1].products > 0


def side(passed: int, of: int) -> comparing.Side:
    low, high = comparing.wilson(passed, of) if of else (None, None)
    return comparing.Side("heads v2", of, of, passed, passed, low, high)


@pytest.mark.parametrize(
    ("tried", "other", "said"),
    [
        ((56, 70), (48, 80), "More products of heads v2 have a passing pick"),
        ((30, 70), (60, 80), "Fewer products of heads v2 have a passing pick"),
        ((9, 10), (3, 10), "More products"),
        ((5, 56), (0, 29), "No difference is shown"),
        ((0, 10), (0, 10), "No difference is shown: +0 points (-28 to +28)"),
        ((10, 10), (0, 20), "More products of heads v2"),
    ],
)
def test_the_range_of_the_difference_is_newcombes(tried: tuple[int, int], other: tuple[int, int], said: str) -> None:
    told = comparing.difference(side(*tried), side(*other))
    low, high = confint_proportions_2indep(*tried, *other, method="newcomb", compare="diff")
    assert (told.low, told.high) == pytest.approx((low, high), abs=1e-6)
    assert told.sentence.startswith(said)


@pytest.mark.parametrize(("tried", "other"), [((0, 0), (3, 5)), ((3, 5), (0, 0))])
def test_a_side_without_rated_picks_has_no_difference(tried: tuple[int, int], other: tuple[int, int]) -> None:
    assert comparing.difference(side(*tried), side(*other)).value is None


def test_the_newest_trials_are_told_the_running_one_first(db: None) -> None:
    running = trials.begin(make_ranker(), 0.2)
    for number in range(6):
        Trial.objects.create(ranker=make_ranker(), share=0.1, seed=number, running=False)
    found = comparing.newest_trials(3)
    assert [one.trial for one in found] == [running, *Trial.objects.filter(running=False)[:2]]
