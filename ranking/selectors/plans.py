"""Plans of what to rate next, for pages and API."""

from typing import Any

from django.db.models import Avg, Count, Max, Min
from django.shortcuts import get_object_or_404

from jobs.models import FINISHED_STATES
from ranking.models import PlannedImage, RatingPlan
from ranking.services import plans

NEWEST = 20
SHOWN = 24


def plan_or_404(pk: int) -> RatingPlan:
    return get_object_or_404(RatingPlan.objects.select_related("campaign", "ranker", "made_by"), pk=pk)


def newest() -> list[RatingPlan]:
    rows = RatingPlan.objects.select_related("campaign", "ranker").annotate(image_count=Count("images"))
    return list(rows[:NEWEST])


def facts_of(plan: RatingPlan) -> dict[str, Any]:
    """What a plan's page shows: its parts, some of its images, and its job while it is drawn."""
    groups = (
        PlannedImage.objects.filter(plan=plan)
        .values("why")
        .annotate(
            images=Count("pk"),
            products=Count("candidate__run__product", distinct=True),
            least=Min("inclusion"),
            most=Max("inclusion"),
            chance=Avg("probability"),
        )
    )
    parts = {group["why"]: group | {"words": PlannedImage.Why(group["why"]).label} for group in groups}
    job = plans.job_of(plan)
    return {
        "parts": [parts[why] for why in PlannedImage.Why.values if why in parts],
        "images": list(PlannedImage.objects.filter(plan=plan).select_related("candidate")[:SHOWN]),
        "total": sum(group["images"] for group in parts.values()),
        "job": job,
        "job_key": plans.job_key(plan),
        "drawing": job is not None and job.state not in FINISHED_STATES,
    }
