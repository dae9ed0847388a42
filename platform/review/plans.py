"""A plan of a study: products, ratings and hours for a given power, simulated with the clustering that was observed.

For workers, as it reaches numpy and scipy.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db.models import Avg, Count, Q
from django.http import QueryDict
from numpy.typing import NDArray

from raters.models import Rating
from raters.models.campaigns import Origin
from review import sums
from review.filters import Filters
from review.models import Verdicts
from review.statistics import planning
from review.statistics.exceptions import CannotPlan
from review.statistics.planning import Plan
from review.study_forms import PlannerForm

Counts = NDArray[np.int64]
POINTS = 12  # of the curve
USUAL_ICC, USUAL_SHARED = 0.3, 0.5  # where nothing is observed (RANKING.md's study)
TIMED = 100_000  # ratings, the newest, whose mean time is taken
FEWEST = 10  # products, from which what is observed is taken


@dataclass(frozen=True)
class Taken:
    """A figure that the simulation was made with, and where it comes from."""

    value: float
    source: str


@dataclass(frozen=True)
class Point:
    """The power of a study of so many products, and its ratings."""

    products: int
    power: float
    ratings: int


@dataclass(frozen=True)
class Planned:
    """What a study takes. Hours are of raters' attention; None where no time of a rating is known."""

    products: int
    power: float
    images: int
    ratings: int
    hours: float | None
    icc: Taken
    shared: Taken
    seconds: float | None
    curve: tuple[Point, ...]


def compute(query: str, progress: Callable[[int, int | None, str], None] = lambda *_: None) -> Planned:
    """The plan of a `PlannerForm`'s query. Raises CannotPlan."""
    form = PlannerForm(QueryDict(query))
    if not form.is_valid():
        raise CannotPlan(next(f"{name}: {problems[0]}" for name, problems in form.errors.items()))
    asked = form.cleaned_data
    filters = Filters(campaign=asked["campaign"])
    progress(0, POINTS + 1, "reading what was observed")
    icc, shared = _clustering(filters, asked)
    plan = Plan(
        asked["base"] / 100, asked["expected"] / 100, asked["images"], asked["raters"],
        icc=icc.value, shared=shared.value, power=asked["power"] / 100, level=asked["level"] / 100,
    )  # fmt: skip
    needed = planning.products_for(plan)
    seconds = asked["seconds"] or _seconds(filters)
    curve = []
    for done, products in enumerate(_grid(needed.products)):
        progress(done + 1, POINTS + 1, f"simulating studies of {products:,} products")
        curve.append(Point(products, planning.power_of(plan, products), products * plan.images * 2 * plan.raters))
    hours = None if seconds is None else needed.ratings * seconds / 3_600
    return Planned(needed.products, needed.power, needed.images, needed.ratings, hours, icc, shared, seconds,
                   tuple(curve))  # fmt: skip


def _grid(products: int) -> list[int]:
    """From few products to well beyond those needed, which are among them."""
    ends = np.linspace(max(2, products / 5), min(planning.MOST_PRODUCTS, products * 1.7), POINTS)
    return sorted({*(round(one) for one in ends.tolist()), products})


def _clustering(filters: Filters, asked: dict[str, Any]) -> tuple[Taken, Taken]:
    icc, shared = (None if asked[name] is None else Taken(asked[name], "as given") for name in ("icc", "shared"))
    methods = _by_method(filters) if icc is None or shared is None else []
    if icc is None:
        icc = _icc(methods)
    if shared is None:
        shared = _shared(methods)
    # A simulation needs some spread, and products that do not determine one another.
    return replace(icc, value=min(0.95, max(0.01, icc.value))), replace(
        shared, value=min(0.95, max(-0.9, shared.value))
    )


def _icc(methods: list[dict[int, tuple[int, int]]]) -> Taken:
    """The mean over methods, by products."""
    found, products = [], set[int]()
    for one in methods:
        counts = np.array(list(one.values()), np.int64)
        value = planning.observed_icc(counts[:, 0], counts[:, 1]) if len(counts) >= FEWEST else None
        if value is not None:
            found.append((value, len(counts)))
            products |= one.keys()
    if not found:
        return Taken(USUAL_ICC, f"usual: fewer than {FEWEST} products are judged")
    mean = sum(value * count for value, count in found) / sum(count for _, count in found)
    return Taken(mean, f"observed in {len(products):,} products")


def _shared(methods: list[dict[int, tuple[int, int]]]) -> Taken:
    if len(methods) > 1:
        first, second = methods[:2]
        both = sorted(first.keys() & second.keys())
        if len(both) >= FEWEST:
            columns = [np.array([one[item] for item in both], np.int64) for one in (first, second)]
            value = planning.observed_shared(*columns)
            if value is not None:
                return Taken(value, f"observed in {len(both):,} products of two methods")
    return Taken(USUAL_SHARED, f"usual: fewer than {FEWEST} products are judged under two methods")


def _by_method(filters: Filters) -> list[dict[int, tuple[int, int]]]:
    """Judged and passing images by item, for the two methods with the most images."""
    most = sorted(sums.by(filters, "method").items(), key=lambda one: -one[1].sums.images)[:2]
    return [_counts(filters, method) for method, _ in most]


def _counts(filters: Filters, method: int) -> dict[int, tuple[int, int]]:
    rows = filters.rows().filter(method=method).exclude(verdict=Verdicts.UNDECIDED).order_by().values("item")
    counted = rows.annotate(n=Count("pk"), k=Count("pk", filter=Q(verdict=Verdicts.PASSED)))
    return {item: (n, k) for item, n, k in counted.values_list("item", "n", "k").iterator()}


def _seconds(filters: Filters) -> float | None:
    """The mean over the newest ratings that count and whose time is known: of imported ones it often is not.

    What a simulated crowd takes says nothing of people.
    """
    rows = Rating.objects.filter(withdrawn_at=None, excluded=False, gold=False, active_ms__gt=0)
    rows = rows.exclude(origin=Origin.SIMULATION).order_by("-pk")
    if filters.campaign is not None:
        rows = rows.filter(campaign=filters.campaign)
    mean: float | None = rows[:TIMED].aggregate(mean=Avg("active_ms"))["mean"]
    return None if mean is None else float(mean) / 1_000
