"""The job kinds of generation: each a few lines that call what can be tested without a worker."""

from collections.abc import Callable
from functools import partial
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from generation import live
from generation.exceptions import GenerationError
from generation.models import Run, StageResult
from generation.models.results import StageState
from generation.models.runs import RunState
from generation.services import control, finishing, guessing, untold
from generation.services.graph import FINETUNE_KIND, STAGE_KIND
from generation.services.runs import PLAN_KIND
from generation.sweeping import drop_adapters, drop_checkpoints, drop_orphans, sweep_files
from jobs import process, services
from jobs.context import JobContext
from jobs.exceptions import JobError
from jobs.kinds import job_kind
from jobs.models import Job, Queue, State

SWEEP_KIND = "generation.sweep"
SETTLE = "generation.settle"
PLANNED_AT_ONCE = 50
_MEMORY_ADVICE = (
    "Choose a smaller size or batch in the method, a model set with smaller checkpoints or half precision, or a machine"
    " with more memory."
)


@job_kind(STAGE_KIND, queue=Queue.GPU, memory_advice=_MEMORY_ADVICE)
def run_stage(context: JobContext, result: int) -> dict[str, Any]:
    """Make one stage's result and move on the runs that use it."""
    from generation import running  # noqa: PLC0415 - reaches torch: workers only

    return running.run_stage(context, result)


@job_kind(FINETUNE_KIND, queue=Queue.GPU, together=lambda: settings.FINETUNE_TOGETHER, memory_advice=_MEMORY_ADVICE)
def run_finetunes(contexts: list[JobContext], params: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Train the adapters of several products in shared passes of the base."""
    from generation import running  # noqa: PLC0415 - reaches torch: workers only

    return running.run_finetunes(contexts, [given["result"] for given in params])


@job_kind(PLAN_KIND)
def plan_batch(context: JobContext, batch: int) -> dict[str, int]:
    """Lay out the runs of a batch, some at a time; begun again, it goes on where it was."""
    unplanned = Run.objects.filter(batch=batch, stages=None, state__in=(RunState.PLANNED, RunState.PAUSED))
    ids = list(unplanned.order_by("pk").values_list("pk", flat=True))
    return _some_at_a_time(context, ids, finishing.advance, "runs planned")


@job_kind(control.RETRY_KIND)
def retry_batch(context: JobContext, batch: int) -> dict[str, int]:
    """Take up the runs of a batch that have stopped, some at a time; begun again, it goes on where it was."""
    ids = control.stopped_in(batch)
    return _some_at_a_time(context, ids, partial(control.retry_some, batch), "runs taken up again")


@job_kind(guessing.KIND, queue=Queue.GPU)
def guess_type(context: JobContext, product: int, model_set: str) -> dict[str, Any]:
    """Have a model say what a product is, and plan its runs that waited for that."""
    from generation import type_guess  # noqa: PLC0415 - reaches torch: workers only

    said: dict[str, Any] = type_guess.guess(context, product, model_set)
    _refusing(finishing.advance, guessing.waiting_for(product))
    return said


@job_kind(SWEEP_KIND)
def sweep(_context: JobContext) -> dict[str, int]:
    """Drop what is over: adapters past their time, results of removed products, files that nothing names."""
    return {
        "adapters": drop_adapters(),
        "results": drop_orphans(),
        "files": sweep_files(),
        "checkpoints": drop_checkpoints(),
        "live": live.sweep(),
    }


@shared_task(name=SETTLE)
def settle_untold() -> None:
    """Sent by the scheduler every few minutes: a look that finds nothing is a few queries, and no job."""
    process.tidy_connections()
    untold.settle_untold()


@shared_task(name=SWEEP_KIND)
def submit_sweep() -> None:
    """Sent by the scheduler each night; sent twice, it is one job."""
    services.submit(SWEEP_KIND, key=f"sweep-generation-{timezone.now():%Y-%m-%d}", subject="Nightly sweep of images")


def on_job_finished(*, job_id: int, kind: str, state: str, **_: Any) -> None:
    """Tell runs of jobs that failed or were cancelled; what succeeded has told them itself."""
    if state == State.SUCCEEDED or control.is_noted():
        return
    if kind in (STAGE_KIND, FINETUNE_KIND):
        # Told late, it may have been tried again meanwhile.
        for result in StageResult.objects.filter(job=job_id, job__state=state).select_related("job"):
            untold.note_end(result, StageState(state), result.job.error if result.job else "")
    elif kind in (guessing.KIND, PLAN_KIND):
        _fail_unplanned(Job.objects.get(pk=job_id))


def _some_at_a_time(
    context: JobContext, run_ids: list[int], work: Callable[[list[int]], object], what: str
) -> dict[str, int]:
    for start in range(0, len(run_ids), PLANNED_AT_ONCE):
        context.progress(start, len(run_ids), what)
        _refusing(work, run_ids[start : start + PLANNED_AT_ONCE])
    context.progress(len(run_ids), len(run_ids), what)
    return {"runs": len(run_ids)}


def _refusing(work: Callable[[list[int]], object], run_ids: list[int]) -> None:
    try:
        work(run_ids)
    except GenerationError as error:
        raise JobError(str(error)) from error


def _fail_unplanned(job: Job) -> None:
    """The runs that waited to be planned by a job that has ended badly say why."""
    if job.kind == PLAN_KIND:
        waiting = list(Run.objects.filter(batch=job.params["batch"], stages=None).values_list("pk", flat=True))
    else:
        waiting = guessing.waiting_for(job.params["product"])
    finishing.fail_all(waiting, job.error or f"The job #{job.pk}, which was to plan it, was cancelled.")
