"""Whose verdicts count: those of people, and of a made-up crowd only where a ranker was taught by it by name."""

from typing import Any

from django.db.models import Q, QuerySet

from ranking.models import LabelSet, Ranker
from raters.models import Campaign
from raters.models.campaigns import Origin


def campaigns_that_count(*rankers: Ranker | None) -> QuerySet[Campaign, Any]:
    """The ids, as a subquery, of people's campaigns and of those that these rankers learned from."""
    taught = {pk for ranker in rankers if ranker is not None for pk in campaigns_of(ranker.label_set)}
    rows = Campaign.objects.filter(~Q(origin=Origin.SIMULATION) | Q(pk__in=taught))
    return rows.order_by().values("pk")


def campaigns_of(label_set: LabelSet) -> list[int]:
    """The campaigns that its labels are of."""
    return [source["campaign"] for source in label_set.sources]
