"""A plan becomes a campaign in one step, once."""

import pytest

from ranking.exceptions import BadWish
from ranking.models import PlannedImage, RatingPlan
from ranking.services import plans
from raters.exceptions import BadCampaign
from raters.models import Campaign, Task
from tests.factories.accounts import make_user
from tests.factories.generation import make_candidate

pytestmark = pytest.mark.django_db


def planned(images: int = 3) -> RatingPlan:
    plan = RatingPlan.objects.create(budget=images or 1, seed=1)
    for _ in range(images):
        PlannedImage.objects.create(plan=plan, candidate=make_candidate(), why="random", inclusion=0.5)
    return plan


def test_its_images_become_a_draft() -> None:
    plan, person = planned(), make_user()
    made = plans.make_campaign(plan, "Next", by=person, raters_per_image=2)
    plan.refresh_from_db()
    assert plan.campaign == made
    assert (made.state, made.task_count, made.raters_per_image, made.made_by) == ("draft", 3, 2, person)
    wanted = set(plan.images.values_list("candidate", flat=True))
    assert set(Task.objects.filter(campaign=made).values_list("candidate", flat=True)) == wanted


def test_it_becomes_one_campaign_only() -> None:
    plan = planned()
    plans.make_campaign(plan, "Next")
    with pytest.raises(BadWish, match="has its campaign already"):
        plans.make_campaign(plan, "Next again")
    assert Campaign.objects.count() == 1


def test_one_without_images_becomes_none() -> None:
    with pytest.raises(BadWish, match="has no images yet: wait until they are drawn"):
        plans.make_campaign(planned(0), "Next")


def test_settings_that_cannot_be_leave_nothing_behind() -> None:
    plan = planned()
    with pytest.raises(BadCampaign):
        plans.make_campaign(plan, "Next", raters_per_image=0)
    plan.refresh_from_db()
    assert plan.campaign is None
    assert not Campaign.objects.exists()


def test_asked_for_it_has_a_job() -> None:
    plan = plans.ask(plans.PlanWish(20), by=make_user())
    job = plans.job_of(plan)
    assert job is not None
    assert job.params == {"plan": plan.pk}
    assert plan.shares == {"top": 0.5, "uncertain": 0.25, "random": 0.25}
