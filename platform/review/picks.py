"""Which images a ranker puts first: the one seam between figures and rankers."""

from collections.abc import Collection
from typing import Any

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from generation.models import Candidate, Method
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


def first_of_methods(ranker: str, top: int, method: str = "", products: Any = None) -> QuerySet[Any, Any]:
    """The same of each product and method; where `method` is one of this site's, of it alone.

    For comparisons: among the best of all methods together, the worse one's images are few, and its best.
    """
    known = {one.pk: str(one) for one in Method.objects.all()}
    methods = [pk for pk, text in known.items() if text == method] or list(known)
    if ranker == SUM:
        placed = by_the_sum.placed(methods)
        if products is not None:
            placed = placed.filter(run__product__in=products)
        return placed.filter(place_by_sum__lte=top).values("pk")
    order = Window(RowNumber(), partition_by=[F("product"), F("candidate__run__method")], order_by=F("place").asc())
    scores = Score.objects.filter(ranker=int(ranker), candidate__run__method__in=methods).order_by()
    if products is not None:
        scores = scores.filter(product__in=products)
    return scores.annotate(own=order).filter(own__lte=top).values("candidate")


def name_of(ranker: str) -> str:
    """What a ranker is called."""
    if ranker == SUM:
        return "the plain sum"
    return str(Ranker.objects.filter(pk=int(ranker)).first() or f"#{ranker}, which is not there")


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
