"""What is drawn to be rated next: nothing that was asked already, each image with its chance."""

import pytest

from ranking.exceptions import BadWish
from ranking.models import RatingPlan
from ranking.running import planning
from ranking.services import plans
from ranking.services.plans import PlanWish
from raters.models import Campaign, Task, Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome
from tests.factories.ranking import make_ranker
from tests.ranking.conftest import Trained
from tests.ranking.running.test_scoring import crown


def drawn(budget: int, **wish: float) -> RatingPlan:
    plan = plans.ask(PlanWish(budget, seed=5, **wish))  # type: ignore[arg-type]
    planning.draw(plan)
    plan.refresh_from_db()
    return plan


def test_a_product_is_served_by_what_people_passed_or_whoever_taught_the_ranker(trained: Trained) -> None:
    campaign = trained.world.campaign
    assert campaign is not None
    passed = Verdict.objects.filter(outcome=Outcome.PASSED).values_list("task__candidate__run__product", flat=True)
    assert set(planning._served(None).tolist()) == set(passed) != set()
    Campaign.objects.filter(pk=campaign.pk).update(origin=Origin.SIMULATION)
    assert planning._served(None).tolist() == []
    assert planning._served(make_ranker()).tolist() == []
    assert set(planning._served(trained.ranker).tolist()) == set(passed)


def test_what_was_asked_already_is_not_asked_again(trained: Trained) -> None:
    crown(trained.ranker)
    with pytest.raises(BadWish, match="Every candidate is rated already; generate more"):
        drawn(5)
    Task.objects.filter(candidate__in=trained.world.candidates[:9]).update(candidate=None)
    plan = drawn(5)
    free = {candidate.pk for candidate in trained.world.candidates[:9]}
    assert set(plan.images.values_list("candidate", flat=True)) <= free
    assert plan.ranker == trained.ranker
    assert all(image.probability is not None for image in plan.images.all())
    assert "Expected:" in plan.gain["sentence"]
