"""How far runs are, stage by stage: for a terminal that watches one or a thousand of them."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from generation.models import RunStage
from generation.models.results import StageState
from generation.pipeline import BY_NAME


@dataclass(frozen=True)
class StageProgress:
    """A stage over some runs: `done` of `total` results, in fractions where one is at work; `message` of its job."""

    tier: int
    stage: str
    total: int
    done: float
    running: int
    failed: int
    message: str = ""

    @property
    def title(self) -> str:
        title = BY_NAME[self.stage].title
        return f"{title} ({self.tier + 1})" if self.tier else title

    @property
    def has_begun(self) -> bool:
        return bool(self.done or self.running or self.failed)

    @property
    def is_over(self) -> bool:
        return self.done + self.failed >= self.total


def stage_progress(run_ids: Collection[int]) -> list[StageProgress]:
    """The stages of these runs in order; two queries."""
    links = RunStage.objects.filter(run__in=run_ids).order_by()
    counts = links.values("tier", "stage").annotate(
        total=Count("result", distinct=True),
        succeeded=Count("result", filter=Q(result__state=StageState.SUCCEEDED), distinct=True),
        running=Count("result", filter=Q(result__state=StageState.RUNNING), distinct=True),
        failed=Count(
            "result", filter=Q(result__state__in=(StageState.FAILED, StageState.CANCELLED)), distinct=True
        ),
    )  # fmt: skip
    at_work = _at_work(run_ids)
    order = {name: place for place, name in enumerate(BY_NAME)}
    found = []
    for row in sorted(counts, key=lambda row: (row["tier"], order[row["stage"]])):
        part, message = at_work.get((row["tier"], row["stage"]), (0.0, ""))
        done = row["succeeded"] + part
        found.append(
            StageProgress(row["tier"], row["stage"], row["total"], done, row["running"], row["failed"], message)
        )
    return found


def _at_work(run_ids: Collection[int]) -> dict[tuple[int, str], tuple[float, str]]:
    """By stage: how much of the running results is done, together, and what one of their jobs says."""
    running = RunStage.objects.filter(run__in=run_ids, result__state=StageState.RUNNING).order_by("pk")
    columns = ("tier", "stage", "result", "result__job__progress_done", "result__job__progress_total",
               "result__job__message")  # fmt: skip
    parts: dict[tuple[int, str], tuple[float, str]] = {}
    seen: set[int] = set()
    for tier, stage, result, done, total, message in running.values_list(*columns):
        if result not in seen:
            seen.add(result)
            share = min(1.0, (done or 0) / total) if total else 0.0
            before = parts.get((tier, stage), (0.0, ""))
            parts[tier, stage] = (before[0] + share, message or before[1])
    return parts
