"""Which images a ranker puts first: the one seam between figures and rankers."""

from typing import Any

from django.db.models import QuerySet

from generation.models import Candidate
from ranking.models import Ranker, Score

SUM = "sum"  # the pipeline's own order, from before any ranker is champion
MOST = 100


def first_of(ranker: str, top: int) -> QuerySet[Any, Any]:
    """Candidate ids, as a subquery, of the `top` images of each product by that ranker: its number, or SUM."""
    if ranker == SUM:
        return Candidate.objects.filter(place__lte=top).values("pk")
    return Score.objects.filter(ranker=int(ranker), place__lte=top).values("candidate")


def choices() -> list[tuple[str, str]]:
    """Rankers to choose from, newest first."""
    rankers = Ranker.objects.order_by("-id")[:50]
    return [(SUM, "Plain sum, as generated"), *((str(one.pk), f"{one} ({one.state})") for one in rankers)]
