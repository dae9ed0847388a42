"""How far runs are, stage by stage: for a terminal that watches one or a thousand, for pages and for the API."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from generation.models import Batch, RunStage
from generation.models.results import StageState
from generation.pipeline import BY_NAME


@dataclass(frozen=True)
class StageProgress:
    """A stage over some runs, in results: what several of them share is counted once, and `shared` says how often.

    `part` is how much of the results at work is done, together, and `message` what one of their jobs says; `seconds`
    is the work so far, without what was there before.
    """

    tier: int
    stage: str
    total: int
    made: int
    running: int
    failed: int
    shared: int = 0
    seconds: float = 0.0
    part: float = 0.0
    message: str = ""

    @property
    def done(self) -> float:
        """Of `total`, in fractions where one is at work."""
        return self.made + self.part

    @property
    def title(self) -> str:
        title = BY_NAME[self.stage].title
        return f"{title} ({self.tier + 1})" if self.tier else title

    @property
    def has_begun(self) -> bool:
        return bool(self.done or self.running or self.failed)

    @property
    def is_over(self) -> bool:
        return self.made + self.failed >= self.total


def stage_progress(runs: Batch | Collection[int]) -> list[StageProgress]:
    """The stages of a batch's runs, or of the runs with these ids, in order; two queries."""
    links = RunStage.objects.filter(**{"run__batch": runs} if isinstance(runs, Batch) else {"run__in": runs}).order_by()
    state = "result__state"
    counts = links.values("tier", "stage").annotate(
        total=Count("result", distinct=True),
        made=Count("result", filter=Q(**{state: StageState.SUCCEEDED}), distinct=True),
        running=Count("result", filter=Q(**{state: StageState.RUNNING}), distinct=True),
        failed=Count("result", filter=Q(**{f"{state}__in": (StageState.FAILED, StageState.CANCELLED)}), distinct=True),
        shared=Count("pk", filter=Q(reused=True)),
        seconds=Sum("result__seconds", filter=Q(reused=False), default=0.0),
    )
    at_work = _at_work(links)
    order = {name: place for place, name in enumerate(BY_NAME)}
    found = []
    for row in sorted(counts, key=lambda row: (row["tier"], order[row["stage"]])):
        part, message = at_work.get((row["tier"], row["stage"]), (0.0, ""))
        found.append(StageProgress(**row, part=part, message=message))
    return found


def _at_work(links: QuerySet[RunStage]) -> dict[tuple[int, str], tuple[float, str]]:
    """By stage: how much of the running results is done, together, and what one of their jobs says."""
    running = links.filter(result__state=StageState.RUNNING).order_by("pk")
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
