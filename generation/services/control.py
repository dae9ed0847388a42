"""Pause, resume, cancel and retry runs, one or a thousand; a batch is its runs."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.db.models import QuerySet

from generation.exceptions import NotPossible
from generation.models import Batch, Run, RunStage
from generation.models.runs import RunState
from generation.services import candidates, finishing, graph, states
from jobs import services
from jobs.models import Job, State

RETRY_KIND = "generation.retry"
TO_RETRY = (RunState.FAILED, RunState.CANCELLED, RunState.NEEDS_PERSON)
STOPPED = (RunState.FAILED, RunState.NEEDS_PERSON)
# Set while many jobs are cancelled here: what each end would change has been written for all at once.
_noted: ContextVar[bool] = ContextVar("noted", default=False)


def pause(run_ids: Collection[int]) -> int:
    """Let no further stage of these runs begin; one that a worker is at goes on to its end. Returns how many paused.

    A stage that another run goes on with as well is not held.
    """
    with transaction.atomic():
        paused = states.move_all(_in(run_ids, graph.GOING_ON), RunState.PAUSED)
        services.hold(graph.own_jobs(paused))
    return len(paused)


def resume(run_ids: Collection[int]) -> int:
    """Let paused runs go on; returns how many."""
    with transaction.atomic():
        resumed = states.move_all(_in(run_ids, (RunState.PAUSED,)), RunState.PLANNED)
        services.release(graph.held_jobs(resumed))
    finishing.finish(states.settle(resumed))
    return len(resumed)


def cancel(run_ids: Collection[int]) -> int:
    """Stop these runs: what waits is dropped, what runs stops at its next step. Returns how many were cancelled.

    What they have made stays, and stages that another run goes on with are left alone, or held where it is paused.
    """
    live = (*graph.GOING_ON, RunState.PAUSED, RunState.NEEDS_PERSON, RunState.FAILED)
    with _note_at_once(), transaction.atomic():
        cancelled = states.move_all(_in(run_ids, live), RunState.CANCELLED)
        services.cancel_many(graph.own_jobs(cancelled, beside=(*graph.GOING_ON, RunState.PAUSED)))
        services.hold(graph.own_jobs(cancelled))  # what is left of them only paused runs need
        graph.note_cancelled(graph.open_results(cancelled))
    return len(cancelled)


def retry(run_ids: Collection[int], *, among: Collection[str] = TO_RETRY) -> int:
    """Go on with runs that failed, were cancelled, or waited for a person; what they have made stays.

    Returns how many. A run without candidates is planned anew, so that it sees what has changed since. Planning takes
    some milliseconds for each: for many there is `retry_failures`.
    """
    with transaction.atomic():
        runs = _in(run_ids, among)
        again = states.move_all(runs, RunState.PLANNED)
        with_images = candidates.runs_with(run_ids)
        made = [run.pk for run in runs if run.pk in with_images or run.tier]
        _try_stages_again(made)
        services.release(graph.held_jobs(made))
    finishing.finish(states.settle(made))
    finishing.advance([run_id for run_id in again if run_id not in set(made)])
    return len(again)


def retry_run(run: Run) -> None:
    """Retry one run. Raises NotPossible in a state from which there is nothing to retry."""
    if not retry([run.pk]):
        run.refresh_from_db()
        raise NotPossible(f"Run #{run.pk} is {run.get_state_display().lower()}: only one that ended can be retried.")


def pause_batch(batch: Batch) -> int:
    """Pause all runs of a batch that go on, or are taken up again; returns how many. One without any stays as it is."""
    going_on = _ids(batch.pk, graph.GOING_ON)
    if not going_on and retry_job(batch) is None:
        return 0
    _mark(batch, Batch.State.PAUSED)
    return pause(going_on)


def resume_batch(batch: Batch) -> int:
    """Let a paused batch go on; returns how many runs do. One that nobody has paused stays as it is."""
    paused = _ids(batch.pk, (RunState.PAUSED,))
    if not paused and batch.state != Batch.State.PAUSED:
        return 0
    _mark(batch, Batch.State.ACTIVE)
    return resume(paused)


def cancel_batch(batch: Batch) -> int:
    """Cancel all runs of a batch that have not succeeded; returns how many. One whose runs all have stays as it is."""
    left = _ids(batch.pk, tuple(set(RunState) - {RunState.SUCCEEDED}))
    if not left:
        return 0
    _mark(batch, Batch.State.CANCELLED)
    return cancel(left)


def retry_failures(batch: Batch) -> int:
    """Have a job retry the failed runs of a batch alone, and those that waited for a person; returns how many."""
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)  # of two who ask at once, one makes the job
        stopped = len(stopped_in(batch.pk))
        if stopped:
            _mark(batch, Batch.State.ACTIVE)
        if stopped and retry_job(batch) is None:
            subject = f"Retry of {stopped} {'run' if stopped == 1 else 'runs'}"
            services.submit(RETRY_KIND, {"batch": batch.pk}, subject=subject, asked_by=batch.asked_by)
    return stopped


def retry_some(batch_id: int, run_ids: Collection[int]) -> int:
    """Retry those of these runs that are stopped, unless their batch was paused or cancelled meanwhile."""
    if not Batch.objects.filter(pk=batch_id, state=Batch.State.ACTIVE).exists():
        return 0
    return retry(run_ids, among=STOPPED)


def stopped_in(batch_id: int) -> list[int]:
    """The runs of a batch that failed or wait for a person."""
    return _ids(batch_id, STOPPED)


def retry_job(batch: Batch) -> Job | None:
    """The job that is taking up the stopped runs of a batch, or will; one query by its kind, of which there are few."""
    return _retry_jobs().filter(params__batch=batch.pk).order_by("-pk").first()


def retried_batches() -> set[int]:
    """The batches whose stopped runs a job is taking up again, or will; one query."""
    return set(_retry_jobs().values_list("params__batch", flat=True))


def is_noted() -> bool:
    """Whether the ends of jobs that are told now have been written already."""
    return _noted.get()


@contextmanager
def _note_at_once() -> Iterator[None]:
    token = _noted.set(True)
    try:
        yield
    finally:
        _noted.reset(token)


def _retry_jobs() -> QuerySet[Job]:
    return Job.objects.filter(kind=RETRY_KIND, state__in=(State.QUEUED, State.RUNNING))


def _in(run_ids: Collection[int], allowed: Collection[str]) -> list[Run]:
    return [run for run in states.locked_runs(run_ids) if run.state in allowed]


def _ids(batch_id: int, allowed: Collection[str]) -> list[int]:
    return list(Run.objects.filter(batch=batch_id, state__in=allowed).order_by("pk").values_list("pk", flat=True))


def _mark(batch: Batch, state: Batch.State) -> None:
    Batch.objects.filter(pk=batch.pk).update(state=state)
    batch.state = state


def _try_stages_again(run_ids: Collection[int]) -> None:
    """Queue what these runs still lack; all their results are named, as a job must know those that it waits for."""
    prints: set[str] = set()
    for ids in graph.portions(run_ids):
        prints |= set(RunStage.objects.filter(run__in=ids).values_list("result__fingerprint", flat=True))
    graph.queue_jobs(graph.results_with(prints))
