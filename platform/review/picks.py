"""Which images a ranker puts first: the one seam between figures and rankers."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from generation.models import Candidate
from ranking.models import Ranker, Score
from ranking.selectors import by_the_sum

SUM = "sum"  # of the three metrics, whoever decided when the images were made
MOST = 100
AT_ONCE = 10_000  # ids in one statement: SQLite takes some 30,000


def first_of(ranker: str, top: int, products: Any = None) -> QuerySet[Any, Any]:
    """Candidate ids, as a subquery, of the `top` images of each product by that ranker, told by its number.

    Of these products only where they are told, as ids or a subquery: all others are not even looked at.
    """
    best = Score.objects.filter(ranker=int(ranker), place__lte=top).values("candidate")
    return best if products is None else best.filter(product__in=products)


def is_first(ranker: str, top: int) -> Q:
    """Whether a judged image is among them: by the sum, its place is kept with it."""
    if ranker == SUM:
        return Q(place_by_sum__lte=top)
    return Q(candidate__in=first_of(ranker, top))


def places_by_sum(candidates: Collection[int]) -> dict[int, int]:
    """By candidate, of these and all others of their products: its place in its product by the sum, up to MOST."""
    told, found = sorted(candidates), dict[int, int]()
    for start in range(0, len(told), AT_ONCE):
        products = Candidate.objects.filter(pk__in=told[start : start + AT_ONCE]).values("run__product")
        placed = by_the_sum.placed().filter(run__product__in=products)
        found |= {candidate: place for candidate, place in placed.values_list("pk", "place_by_sum") if place <= MOST}
    return found


def choices() -> list[tuple[str, str]]:
    """Rankers to choose from, newest first."""
    rankers = Ranker.objects.order_by("-id")[:50]
    return [(SUM, "Plain sum"), *((str(one.pk), f"{one} ({one.state})") for one in rankers)]
