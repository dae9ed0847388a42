"""What the plain sum picks: what the pipeline would show had no ranker ever decided.

A run that was ordered by a ranker has that ranker's places and picks; its sums stand beside them, and by its method's
own numbers the sum's places and picks follow from them. Runs that nobody but the pipeline ordered keep theirs, as do
images that were never measured: these are ordered by their quality, and no ranker says anything of them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from generation.models import Candidate, RunStage
from generation.recipe import SelectConfig

AT_ONCE = 500  # ids in one statement
Tier = tuple[int, int]  # a run, and which of its methods
_USUAL = SelectConfig()


@dataclass(frozen=True)
class Pick:
    """An image that the sum picks, and its place by the sum in its tier, from 1."""

    candidate: int
    place: int


@dataclass(frozen=True)
class _Image:
    """A selected image in the order of making: its sum, and the place and pick of whoever ordered its tier."""

    pk: int
    score: float
    place: int
    picked: bool


def newest_picks(product: int) -> list[Pick]:
    """The sum's picks of the product's newest run that has any, best first; three queries."""
    rows = Candidate.objects.filter(run__product=product, dropped="", place__isnull=False)
    picks = _picks(rows)
    return picks[max(picks)] if picks else []


def newest_picks_of(products: Sequence[int]) -> dict[int, list[Pick]]:
    """{product: the same of it}, of those that have any; a few queries for each 500 of them."""
    found: dict[int, list[Pick]] = {}
    for some in _pieces(sorted(products)):
        rows = Candidate.objects.filter(run__product__in=some, dropped="", place__isnull=False)
        owners = dict(rows.order_by().values_list("run", "run__product").distinct())
        for (run, _), picks in sorted(_picks(rows).items()):  # a later tier stands in place of an earlier one
            found[owners[run]] = picks
    return found


def picked_among(candidates: Sequence[int]) -> set[int]:
    """Those of these images that the sum picks in their runs; a few queries for each 500 of them."""
    found: set[int] = set()
    for some in _pieces(candidates):
        runs = set(Candidate.objects.filter(pk__in=some).order_by().values_list("run", flat=True))
        rows = Candidate.objects.filter(run__in=runs, dropped="", place__isnull=False)
        found |= {pick.candidate for picks in _picks(rows).values() for pick in picks} & set(some)
    return found


def placed(methods: Collection[int] | None = None) -> QuerySet[Any]:
    """Selected images, each with `place_by_sum`: its place by the sum in its product, over all of its runs, from 1.

    Where images were not measured their own quality, which gave them their place, stands in. With `methods`: images of
    these alone, each with its place among those of its product and its own method.
    """
    order = (F("score").desc(nulls_last=True), F("place").asc(), F("pk").asc())
    rows = Candidate.objects.filter(dropped="", place__isnull=False)
    among = ["run__product"]
    if methods is not None:
        rows, among = rows.filter(run__method__in=methods), ["run__product", "run__method"]
    place = Window(RowNumber(), partition_by=[F(name) for name in among], order_by=order)
    return rows.annotate(place_by_sum=place).order_by()


def _picks(rows: QuerySet[Candidate]) -> dict[Tier, list[Pick]]:
    """{tier: its picks, best first} of those of these selected images' tiers that have any."""
    tiers: dict[Tier, list[_Image]] = defaultdict(list)
    told = rows.order_by("pk").values_list("run", "tier", "pk", "score", "place", "picked")
    for run, tier, pk, score, place, picked in told.iterator():
        tiers[run, tier].append(_Image(pk, -1.0 if score is None else score, place or 0, picked))
    ranked = _ranked({run for run, _ in tiers})
    found = {}
    for which, images in tiers.items():
        own = ranked.get(which)
        picks = _kept(images) if own is None else _anew(images, *own)
        if picks:
            found[which] = picks
    return found


def _kept(images: Iterable[_Image]) -> list[Pick]:
    """As the pipeline itself placed them."""
    return [Pick(one.pk, one.place) for one in sorted(images, key=lambda one: one.place) if one.picked]


def _anew(images: Iterable[_Image], top: int, least: float) -> list[Pick]:
    """As `generation.stages.select.ordered` would: equal sums keep the order in which the images were made."""
    best = sorted(images, key=lambda one: -one.score)[:top]
    return [Pick(one.pk, place) for place, one in enumerate(best, start=1) if one.score >= least]


def _ranked(runs: Collection[int]) -> dict[Tier, tuple[int, float]]:
    """{tier: how many it picks at most, and the least sum of a pick} of these runs' tiers that a ranker ordered."""
    found: dict[Tier, tuple[int, float]] = {}
    names = ("run", "tier", "result__result__ranker", "result__config__top", "result__config__least_sum")
    for some in _pieces(sorted(runs)):
        rows = RunStage.objects.filter(run__in=some, stage="select", result__result__ranker__isnull=False)
        for run, tier, ranker, top, least in rows.order_by().values_list(*names):
            if ranker:
                usual = (_USUAL.top, _USUAL.least_sum)
                found[run, tier] = (usual[0] if top is None else top, usual[1] if least is None else least)
    return found


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
