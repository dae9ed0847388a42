"""What becomes of a run whose stages have all succeeded: it is done, or its next tier begins."""

from collections.abc import Collection, Iterable

from django.db import transaction

from generation.exceptions import GenerationError
from generation.models import Candidate, Method, Run, RunStage, StageResult
from generation.models.runs import RunState
from generation.services import planning, states


def finish(run_ids: Iterable[int]) -> None:
    """End each of these runs, or begin its next tier where its method says so and too few images were picked."""
    waiting = list(run_ids)
    while waiting:
        run_id = waiting.pop(0)
        try:
            begun = _finish(run_id)
        except GenerationError as error:
            _fail(run_id, str(error))
        else:
            # A tier whose stages are all there has no job that would tell of its end.
            waiting += states.settle(begun)


def advance(run_ids: Collection[int]) -> None:
    """Plan these runs, again if need be, and end those that have all they ask for already."""
    finish(planning.plan_runs(run_ids))


def stage_ended(result: StageResult) -> None:
    """Move all runs on that use a result which has just succeeded, failed or been cancelled."""
    finish(states.settle_users(result))


def fail_all(run_ids: Collection[int], problem: str) -> None:
    """Runs that could not even be planned have failed, and say why."""
    with transaction.atomic():
        waiting = [run for run in states.locked_runs(run_ids) if run.state in (RunState.PLANNED, RunState.PAUSED)]
        states.move_all(waiting, RunState.FAILED, problem)


def next_tier(run: Run) -> Method | None:
    """The method that goes on with a run whose tier has ended; None when it is done.

    Raises NotPossible for a next tier that does not exist, or that the run went through already.
    """
    method = RunStage.objects.filter(run=run, tier=run.tier).select_related("method")[0].method
    recipe = method.parts
    picked = Candidate.objects.filter(run=run, tier=run.tier, picked=True).count()
    if not recipe.next_tier or picked >= recipe.select.escalate_below:
        return None
    return planning.tier_named(recipe.next_tier, run)


@transaction.atomic
def _finish(run_id: int) -> set[int]:
    """Returns the runs to be settled after it."""
    run = next(iter(states.locked_runs([run_id])), None)
    if run is None or run.state in (RunState.CANCELLED, RunState.SUCCEEDED):
        return set()
    there = Candidate.objects.filter(run=run, dropped="")
    run.candidate_count, run.picked_count = there.count(), there.filter(picked=True).count()
    run.save(update_fields=["candidate_count", "picked_count"])
    method = next_tier(run)
    if method is not None:
        return planning.plan_tier(run, method)
    states.move(run, RunState.SUCCEEDED)
    return set()


@transaction.atomic
def _fail(run_id: int, problem: str) -> None:
    states.move(states.locked_runs([run_id])[0], RunState.FAILED, problem)
