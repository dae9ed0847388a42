"""Rankers, trainings and promotions for pages and API; figures are read from what was kept, never computed here."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404

from ranking.models import DriftNotice, Promotion, Ranker, ScoredProduct, Training, Trial
from ranking.selectors import charts
from ranking.services import policy, registry, training
from vitrine.paging import Page, keyset_page

NOTHING = "\N{EN DASH}"
RANKERS_PER_PAGE = 25
LOG = 10
TRIALS = 5
# The figures of the table, in this order; the rest is in the file that the API gives.
SHOWN = ("auc_within", "top_1", "top_3", "top_n", "with_pass", "pearson", "spearman", "auc", "ece")


@dataclass(frozen=True)
class Cell:
    """One figure of one ranker: as text, with its interval, and whether it is the best of its column."""

    value: str
    interval: str
    why: str
    best: bool


@dataclass(frozen=True)
class Row:
    """One line of the table of figures; `kind` is "own", "champion", "baseline" or "ceiling"."""

    title: str
    kind: str
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """The figures of a ranker beside the others'."""

    heads: list[dict[str, Any]]
    rows: list[Row]


@dataclass(frozen=True)
class Evaluation:
    """What a ranker's page shows of its evaluation."""

    table: Table | None
    reliability: charts.Chart | None
    learning: charts.Chart | None
    points: list[dict[str, Any]]
    curve: list[dict[str, Any]]
    told: dict[str, Any]


def ranker_or_404(pk: int) -> Ranker:
    return get_object_or_404(Ranker.objects.select_related("label_set", "made_by"), pk=pk)


def training_or_404(pk: int) -> Training:
    return get_object_or_404(Training.objects.select_related("ranker", "asked_by", "job"), pk=pk)


def ranker_page(*, after: int | None = None, before: int | None = None, state: str = "") -> Page[Ranker]:
    rows = Ranker.objects.select_related("label_set")
    if state:
        rows = rows.filter(state=state)
    return keyset_page(rows, after=after, before=before, size=RANKERS_PER_PAGE)


def overview() -> dict[str, Any]:
    """Everything above the list of rankers: a fixed number of queries."""
    champion = registry.champion()
    counts = ScoredProduct.objects.filter(ranker=champion).aggregate(
        products=Count("pk"), none=Count("pk", filter=Q(picked=0))
    )
    return {
        "champion": champion,
        "evaluation": evaluation_of(champion) if champion else None,
        "scored": counts["products"],
        "none_good": counts["none"],
        "policy": policy.current(),
        "trials": list(Trial.objects.select_related("ranker", "against").order_by("-running", "-pk")[:TRIALS]),
        "preparing": Promotion.objects.filter(state=Promotion.State.PREPARING).select_related("after", "job").first(),
        "log": list(Promotion.objects.select_related("before", "after", "by")[:LOG]),
        "notices": list(open_notices()),
        "trainings": list(Training.objects.filter(ended_at=None, job__isnull=False).select_related("job")[:LOG]),
        "new_labels": training.new_labels(),
    }


def open_notices() -> Any:
    return DriftNotice.objects.filter(closed_at=None).select_related("ranker")


def evaluation_of(ranker: Ranker) -> Evaluation | None:
    """A ranker's figures as a table and two charts; None where it was never evaluated."""
    told = ranker.figures
    if not told:
        return None
    points, curve = told.get("reliability", []), told.get("curve", [])
    return Evaluation(
        _table(told),
        charts.reliability_chart(points),
        charts.learning_chart(curve, told.get("curve_words", "")),
        points,
        curve,
        told,
    )


def promotions_of(ranker: Ranker) -> Any:
    rows = Promotion.objects.filter(Q(after=ranker) | Q(before=ranker))
    return rows.select_related("before", "after", "by")[:LOG]


def standing(ranker: Ranker) -> str:
    """Why the gate would not let a ranker through now; empty where it would, or where it is champion."""
    return "" if ranker.state == "champion" else registry.why_not(ranker, registry.champion())


def _table(told: dict[str, Any]) -> Table | None:
    known = {head["name"]: head for head in told.get("columns", [])}
    heads = [known[name] for name in told.get("shown", SHOWN) if name in known]
    rows = told.get("rows", [])
    if not heads or not rows:
        return None
    best = {head["name"]: _best(head, rows) for head in heads}
    return Table(heads, [_row(row, heads, best) for row in rows])


def _row(row: dict[str, Any], heads: list[dict[str, Any]], best: dict[str, float | None]) -> Row:
    cells = []
    for head in heads:
        one = row["figures"].get(head["name"]) or {}
        value, low, high = one.get("value"), one.get("low"), one.get("high")
        top = value is not None and row["kind"] != "ceiling" and value == best[head["name"]]
        between = "" if low is None or high is None else f"{_said(low, head)} to {_said(high, head)}"
        cells.append(Cell(NOTHING if value is None else _said(value, head), between, one.get("said", ""), top))
    return Row(row["title"], row["kind"], cells)


def _best(head: dict[str, Any], rows: list[dict[str, Any]]) -> float | None:
    values = [
        one["value"]
        for row in rows
        if row["kind"] != "ceiling" and (one := row["figures"].get(head["name"])) and one.get("value") is not None
    ]
    if not values:
        return None
    return float(min(values) if head.get("better") == "lower" else max(values))


def _said(value: float, head: dict[str, Any]) -> str:
    """Shares in percent, all else with three decimals."""
    return f"{value:.1%}" if head.get("percent") else f"{value:.3f}"
