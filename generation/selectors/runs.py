"""Runs for pages and API: the list, one run with its stages, the runs of a product."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, QuerySet, Sum
from django.http import QueryDict
from django.shortcuts import get_object_or_404

from catalog.models import Product
from generation.exceptions import BadModelSet
from generation.model_sets import model_set
from generation.models import Candidate, Run, RunStage, StageResult
from generation.models.runs import ENDED_STATES
from generation.selectors.costs import Cost, cost_of_stage
from generation.selectors.facts import bank, known_products
from generation.services.planning import lack_of
from jobs.selectors import Pace, pace
from vitrine.paging import Page, cursor_from, keyset_page

PAGE_SIZE = 40
MOST_OF_A_PRODUCT = 12
THUMBNAILS = 4
# What a person may do with a run in each state; `generation.services` has the last word.
PAUSABLE = (Run.State.PLANNED, Run.State.RUNNING)
CANCELLABLE = (*PAUSABLE, Run.State.PAUSED, Run.State.NEEDS_PERSON)
RETRIABLE = (Run.State.FAILED, Run.State.CANCELLED, Run.State.NEEDS_PERSON)


@dataclass(frozen=True)
class RunFilter:
    """Which runs; empty values narrow nothing."""

    state: str = ""
    method: int | None = None
    batch: int | None = None

    @classmethod
    def of(cls, query: QueryDict) -> "RunFilter":
        """The filter that an address names; a value that makes no sense is no filter."""
        state = query.get("state", "")
        return cls(
            state if state in Run.State.values else "",
            cursor_from(query.get("method")),
            cursor_from(query.get("batch")),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.state or self.method or self.batch)


def run_page(
    wanted: RunFilter, *, after: int | None = None, before: int | None = None, size: int = PAGE_SIZE
) -> Page[Run]:
    """One page of runs, newest first, with product, cover, method and who asked; one query, and one for the picks."""
    return keyset_page(_narrowed(wanted), after=after, before=before, size=size)


def _narrowed(wanted: RunFilter) -> QuerySet[Run]:
    exact = {"state": wanted.state, "method": wanted.method, "batch": wanted.batch}
    return _rows().filter(**{name: value for name, value in exact.items() if value})


def _rows() -> QuerySet[Run]:
    return Run.objects.select_related("product__cover", "method", "asked_by").prefetch_related(
        Prefetch("candidates", _best(), to_attr="picks")
    )


def _best() -> QuerySet[Candidate]:
    """The best few of each run: those that were picked."""
    picked = Candidate.objects.filter(picked=True, place__lte=THUMBNAILS).order_by("tier", "place")
    return picked.only("id", "run", "sha256", "key", "place", "tier", "score")


def runs_of(product_id: int) -> list[Run]:
    """The newest runs of a product, side by side."""
    return list(_rows().filter(product=product_id).order_by("-pk")[:MOST_OF_A_PRODUCT])


def what_goes(product_id: int) -> str:
    """What goes with a product that is deleted, as a sentence; "" without runs. One query."""
    counts = Run.objects.filter(product=product_id).aggregate(runs=Count("pk"), images=Sum("candidate_count"))
    if not counts["runs"]:
        return ""
    runs, images = (
        f"{number:,} {word}{'' if number == 1 else 's'}"
        for number, word in ((counts["runs"], "run"), (counts["images"], "image"))
    )
    return f"What it was run through goes, too: {runs} with {images}. What people have said of images stays."


def run_or_404(pk: int) -> Run:
    rows = Run.objects.select_related("product__type", "product__cover", "method", "batch", "asked_by")
    return get_object_or_404(rows, pk=pk)


@dataclass(frozen=True)
class StageView:
    """One box of the strip. `state` is the result's, or "skipped" where the run ended before it."""

    row: RunStage
    state: str
    pace: Pace | None = None

    @property
    def result(self) -> StageResult:
        return self.row.result

    @property
    def name(self) -> str:
        return self.row.stage


@dataclass(frozen=True)
class Tier:
    """The stages of one method of a run; most runs have but one."""

    number: int
    method: Any
    stages: list[StageView] = field(default_factory=list)


def tiers_of(run: Run, now: datetime | None = None) -> list[Tier]:
    """The stages of a run by tier, in order, each with how far it is; one query."""
    rows = run.stages.select_related("result__job", "method").defer(
        "result__result", "result__inputs", "method__recipe"
    )
    tiers: dict[int, Tier] = {}
    for row in rows.order_by("tier", "order"):
        tier = tiers.setdefault(row.tier, Tier(row.tier, row.method))
        tier.stages.append(_stage_view(run, row, now))
    return list(tiers.values())


def cost_of(tiers: list[Tier]) -> Cost:
    """What these stages took together; those that were shared are counted for the run that made them."""
    return sum((cost_of_stage(stage.row) for tier in tiers for stage in tier.stages if not stage.row.reused), Cost())


def is_live(run: Run) -> bool:
    """Whether a page about the run has to look again."""
    return run.state in (Run.State.PLANNED, Run.State.RUNNING)


def chosen_stage(tiers: list[Tier], name: str = "", tier: int | None = None) -> StageView | None:
    """The stage that a page opens with: the one asked for, else what failed or runs, else the last that is done."""
    every = [stage for one in tiers for stage in one.stages]
    asked = [one for one in every if one.name == name and tier in (None, one.row.tier)]
    if asked:
        return asked[-1]
    for state in ("failed", "running"):
        if found := next((one for one in every if one.state == state), None):
            return found
    done = [one for one in every if one.state == StageResult.State.SUCCEEDED]
    return done[-1] if done else next(iter(every), None)


def _stage_view(run: Run, row: RunStage, now: datetime | None) -> StageView:
    result = row.result
    if result.state == StageResult.State.WAITING and run.state in ENDED_STATES:
        return StageView(row, "skipped")
    running = result.state == StageResult.State.RUNNING and result.job is not None
    return StageView(row, result.state, pace(result.job, now) if running and result.job else None)


def problems_of(product: Product, set_name: str) -> list[str]:
    """What keeps a product from being run with that model set, before anybody tries; empty when nothing is known to."""
    known = known_products([product])[product.pk]
    try:
        lack = lack_of(known, bank([known.type_id]), model_set(set_name))
    except BadModelSet as error:
        return [str(error)]
    return [lack.problem] if lack and lack.problem else []
