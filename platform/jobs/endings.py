"""How an attempt ends: each function is one transaction that moves the job on and closes the attempt.

Each returns False, and changes nothing, when the job is no longer held by that claim.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs import dispatch, lease
from jobs.models import Attempt, Dependency, Job, State, Step
from jobs.signals import tell_finished

LONGEST_WAIT = 300.0  # seconds between two tries
_ERROR_LENGTH = 1000


@dataclass(frozen=True)
class Account:
    """What an attempt leaves behind; `progress` are fields of the job not yet written, `seconds` how long it took."""

    exception: str = ""
    traceback: str = ""
    log_tail: str = ""
    progress: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None


NOTHING_SAID = Account()


def succeed(job: Job, result: Any, account: Account) -> bool:
    """The job is done: its dependents come one nearer to ready, in the same transaction."""
    with transaction.atomic():
        fields = {"state": State.SUCCEEDED, "result": result, "finished_at": timezone.now(), "error": ""}
        if not _close(job, Attempt.Outcome.SUCCEEDED, account, fields):
            return False
        _release_dependents(job)
        tell_finished([(job.pk, job.kind)], State.SUCCEEDED)
    return True


def fail(job: Job, error: str, account: Account, outcome: str = Attempt.Outcome.FAILED) -> bool:
    """The job is over until a person tries it again; its dependents stay waiting for that."""
    fields = {"state": State.FAILED, "finished_at": timezone.now(), "error": error[:_ERROR_LENGTH]}
    with transaction.atomic():
        if not _close(job, outcome, account, fields):
            return False
        tell_finished([(job.pk, job.kind)], State.FAILED)
    return True


def cancelled(job: Job, account: Account, outcome: str = Attempt.Outcome.CANCELLED) -> bool:
    """The job stops for good because a person asked, and with it all that waited for it."""
    with transaction.atomic():
        fields = {"state": State.CANCELLED, "finished_at": timezone.now(), "error": ""}
        if not _close(job, outcome, account, fields):
            return False
        tell_finished([(job.pk, job.kind)], State.CANCELLED)
        cancel_dependents([job.pk])
    return True


def stopped(job: Job, account: Account) -> bool:
    """The attempt saw that the job was to be cancelled, and stopped; given back where that was taken back meanwhile."""
    with transaction.atomic():
        row = lease.held(job).select_for_update().values_list("cancel_requested", flat=True).first()
        return cancelled(job, account) if row else give_back(job, account)


def try_later(job: Job, error: str, account: Account, max_strikes: int) -> bool:
    """A named retryable error: wait longer each time, and fail at `max_strikes` without a step done in between."""
    if job.strikes + 1 >= max_strikes:
        return fail(job, f"Failed {job.strikes + 1} times in a row, the last time with: {error}", account)
    wait = min(LONGEST_WAIT, 2.0 ** (job.strikes + 1)) * random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries
    fields = _queued_again(
        strikes=lease.strike_up(),
        run_after=timezone.now() + timedelta(seconds=wait),
        error=f"Tried again in {wait:.0f} s after: {error}"[:_ERROR_LENGTH],
    )
    return _requeue(job, Attempt.Outcome.RETRIED, account, fields)


def halve(job: Job, error: str, account: Account, *, smallest: bool, advice: str = "") -> bool:
    """Out of memory: at once again with half the batch; fails, with the advice, when it cannot be halved any more."""
    if smallest:
        message = "Out of memory even with the smallest batch" + (f". {advice} ({error})" if advice else f": {error}")
        return fail(job, message, account, Attempt.Outcome.OUT_OF_MEMORY)
    fields = _queued_again(halvings=F("halvings") + 1, error=f"Batch halved after: {error}"[:_ERROR_LENGTH])
    return _requeue(job, Attempt.Outcome.OUT_OF_MEMORY, account, fields)


def run_alone(job: Job, error: str, account: Account, max_strikes: int) -> bool:
    """Something in its group failed, and nobody knows for which job: with a strike at once again, and by itself."""
    if job.strikes + 1 >= max_strikes:
        return fail(job, error, account)
    said = f"Tried again by itself after its group failed: {error}"
    fields = _queued_again(strikes=lease.strike_up(), error=said[:_ERROR_LENGTH])
    return _requeue(job, Attempt.Outcome.RETRIED, account, fields)


def give_back(job: Job, account: Account) -> bool:
    """The worker is stopping: another takes the job from its last step, and no strike is counted."""
    return _requeue(job, Attempt.Outcome.GIVEN_BACK, account, _queued_again())


def settle_lost(job: Job, max_strikes: int) -> bool:
    """The worker died or hung: queue the job again, or end it if it was to be cancelled or had too many strikes."""
    account = Account(seconds=_seconds_alive(job))
    if job.cancel_requested:
        return cancelled(job, account, Attempt.Outcome.LOST)
    # The steps of this attempt, not of the job: one that dies at the same place each time must end.
    moved = Step.objects.filter(job_id=job.pk, fence=job.fence).exists()
    strikes = 1 if moved else job.strikes + 1
    if strikes >= max_strikes:
        message = f"The worker died or stopped answering {strikes} times in a row without finishing a step."
        return fail(job, message, account, Attempt.Outcome.LOST)
    return _requeue(job, Attempt.Outcome.LOST, account, _queued_again(strikes=strikes))


def cancel_dependents(job_ids: list[int]) -> int:
    """Inside a transaction: cancel all queued jobs that need one of these, and those that need them in turn."""
    count, gone = 0, list(job_ids)
    while reasons := queued_dependents(gone):
        queued = [row for row in lease.in_order(reasons) if row.state == State.QUEUED]
        by_reason: dict[int, list[int]] = {}
        for row in queued:
            by_reason.setdefault(reasons[row.pk], []).append(row.pk)
        for needs_id, ids in by_reason.items():
            _cancel_for(ids, needs_id)
        tell_finished([(row.pk, row.kind) for row in queued], State.CANCELLED)
        count += len(queued)
        # And again: while we waited for a lock, a job may have been submitted after one that we have just cancelled.
        gone += reasons
    return count


def queued_dependents(job_ids: list[int]) -> dict[int, int]:
    """The queued jobs that need one of these, however far, each with the id of one that it needs; not locked."""
    reasons: dict[int, int] = {}
    level = job_ids
    while level:
        found: dict[int, int] = {}
        for ids in lease.portions(level):
            links = dict(
                Dependency.objects.filter(needs_id__in=ids).order_by("-needs_id").values_list("job_id", "needs_id")
            )
            # Asked for by id: joined, SQLite goes through all queued jobs for each portion.
            for some in lease.portions(set(links) - set(reasons)):
                queued = Job.objects.filter(pk__in=some).values_list("pk", "state")
                found |= {job: links[job] for job, state in queued if state == State.QUEUED}
        reasons |= found
        level = list(found)
    return reasons


def _cancel_for(job_ids: list[int], needs_id: int) -> None:
    fields = {
        "state": State.CANCELLED,
        "finished_at": timezone.now(),
        "message": f"Cancelled because job #{needs_id}, which it needs, was cancelled.",
    }
    for ids in lease.portions(job_ids):
        Job.objects.filter(pk__in=ids).update(**fields)


def _queued_again(**fields: Any) -> dict[str, Any]:
    return {"state": State.QUEUED, "lease_until": None, "run_after": None, "dispatched_at": None} | fields


def _requeue(job: Job, outcome: str, account: Account, fields: dict[str, Any]) -> bool:
    with transaction.atomic():
        if not _close(job, outcome, account, fields):
            return False
        # Somebody pressed cancel, and the attempt ended in another way before it saw that.
        unwanted = Job.objects.filter(pk=job.pk, cancel_requested=True)
        if unwanted.update(state=State.CANCELLED, finished_at=timezone.now(), run_after=None, error=""):
            tell_finished([(job.pk, job.kind)], State.CANCELLED)
            cancel_dependents([job.pk])
        elif fields["run_after"] is None:
            dispatch.send_on_commit([(job.pk, job.queue)])
    return True


def _close(job: Job, outcome: str, account: Account, fields: dict[str, Any]) -> bool:
    if not lease.held(job).update(**account.progress, **fields):
        return False
    said = {"exception": account.exception, "traceback": account.traceback, "log_tail": account.log_tail}
    written: dict[str, Any] = {name: value for name, value in said.items() if value}
    if account.seconds is not None:
        written["seconds"] = account.seconds
    attempt = Attempt.objects.filter(job_id=job.pk, number=job.fence)
    attempt.update(outcome=outcome, finished_at=timezone.now(), **written)
    return True


def _seconds_alive(job: Job) -> float | None:
    """From the start of a lost attempt to the worker's last sign of life."""
    began = Attempt.objects.filter(job_id=job.pk, number=job.fence).values_list("started_at", flat=True).first()
    if began is None or job.heartbeat_at is None:
        return None
    return max(0.0, (job.heartbeat_at - began).total_seconds())


def _release_dependents(job: Job) -> None:
    waiting = Job.objects.filter(needs_links__needs_id=job.pk, waiting_on__gt=0)
    ids = list(waiting.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if not ids:
        return
    ready: list[tuple[int, str]] = []
    for some in lease.portions(ids):
        Job.objects.filter(pk__in=some).update(waiting_on=F("waiting_on") - 1)
        ready += Job.objects.filter(pk__in=some, waiting_on=0, state=State.QUEUED, paused=False).values_list(
            "pk", "queue"
        )
    dispatch.send_on_commit(ready)  # all at once: it bounds the tickets
