"""What is drawn where the plain sum decides, and what no plan can be."""

import numpy as np
import pytest

from ranking.exceptions import BadWish
from ranking.models import PlannedImage, RatingPlan
from ranking.running import planning
from ranking.running.labels import LabelWish, collect
from ranking.services import plans
from ranking.services.plans import PlanWish
from raters.models import Campaign
from tests.factories.ranking import make_world, rate


def drawn(budget: int, **wish: float) -> RatingPlan:
    plan = plans.ask(PlanWish(budget, seed=5, **wish))  # type: ignore[arg-type]
    planning.draw(plan)
    plan.refresh_from_db()
    return plan


def test_by_the_sum_where_there_is_no_champion(db: None) -> None:
    make_world(6, 5, rated=False)
    plan = drawn(12)
    images = list(plan.images.all())
    assert len(images) == 12
    assert plan.ranker is None
    assert {image.probability for image in images} == {None}
    assert len({image.candidate.run.product_id for image in images}) >= 5
    assert all(0 < image.inclusion <= 1 for image in images)
    assert plan.gain["sentence"].startswith("Expected: ")


def test_the_same_seed_draws_the_same(db: None) -> None:
    make_world(6, 5, rated=False)
    first, again = (set(drawn(8).images.values_list("candidate", flat=True)) for _ in range(2))
    assert first == again


def test_drawn_twice_it_is_drawn_once(db: None) -> None:
    make_world(4, 4, rated=False)
    plan = drawn(6)
    assert planning.draw(plan) == 6
    assert PlannedImage.objects.count() == 6


def test_a_budget_beyond_the_images_takes_all_for_sure(db: None) -> None:
    make_world(3, 3, rated=False)
    plan = drawn(50)
    assert list(plan.images.values_list("inclusion", flat=True)) == pytest.approx([1.0] * 9)


def test_chances_add_up_to_the_budget_and_the_labels_weigh_the_inverse(db: None) -> None:
    world = make_world(6, 5, rated=False)
    plan = drawn(10)
    campaign = plans.make_campaign(plan, "Next")
    chosen = [one for one in world.candidates if plan.images.filter(candidate=one).exists()]
    rows = [world.candidates.index(one) for one in chosen]
    pictures = type(world.pictures)(
        **{name: getattr(world.pictures, name)[rows] for name in world.pictures.__dataclass_fields__}
    )
    rated = rate(chosen, pictures)
    RatingPlan.objects.filter(pk=plan.pk).update(campaign=rated)
    Campaign.objects.filter(pk=campaign.pk).update(state="closed")
    made = collect(LabelWish()).labels
    own = dict(plan.images.values_list("candidate", "inclusion"))
    np.testing.assert_allclose(made.weight, [1 / own[pk] for pk in made.candidates.tolist()])


@pytest.mark.parametrize(
    ("budget", "top", "uncertain", "said"),
    [
        (0, 0.5, 0.25, "A budget of 0 images cannot be"),
        (20_001, 0.5, 0.25, "say 1 to 20,000"),
        (10, 0.8, 0.2, "leave less than 5% by chance"),
        (10, -0.1, 0.2, "A share of -0.1 top picks cannot be: say 0 to 0.95 of the images"),
        (10, float("nan"), 0.2, "A share of nan top picks cannot be"),
        (10, 0.2, float("inf"), "A share of inf uncertain ones cannot be"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(budget: int, top: float, uncertain: float, said: str) -> None:
    with pytest.raises(BadWish, match=said):
        PlanWish(budget, top, uncertain)
