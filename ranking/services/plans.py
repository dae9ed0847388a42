"""What to rate next becomes a campaign, in one step."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from jobs import services
from jobs.models import Job
from ranking.exceptions import BadWish
from ranking.models import PlannedImage, RatingPlan
from raters.models import Campaign
from raters.services import campaigns, tasks

PLAN = "ranking.plan"
LARGEST_BUDGET = 20_000
USUAL = {"top": 0.5, "uncertain": 0.25, "random": 0.25}
LEAST_RANDOM = 0.05


@dataclass(frozen=True)
class PlanWish:
    """How many images to rate, and which shares of them are top picks and uncertain ones; the rest is by chance."""

    budget: int
    top: float = USUAL["top"]
    uncertain: float = USUAL["uncertain"]
    seed: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.budget <= LARGEST_BUDGET:
            raise BadWish(f"A budget of {self.budget} images cannot be: say 1 to {LARGEST_BUDGET:,}.")
        for name, share in (("top picks", self.top), ("uncertain ones", self.uncertain)):
            if not 0 <= share <= 1:  # what is no number neither
                raise BadWish(f"A share of {share:g} {name} cannot be: say 0 to {1 - LEAST_RANDOM:g} of the images.")
        if self.top + self.uncertain > 1 - LEAST_RANDOM + 1e-9:
            raise BadWish(
                f"Of the images, {self.top:.0%} top picks and {self.uncertain:.0%} uncertain ones leave less than"
                f" {LEAST_RANDOM:.0%} by chance, without which no evaluation is unbiased: ask for less of the first."
            )

    @property
    def random(self) -> float:
        return 1 - self.top - self.uncertain


def ask(wish: PlanWish, *, by: Any = None) -> RatingPlan:
    """Have images drawn by a worker; the plan is empty until then."""
    seed = secrets.randbelow(2**31) if wish.seed is None else wish.seed
    shares = {"top": wish.top, "uncertain": wish.uncertain, "random": wish.random}
    with transaction.atomic():
        plan = RatingPlan.objects.create(budget=wish.budget, shares=shares, seed=seed, made_by=by)
        services.submit(PLAN, {"plan": plan.pk}, key=job_key(plan), subject=f"What to rate next #{plan.pk}",
                        asked_by=by)  # fmt: skip
    return plan


def job_key(plan: RatingPlan) -> str:
    return f"ranking-plan-{plan.pk}"


def job_of(plan: RatingPlan) -> Job | None:
    return Job.objects.filter(key=job_key(plan)).first()


@transaction.atomic
def make_campaign(plan: RatingPlan, name: str, *, by: Any = None, **settings: Any) -> Campaign:
    """A draft of a campaign with the plan's images; raters see neither ranker nor why an image is in it.

    Raises BadWish for a plan without images or with a campaign, BadCampaign for settings that cannot be.
    """
    row = RatingPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if row.campaign_id is not None:
        raise BadWish(f"The plan #{row.pk} has its campaign already; draw another plan for another.")
    ids = list(PlannedImage.objects.filter(plan=row).values_list("candidate", flat=True))
    if not ids:
        raise BadWish(f"The plan #{row.pk} has no images yet: wait until they are drawn.")
    campaign = campaigns.make_campaign(name, by=by, **settings)
    tasks.add_candidates(campaign, ids)
    row.campaign = campaign
    row.save(update_fields=["campaign"])
    return campaign
