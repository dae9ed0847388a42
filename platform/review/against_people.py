"""How metrics and rankers do against people, on the images chosen. For workers, as it reaches numpy and scipy.

Memory is bounded: of more than MOST_IMAGES images, whole products are drawn, and what comes out says so.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import F
from django.http import QueryDict
from numpy.typing import NDArray

from catalog.models import ProductType
from ranking.evaluation import bootstrap
from ranking.evaluation.judged import Judged
from ranking.evaluation.reliability import reliability
from ranking.models import Ranker, Score
from review.filters import Filters
from review.forms import FilterForm
from review.models import UNTYPED, Verdicts
from review.statistics import metrics, rates
from review.statistics.metrics import MetricRow
from review.statistics.rates import Sums
from review.study_forms import METRICS, SUM, MetricsForm

MOST_IMAGES = 30_000
AT_ONCE = 5_000
MOST_RANKERS = 8  # newest first
MOST_TYPES, FEWEST = 20, 10  # types told apart, and the products that it takes
DRAWN = 400  # images in a plot
TENTHS = 10
RESAMPLES, RESAMPLES_OF_TYPES = 1_000, 300
Values = NDArray[np.float64]
Progress = Callable[[int, int | None, str], None]
_COLUMNS = {
    **{name: F(f"task__candidate__{name}") for name in METRICS if name != SUM},
    SUM: F("task__candidate__score"),
}


class NothingJudged(ValueError):
    """No image fits; the text is the sentence for the person."""


@dataclass(frozen=True)
class Scale:
    """A metric or a ranker. `key` is its name in addresses; `probability` says that it foretells a pass rate."""

    key: str
    label: str
    probability: bool = False


@dataclass
class Read:
    """Judged images column by column, all (n); values are NaN where an image has none."""

    judged: Judged
    types: NDArray[np.int64]
    days: list[date]
    values: dict[str, Values]
    picked: dict[str, NDArray[np.bool_]]
    images: int  # of which these were drawn
    products: int


@dataclass(frozen=True)
class OfType:
    """The same figures of one product type's images."""

    name: str
    rows: tuple[MetricRow, ...]


@dataclass(frozen=True)
class Found:
    """Everything that the page shows. Plots' rows are as `plots` takes them, by the keys of `scales`."""

    first: int
    images: int
    products: int
    of_images: int
    of_products: int
    scales: tuple[Scale, ...]
    rows: tuple[MetricRow, ...]
    types: tuple[OfType, ...]
    types_left: int
    scatter: dict[str, dict[str, Any]] = field(default_factory=dict)
    reliability: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    drift: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def compute(query: str, progress: Progress = lambda *_: None) -> Found:
    """The figures of a `study_forms.metrics_query`. Raises NothingJudged."""
    asked = QueryDict(query)
    filters, (first, _) = FilterForm(asked).filters(), MetricsForm(asked).asked()
    scales = _scales()
    progress(0, len(scales) + 2, "reading images")
    read = _read(filters, scales)
    rows: list[MetricRow] = []
    for done, scale in enumerate(scales):
        progress(done + 1, len(scales) + 2, scale.label)
        rows += _rows({scale.key: read.values[scale.key]}, read.judged, first, RESAMPLES)
    progress(len(scales) + 1, len(scales) + 2, "product types")
    types, left = _types(read, first)
    return Found(
        first=first,
        images=len(read.judged),
        products=len(read.judged.ids),
        of_images=read.images,
        of_products=read.products,
        scales=tuple(scales),
        rows=tuple(rows),
        types=types,
        types_left=left,
        scatter={one.key: _scatter(read, one.key) for one in scales},
        reliability={one.key: _reliability(read, one.key) for one in scales if one.probability},
        drift={key: _drift(read, key) for key in read.picked},
    )


def _scales() -> list[Scale]:
    scored = Ranker.objects.filter(pk__in=Score.objects.values("ranker")).order_by("-id")[:MOST_RANKERS]
    plain = [Scale(key, label) for key, label in METRICS.items()]
    return [*plain, *(Scale(str(one.pk), f"{one} ({one.state})", probability=True) for one in scored)]


def _read(filters: Filters, scales: Sequence[Scale]) -> Read:
    chosen = filters.rows().filter(candidate__isnull=False).exclude(verdict=Verdicts.UNDECIDED)
    images, items = chosen.count(), sorted(chosen.order_by().values_list("item", flat=True).distinct())
    if not images:
        raise NothingJudged(
            "No judged image of this site's own fits these filters: there is nothing to hold against people."
        )
    if images > MOST_IMAGES:
        many = max(1, len(items) * MOST_IMAGES // images)
        drawn: Sequence[int] = sorted(random.Random(0).sample(items, many))  # noqa: S311 - the same products each time
    else:
        drawn = items
    rows = [row for some in _pieces(drawn) for row in _rows_of(chosen.filter(item__in=some))]
    rankers = [scale.key for scale in scales if scale.probability]
    scores = _scores([row[0] for row in rows], rankers)
    plain = np.array([[np.nan if value is None else value for value in row[6:]] for row in rows], np.float64)
    return Read(
        judged=Judged.build(
            [row[1] for row in rows],
            [row[2] for row in rows],
            share=[np.nan if row[3] is None else row[3] for row in rows],
        ),
        types=np.array([row[4] for row in rows], np.int64),
        days=[row[5] for row in rows],
        values={key: plain[:, place] for place, key in enumerate(_COLUMNS)}
        | {key: np.array([scores[key].get(row[0], (np.nan, False))[0] for row in rows]) for key in rankers},
        picked={
            key: np.array([scores[key].get(row[0], (np.nan, False))[1] for row in rows], np.bool_) for key in rankers
        },
        images=images,
        products=len(items),
    )


def _rows_of(chosen: Any) -> Iterator[tuple[Any, ...]]:
    """(candidate, item, verdict, share of ratings that accept, type, day, *the six metrics and their sum)"""
    names = ("candidate", "item", "verdict", "task__verdict__share", "type", "day")
    return iter(chosen.order_by("pk").annotate(**{f"of_{name}": value for name, value in _COLUMNS.items()}).values_list(
        *names, *(f"of_{name}" for name in _COLUMNS)
    ))  # fmt: skip


def _scores(candidates: Sequence[int], rankers: Sequence[str]) -> dict[str, dict[int, tuple[float, bool]]]:
    """{ranker: {candidate: (probability, whether it is a pick)}}"""
    found: dict[str, dict[int, tuple[float, bool]]] = defaultdict(dict)
    for some in _pieces(candidates):
        rows = Score.objects.filter(ranker__in=[int(one) for one in rankers], candidate__in=some).order_by()
        for ranker, candidate, chance, picked in rows.values_list("ranker", "candidate", "probability", "picked"):
            found[str(ranker)][candidate] = (chance, picked)
    return found


def _rows(columns: Mapping[str, Values], judged: Judged, first: int, resamples: int) -> tuple[MetricRow, ...]:
    return metrics.against_people(columns, judged, top=first, resamples=resamples)


def _types(read: Read, first: int) -> tuple[tuple[OfType, ...], int]:
    """The types with the most products, and how many types are not told apart."""
    there = {int(kind): len(np.unique(read.judged.products[read.types == kind])) for kind in np.unique(read.types)}
    enough = sorted((kind for kind, products in there.items() if products >= FEWEST), key=lambda one: -there[one])
    names = dict(ProductType.objects.filter(pk__in=enough).values_list("pk", "name")) | {UNTYPED: "without a type"}
    told = []
    for kind in enough[:MOST_TYPES]:
        inside = read.types == kind
        columns = {key: values[inside] for key, values in read.values.items()}
        rows = _rows(columns, read.judged.take(inside), first, RESAMPLES_OF_TYPES)
        told.append(OfType(names.get(kind, f"type {kind}, gone"), rows))
    return tuple(told), len(there) - len(told)


def _scatter(read: Read, key: str) -> dict[str, Any]:
    """Some images with their value and their ratings, and the pass rate of tenths of all images by value."""
    there = np.flatnonzero(np.isfinite(read.values[key]))
    if not len(there):
        return {"points": [], "groups": []}
    values, judged = read.values[key][there], read.judged.take(there)
    shown = np.sort(np.random.default_rng(0).permutation(len(there))[:DRAWN])
    points = [
        {
            "x": float(values[row]),
            "y": float(judged.share[row]),
            "verdict": "passed" if judged.passed[row] else "failed",
        }
        for row in shown
    ]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, TENTHS + 1)[1:-1]))
    tenths = np.searchsorted(edges, values, side="left")
    groups = [
        {"x": float(values[tenths == tenth].mean()), **_rate(judged.take(tenths == tenth))}
        for tenth in range(len(edges) + 1)
        if (tenths == tenth).any()
    ]
    return {"points": points, "groups": groups}


def _reliability(read: Read, key: str) -> list[dict[str, Any]]:
    there = np.isfinite(read.values[key])
    if not there.any():
        return []
    judged = read.judged.take(there)
    counts = bootstrap.resample(len(judged.ids), seed=0, resamples=RESAMPLES)
    return [
        {"predicted": one.predicted, "value": one.observed.value, "low": one.observed.low, "high": one.observed.high,
         "of": one.count}
        for one in reliability(read.values[key][there], judged, counts)
    ]  # fmt: skip


def _drift(read: Read, key: str) -> list[dict[str, Any]]:
    """Pass rate of a ranker's picks, and what it foretold of the same images, for each week of their newest rating."""
    weeks: dict[date, list[int]] = defaultdict(list)
    for row in np.flatnonzero(read.picked[key]).tolist():
        weeks[read.days[row] - timedelta(read.days[row].weekday())].append(row)
    return [
        {"week": week, "predicted": float(read.values[key][rows].mean()), **_rate(read.judged.take(np.array(rows)))}
        for week, rows in sorted(weeks.items())
    ]


def _rate(judged: Judged) -> dict[str, Any]:
    """The pass rate of images with the interval that pages tell, which counts products."""
    k, n = judged.by_product(judged.passed, np.ones(len(judged))).T
    found = rates.per_image(
        Sums(len(n), int(n.sum()), int(k.sum()), int((n * n).sum()), int((k * k).sum()), int((n * k).sum()))
    )
    return {"value": found.value, "low": found.low, "high": found.high, "of": found.of}


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
