"""Move runs from state to state, and keep the counts of their batch in the same transaction.

A run's state follows from its stages: `settle` looks at them and moves the run; nobody else decides that one is done.
Only a person's word (pause, resume, cancel) moves a run by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from generation.models import Batch, Run, RunStage, StageResult
from generation.models.results import StageState
from generation.models.runs import ENDED_STATES, RunState

AT_ONCE = 1_000  # ids in one statement
_WITH = ("product", "method", "asked_by")
# Of these settle makes no other: the first two are a person's word, and what has succeeded stays.
_STANDING = (RunState.CANCELLED, RunState.SUCCEEDED)


@dataclass(frozen=True)
class Verdict:
    """What a run's stages say of it."""

    state: RunState
    problem: str = ""


def settle(run_ids: Collection[int]) -> list[int]:
    """Move these runs to where their stages have brought them; returns those whose stages have all succeeded.

    What becomes of the returned ones, done or on to the next tier, is for `services.finishing` to say.
    """
    done: list[int] = []
    for ids in _portions(run_ids):
        with transaction.atomic():
            runs = list(_locked(ids).exclude(state__in=_STANDING))
            verdicts = _verdicts([run.pk for run in runs])
            moved: dict[tuple[RunState, str], list[Run]] = defaultdict(list)
            for run in runs:
                verdict = verdicts.get(run.pk)
                if verdict is None:
                    continue  # not planned yet
                if verdict.state == RunState.SUCCEEDED:
                    done.append(run.pk)
                else:
                    moved[_with_pause(run, verdict.state), verdict.problem].append(run)
            for (state, problem), some in moved.items():
                move_all(some, state, problem)
    return done


def settle_users(result: StageResult) -> list[int]:
    """`settle` for all runs that use a result."""
    return settle(list(RunStage.objects.filter(result=result).values_list("run_id", flat=True).distinct()))


def move(run: Run, state: RunState, problem: str = "") -> None:
    """Inside a transaction that holds the run's row: give it another state; its batch's counts follow."""
    before, now = RunState(run.state), timezone.now()
    if before == state and run.problem == problem:
        return
    run.state, run.problem = state, problem[:1000]
    run.finished_at = now if state in ENDED_STATES else None
    if state != RunState.PLANNED and run.started_at is None:
        run.started_at = now
    run.save(update_fields=["state", "problem", "finished_at", "started_at"])
    if run.batch_id is not None and before != state:
        Batch.objects.filter(pk=run.batch_id).update(
            **{before.value: F(before.value) - 1, state.value: F(state.value) + 1}
        )


def move_all(runs: Iterable[Run], state: RunState, problem: str = "") -> list[int]:
    """Inside a transaction that holds these rows: the same for many, with one update; returns their ids."""
    changed = [run for run in runs if (run.state, run.problem) != (state, problem[:1000])]
    now, counts = timezone.now(), defaultdict[int, Counter[str]](Counter)
    for run in changed:
        if run.batch_id is not None and run.state != state:
            counts[run.batch_id].update({run.state: -1, state.value: 1})
    ids = [run.pk for run in changed]
    fields: dict[str, Any] = {"state": state, "problem": problem[:1000]}
    fields["finished_at"] = now if state in ENDED_STATES else None
    if state != RunState.PLANNED:
        fields["started_at"] = Coalesce(F("started_at"), now)
    for some in _portions(ids):
        Run.objects.filter(pk__in=some).update(**fields)
    for batch_id in sorted(counts):
        changes = {name: F(name) + change for name, change in counts[batch_id].items() if change}
        Batch.objects.filter(pk=batch_id).update(**changes)
    return ids


def recount(batch: Batch) -> None:
    """Set a batch's counts from its runs: for repair, and once its runs are made."""
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        found = dict(Run.objects.filter(batch=batch).order_by().values_list("state").annotate(Count("pk")))
        counts = {state: found.get(state, 0) for state in RunState.values}
        Batch.objects.filter(pk=batch.pk).update(total=sum(found.values()), **counts)
    batch.refresh_from_db()


def locked_runs(ids: Collection[int]) -> list[Run]:
    """Inside a transaction: these runs by rising id, held to its end."""
    return [run for some in _portions(ids) for run in _locked(some)]


def _locked(ids: Collection[int]) -> QuerySet[Run]:
    return Run.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related(*_WITH).order_by("pk")


def _with_pause(run: Run, state: RunState) -> RunState:
    """A paused run stays paused while its stages go on; what needs a person or has failed is said all the same."""
    paused = run.state == RunState.PAUSED and state in (RunState.PLANNED, RunState.RUNNING)
    return RunState.PAUSED if paused else state


def _verdicts(run_ids: list[int]) -> dict[int, Verdict]:
    stages: dict[int, list[tuple[str, bool, str, str]]] = defaultdict(list)
    rows = RunStage.objects.filter(run__in=run_ids).order_by("run_id", "tier", "order")
    columns = ("run_id", "result__state", "result__asks_person", "stage", "result__error")
    for run_id, state, asks, stage, error in rows.values_list(*columns):
        stages[run_id].append((state, asks, stage, error))
    return {run_id: _verdict(found) for run_id, found in stages.items()}


def _verdict(stages: list[tuple[str, bool, str, str]]) -> Verdict:
    failed = [(asks, stage, error) for state, asks, stage, error in stages if state == StageState.FAILED]
    for asks, _, error in failed:
        if asks:
            return Verdict(RunState.NEEDS_PERSON, error)
    if failed:
        _, stage, error = failed[0]
        return Verdict(RunState.FAILED, error or f"The stage {stage} failed.")
    states = Counter(state for state, *_ in stages)
    if states[StageState.CANCELLED]:
        return Verdict(RunState.FAILED, "A stage that it needs was cancelled; retry to have it made after all.")
    if states[StageState.SUCCEEDED] == len(stages):
        return Verdict(RunState.SUCCEEDED)
    begun = states[StageState.RUNNING] + states[StageState.SUCCEEDED]
    return Verdict(RunState.RUNNING if begun else RunState.PLANNED)


def _portions(ids: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(set(ids))
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))
