"""What is drawn to be rated next: nothing that was asked already, each image with its chance."""

import pytest

from ranking.exceptions import BadWish
from ranking.models import RatingPlan
from ranking.running import planning
from ranking.services import plans
from ranking.services.plans import PlanWish
from raters.models import Task
from tests.ranking.conftest import Trained
from tests.ranking.running.test_scoring import crown


def drawn(budget: int, **wish: float) -> RatingPlan:
    plan = plans.ask(PlanWish(budget, seed=5, **wish))  # type: ignore[arg-type]
    planning.draw(plan)
    plan.refresh_from_db()
    return plan


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
