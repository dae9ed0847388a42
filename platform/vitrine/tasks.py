"""The demonstration's own jobs, and what the scheduler sends while it is shown (`vitrine.demo`)."""

from typing import Any

from celery import shared_task

from jobs import process
from jobs.context import JobContext
from jobs.kinds import job_kind
from vitrine.demo import advancing, shows
from vitrine.demo.steps import step_named

TICK = "demo.advance"


@job_kind(shows.SHOW)
def begin_show(_context: JobContext, show: dict[str, Any]) -> dict[str, int]:  # noqa: ARG001 - kept with the job
    """Begin a show; the job is what remembers it."""
    return {"steps": advancing.advance()}


@job_kind(shows.STEP)
def do_step(context: JobContext, show: str, step: str) -> dict[str, Any]:
    """Do one step of a show; begun again after a crash it does what is left."""
    shown = shows.show_named(show)
    return step_named(shown, step).work(shown, context)


@shared_task(name=TICK)
def advance() -> None:
    """Sent by the scheduler every few seconds while the demonstration is shown: no end of a job is missed for long."""
    process.tidy_connections()
    advancing.advance()
