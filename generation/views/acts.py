"""What a person may do with a run or a batch: the buttons, the questions before, and the services behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from generation.exceptions import NotPossible
from generation.models import Batch, Run
from generation.selectors.runs import CANCELLABLE, PAUSABLE, RETRIABLE
from generation.services import control


@dataclass(frozen=True)
class Act:
    """`run` raises GenerationError where the state does not allow it; `done` says what has happened."""

    run: Callable[[Any], object]
    done: str


def _each(work: Callable[[list[int]], int], refusal: str) -> Callable[[Run], None]:
    """A service for many as one for a single run, which says so when it was not possible."""

    def act(run: Run) -> None:
        if not work([run.pk]):
            raise NotPossible(refusal.format(run=run.pk, state=run.get_state_display().lower()))

    return act


def _all(work: Callable[[Batch], int], refusal: str) -> Callable[[Batch], None]:
    """A service for a batch as one that says so when it has changed nothing."""

    def act(batch: Batch) -> None:
        before = batch.state
        if not work(batch) and batch.state == before:
            raise NotPossible(refusal.format(batch=batch))

    return act


ACTS: dict[str, Act] = {
    "pause": Act(
        _each(control.pause, "Run #{run} is {state}, so it cannot be paused."),
        "{what} is paused; a stage that a worker is at goes on to its end.",
    ),
    "resume": Act(_each(control.resume, "Run #{run} is {state}, so there is nothing to resume."), "{what} goes on."),
    "cancel": Act(_each(control.cancel, "Run #{run} is {state}, so it cannot be cancelled."), "{what} is cancelled."),
    "retry": Act(control.retry_run, "{what} goes on with what failed."),
}
BATCH_ACTS: dict[str, Act] = {
    "pause": Act(
        _all(control.pause_batch, "No run of {batch} goes on, so there is nothing to pause."),
        "{what} is paused; stages that workers are at go on to their end.",
    ),
    "resume": Act(
        _all(control.resume_batch, "{batch} is not paused, so there is nothing to resume."), "{what} goes on."
    ),
    "cancel": Act(
        _all(control.cancel_batch, "No run of {batch} is left to cancel: each has succeeded or is cancelled."),
        "{what} is cancelled.",
    ),
    "retry": Act(
        _all(control.retry_failures, "No run of {batch} has stopped, so there is nothing to retry."),
        "What stopped in {what} is being taken up again.",
    ),
}
Button = tuple[str, str, str]  # the act, what the button says, what is asked before (or "")


def acts_for(run: Run) -> list[Button]:
    """The buttons that fit a run's state."""
    buttons: list[Button] = []
    if run.state in PAUSABLE:
        buttons.append(("pause", "Pause", ""))
    if run.state == Run.State.PAUSED:
        buttons.append(("resume", "Resume", ""))
    if run.state in RETRIABLE:
        buttons.append(("retry", "Retry what failed" if run.state == Run.State.FAILED else "Go on", ""))
    if run.state in CANCELLABLE:
        buttons.append(("cancel", "Cancel", "Cancel this run? What it has made stays."))
    return buttons


def acts_for_batch(batch: Batch, *, retrying: bool = False) -> list[Button]:
    """The buttons that fit a batch's state; while a job takes up again what stopped, nobody has to ask for it."""
    buttons: list[Button] = []
    stopped = batch.failed + batch.needs_person
    going = batch.total - batch.ended
    if batch.state == Batch.State.ACTIVE and going:
        buttons.append(("pause", "Pause", ""))
    if batch.state == Batch.State.PAUSED:
        buttons.append(("resume", "Resume", ""))
    if stopped and not retrying:
        buttons.append(("retry", f"Retry {stopped} that stopped", ""))
    if batch.state != Batch.State.CANCELLED and going:
        question = f"Cancel the {going} runs of this batch that are not over? What they have made stays."
        buttons.append(("cancel", "Cancel", question))
    return buttons
