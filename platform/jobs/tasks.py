"""What Celery calls, and the harmless job kind that shows whether an installation works from end to end."""

import time
from typing import Any

from celery import Task, shared_task

from jobs import execution, process, reaper
from jobs.context import JobContext
from jobs.kinds import job_kind
from jobs.models import Job, Queue

# Seconds that one ticket may go on with further jobs: long against a message's cost, short against the reaper's period.
TICKET_LASTS = 1.0


@shared_task(name="jobs.run", bind=True)
def run_ticket(task: "Task[Any, Any]", job_id: int) -> None:
    """Run the most urgent ready job of the queue that this ticket came by, and further ones while it is still fresh.

    `job_id` is the job that caused the ticket; whoever is free may have run it meanwhile.
    """
    process.tidy_connections()
    queue = (task.request.delivery_info or {}).get("routing_key")
    if queue not in Queue.values:
        queue = Job.objects.values_list("queue", flat=True).get(pk=job_id)
    ends_at = time.monotonic() + TICKET_LASTS
    while execution.run_next(queue, process.worker_name()) and time.monotonic() < ends_at:
        process.tidy_connections()


@shared_task(name="jobs.reap")
def reap() -> None:
    """The scheduler's entry: see jobs.reaper."""
    process.tidy_connections()
    reaper.reap()


@job_kind("jobs.rehearse")
def rehearse(context: JobContext, steps: int = 10, seconds: float = 0.1, error: str = "") -> dict[str, int]:
    """Do nothing in so many steps of so many seconds, each with a log line; with `error`, fail with it at the end."""
    for number in range(steps):
        context.step(f"step {number + 1}", lambda: time.sleep(seconds))
        context.log.info("step %s of %s is done", number + 1, steps)
        context.progress(number + 1, steps, f"Step {number + 1} of {steps}")
    if error:
        raise RuntimeError(error)
    return {"steps": steps}


@job_kind("jobs.rehearse_gpu", queue=Queue.GPU)
def rehearse_gpu(context: JobContext, steps: int = 10, seconds: float = 0.1, error: str = "") -> dict[str, int]:
    """The same on the queue of the GPU workers."""
    return rehearse(context, steps, seconds, error)


@job_kind("jobs.rehearse_live", queue=Queue.LIVE)
def rehearse_live(context: JobContext, steps: int = 0, seconds: float = 0.1, error: str = "") -> dict[str, int]:
    """The same on the queue that a person waits for."""
    return rehearse(context, steps, seconds, error)
