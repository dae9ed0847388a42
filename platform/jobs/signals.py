"""What other rooms may listen to."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

from jobs.models import Job, State

# Sent when a job has succeeded, failed or been cancelled, with `job_id: int`, `kind: str` and `state: str`, in the
# process that ended it and after the commit. Once for each end, and not at all if that process dies in between: what a
# receiver must not miss it looks up in the table as well. Its errors are logged and break nothing.
job_finished = Signal()


def tell_finished(jobs: Iterable[tuple[int, str]], state: State) -> None:
    """Send `job_finished` for each (job id, kind) once the transaction is through."""
    ended = list(jobs)
    if ended and job_finished.has_listeners(Job):
        transaction.on_commit(lambda: _send(ended, state))


def _send(jobs: list[tuple[int, str]], state: State) -> None:
    for job_id, kind in jobs:
        # Django logs what a receiver raises, with its traceback.
        job_finished.send_robust(Job, job_id=job_id, kind=kind, state=state.value)
