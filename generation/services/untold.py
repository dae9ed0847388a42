"""Ends that nobody told: a job's end is told once, by the process that ended it, and that one may have died just then.

The scheduler has them looked for every few minutes, and a run's page does so for the run that it shows.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from generation.models import Run, RunStage, StageResult
from generation.models.results import StageState
from generation.models.runs import RunState
from generation.pipeline import BY_NAME
from generation.services import control, finishing, guessing, states
from generation.services.runs import PLAN_KIND
from jobs.models import Job, State

# A run that is planned just now has no stages yet, and no job that will plan it.
SPARED = timedelta(minutes=1)
OPEN = (StageState.WAITING, StageState.RUNNING)
GOING_ON = (RunState.PLANNED, RunState.RUNNING, RunState.PAUSED)
_BADLY = (StageState.FAILED, StageState.CANCELLED)
_LIVE = (State.QUEUED, State.RUNNING)
_UNPLANNED = (RunState.PLANNED, RunState.PAUSED)


def settle_untold() -> int:
    """Catch up with all that has ended in a process that died before it could say so; returns how many were told."""
    return _settle_results() + _settle_runs() + _settle_unplanned(timezone.now())


def settle_shown(run: Run, stages: Iterable[RunStage]) -> bool:
    """The same for one run, by its stages as they were just read with their jobs; whether there was something to tell.

    Asks the database nothing where there was not.
    """
    if run.state not in GOING_ON:
        return False
    results = [row.result for row in stages]
    untold = [result for result in results if result.state in OPEN and _has_ended(result)]
    for result in untold:
        _tell(result)
    if any(result.state in _BADLY for result in results):
        states.settle([run.pk])
        return True
    return bool(untold)


def note_end(result: StageResult, state: StageState, error: str = "") -> None:
    """Write that a stage's job has failed or been cancelled, and move on the runs that use it; told twice, once."""
    changed = StageResult.objects.filter(pk=result.pk, state__in=OPEN).update(
        state=state, error=error[:1000], finished_at=timezone.now()
    )
    if changed:
        finishing.stage_ended(result)


def _settle_results() -> int:
    """Stages whose job has ended. By stage and state: there is an index of these."""
    ended = Q(job__state__in=(State.FAILED, State.CANCELLED)) | Q(job=None, state=StageState.RUNNING)
    open_ = StageResult.objects.filter(ended, stage__in=BY_NAME, state__in=OPEN).select_related("job")
    untold = list(open_.defer("result", "inputs", "job__params"))
    for result in untold:
        _tell(result)
    return len(untold)


def _settle_runs() -> int:
    """Runs that go on though a stage has failed: that was written down, and then the process died."""
    left = RunStage.objects.filter(run__state__in=GOING_ON, result__state__in=_BADLY)
    run_ids = set(left.order_by().values_list("run_id", flat=True))
    states.settle(run_ids)
    return len(run_ids)


def _settle_unplanned(now: datetime) -> int:
    """Runs that wait to be planned by a job that has ended badly, or that is gone."""
    waiting = Run.objects.filter(stages=None, state__in=_UNPLANNED, created_at__lt=now - SPARED)
    if not (rows := list(waiting.values_list("pk", "batch_id", "product_id"))):
        return 0
    batches = _named("batch", PLAN_KIND, control.RETRY_KIND)
    products = _named("product", guessing.KIND)
    left = [pk for pk, batch, product in rows if batch not in batches and product not in products]
    finishing.fail_all(left, "The job that was to plan it has ended without doing so; retry the run.")
    return len(left)


def _named(parameter: str, *kinds: str) -> set[int]:
    """What the live jobs of these kinds are about."""
    jobs = Job.objects.filter(kind__in=kinds, state__in=_LIVE)
    return {params[parameter] for params in jobs.values_list("params", flat=True)}


def _has_ended(result: StageResult) -> bool:
    if result.job is None:
        return result.state == StageState.RUNNING
    return result.job.state in (State.FAILED, State.CANCELLED)


def _tell(result: StageResult) -> None:
    if result.job is None:
        note_end(result, StageState.FAILED, "Its job has been removed; retry the run.")
    else:
        note_end(result, StageState(result.job.state), result.job.error)
