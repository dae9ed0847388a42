"""Which images a ranker puts first: the one seam between figures and rankers."""

from typing import Any

from django.db.models import QuerySet

from ranking.models import Ranker, Score
from ranking.selectors import by_the_sum

SUM = "sum"  # of the three metrics, whoever decided when the images were made
MOST = 100


def first_of(ranker: str, top: int, products: Any = None) -> QuerySet[Any, Any]:
    """Candidate ids, as a subquery, of the `top` images of each product by that ranker: its number, or SUM.

    Of these products only where they are told, as ids or a subquery: all others are not even looked at.
    """
    if ranker == SUM:
        best = by_the_sum.best_of_products(top)
        return best if products is None else best.filter(run__product__in=products)
    best = Score.objects.filter(ranker=int(ranker), place__lte=top).values("candidate")
    return best if products is None else best.filter(product__in=products)


def choices() -> list[tuple[str, str]]:
    """Rankers to choose from, newest first."""
    rankers = Ranker.objects.order_by("-id")[:50]
    return [(SUM, "Plain sum"), *((str(one.pk), f"{one} ({one.state})") for one in rankers)]
