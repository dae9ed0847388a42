"""What may be done to jobs: submit, hold, release, cancel, retry. Pages, API, commands and rooms all come this way."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs import dispatch, endings, lease, plain
from jobs.exceptions import BadDependency, BadParams, NotAllowed
from jobs.kinds import kind_named
from jobs.models import FINISHED_STATES, Dependency, Job, State
from jobs.signals import tell_finished

HIGHEST_PRIORITY = 32_767
LOOK_EVERY = 0.015  # seconds between two looks of `wait`
_LENGTHS = {"key": 200, "subject": 200, "affinity": 100}


@dataclass(frozen=True)
class Order:
    """One job to be submitted; `after` are jobs, or their ids, that must succeed first.

    `affinity` says what a worker must hold warm for it, such as "segment sdxl": a worker goes on with what it has.
    """

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    subject: str = ""
    after: Sequence["Job | int"] = ()
    priority: int = 0
    affinity: str = ""


@dataclass(frozen=True)
class Tally:
    """How many of the named jobs were changed, and how many were left as they are because the rules forbid it."""

    done: int
    left: int


def submit(  # noqa: PLR0913 - all but two by keyword
    kind: str,
    params: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    subject: str = "",
    after: Sequence[Job | int] = (),
    priority: int = 0,
    affinity: str = "",
    asked_by: AbstractBaseUser | None = None,
) -> Job:
    """Queue a job and return it; with a `key` that a job already has, that job is returned, whatever its state.

    It starts when the jobs in `after` have succeeded, the higher `priority` first; among equals a worker prefers the
    `affinity` that it ran last, then whoever asked and was served longest ago. If the broker is down the job is kept
    all the same, and sent when it is back. Raises UnknownKind, BadParams or BadDependency, and keeps nothing then.
    """
    order = Order(kind, params or {}, key, subject, after, priority, affinity)
    return submit_many([order], asked_by=asked_by)[0]


def submit_many(orders: Iterable[Order], *, asked_by: AbstractBaseUser | None = None) -> list[Job]:
    """Queue many jobs in one transaction, all or none, and return them in order; rules and errors as in `submit`."""
    checked = list(orders)
    for order in checked:
        _check(order)
    with transaction.atomic():
        if all(order.key is None and not order.after for order in checked):
            jobs = Job.objects.bulk_create([_new(order, asked_by) for order in checked], batch_size=500)
        else:
            # All at once and by rising id, before anything else is locked: see lease.in_order.
            present = {need.pk: need for need in lease.in_order({pk for order in checked for pk in _needs(order)})}
            jobs = _submit_together(checked, asked_by, present)
        dispatch.send_on_commit((job.pk, job.queue) for job in jobs if _is_unsent(job))
    return jobs


def wait(job: Job, seconds: float) -> Job:
    """The job as it is when it has finished, or when so many seconds are over; for jobs that take a page's patience.

    Not inside a transaction: the job would only be sent at its end.
    """
    ends_at = time.monotonic() + seconds
    state = Job.objects.values_list("state", flat=True)
    while state.get(pk=job.pk) not in FINISHED_STATES and time.monotonic() < ends_at:
        time.sleep(LOOK_EVERY)
    return Job.objects.get(pk=job.pk)


def cancel(job: Job) -> Job:
    """Cancel a job: a waiting one at once with all that needs it, a running one at its next step.

    Returns the row as it is now. Raises NotAllowed for a job that has finished.
    """
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.state in FINISHED_STATES:
            raise NotAllowed(f"Job #{row.pk} has already {_past(row)}, so it cannot be cancelled.")
        if row.state == State.RUNNING:
            row.cancel_requested = True
            row.save(update_fields=["cancel_requested"])
        else:
            row.state, row.finished_at = State.CANCELLED, timezone.now()
            row.save(update_fields=["state", "finished_at"])
            tell_finished([(row.pk, row.kind)], State.CANCELLED)
            endings.cancel_dependents([row.pk])
    return row


def retry(job: Job) -> Job:
    """Queue a failed or cancelled job again, with its strikes forgotten and its finished steps kept.

    Returns the row as it is now. Raises NotAllowed in any other state, and while a job that it needs is cancelled.
    """
    with transaction.atomic():
        needs = list(Job.objects.filter(needed_by_links__job=job.pk).select_for_update(of=("self",)).order_by("pk"))
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.state not in (State.FAILED, State.CANCELLED):
            raise NotAllowed(f"Job #{row.pk} {_present(row)}; only a failed or cancelled job can be tried again.")
        for need in needs:
            if need.state == State.CANCELLED:
                raise NotAllowed(f"Job #{row.pk} needs job #{need.pk}, which is cancelled: retry #{need.pk} first.")
        fresh = _fresh_fields(sum(need.state != State.SUCCEEDED for need in needs))
        for name, value in fresh.items():
            setattr(row, name, value)
        row.save(update_fields=list(fresh))
        if not row.waiting_on:
            dispatch.send_on_commit([(row.pk, row.queue)])
    return row


def hold(job_ids: Iterable[int]) -> Tally:
    """Keep queued jobs from starting until they are released; they stay queued and are shown as paused.

    A job that a worker takes in this moment is either held or runs on: one that is running is left, like all others.
    """
    wanted = set(job_ids)
    with transaction.atomic():
        queued = [row.pk for row in lease.in_order(wanted) if row.state == State.QUEUED]
        _change(queued, paused=True)
    return Tally(len(queued), len(wanted) - len(queued))


def release(job_ids: Iterable[int]) -> Tally:
    """Let held jobs go on, each when its turn comes; a job that is not held is left."""
    wanted, now = set(job_ids), timezone.now()
    with transaction.atomic():
        held = [row for row in lease.in_order(wanted) if row.state == State.QUEUED and row.paused]
        _change([row.pk for row in held], paused=False, dispatched_at=None)
        ready = (row for row in held if not row.waiting_on and (row.run_after is None or row.run_after <= now))
        dispatch.send_on_commit((row.pk, row.queue) for row in ready)
    return Tally(len(held), len(wanted) - len(held))


def cancel_many(job_ids: Iterable[int]) -> Tally:
    """Cancel many jobs in one transaction, each as `cancel` would; those that have finished are left.

    What needs one of them is cancelled as well, and counted only if it was named.
    """
    wanted = set(job_ids)
    with transaction.atomic():
        # Those that go along are locked with them, or two who cancel at once could wait for each other.
        rows = lease.in_order(wanted | endings.queued_dependents(list(wanted)).keys())
        queued = {row.pk: row.kind for row in rows if row.pk in wanted and row.state == State.QUEUED}
        running = [row.pk for row in rows if row.pk in wanted and row.state == State.RUNNING]
        _change(queued, state=State.CANCELLED, finished_at=timezone.now())
        _change(running, cancel_requested=True)
        tell_finished(queued.items(), State.CANCELLED)
        endings.cancel_dependents(list(queued))
    done = len(queued) + len(running)
    return Tally(done, len(wanted) - done)


def retry_many(job_ids: Iterable[int]) -> Tally:
    """Queue many failed or cancelled jobs again in one transaction, each as `retry` would.

    One that was to be cancelled, and that its worker still runs, goes on after all. Left are those in another state,
    and those that need a cancelled job which is not queued again with them.
    """
    wanted = set(job_ids)
    needs = _needs_of(wanted)
    with transaction.atomic():
        rows = lease.in_order(wanted.union(*needs.values()))
        states = {row.pk: State(row.state) for row in rows}
        again: dict[int, list[Job]] = {}  # by the number of jobs that each waits for
        # By rising id: a job needs older ones only, so what is queued again before it is known.
        for row in rows:
            before = [states[need] for need in needs.get(row.pk, ()) if need in states]
            allowed = row.pk in wanted and row.state in (State.FAILED, State.CANCELLED)
            if allowed and State.CANCELLED not in before:
                states[row.pk] = State.QUEUED
                again.setdefault(sum(state != State.SUCCEEDED for state in before), []).append(row)
        for waiting_on, jobs in again.items():
            _change([job.pk for job in jobs], **_fresh_fields(waiting_on))
        spared = [row.pk for row in rows if row.pk in wanted and row.state == State.RUNNING and row.cancel_requested]
        _change(spared, cancel_requested=False)
        dispatch.send_on_commit((job.pk, job.queue) for job in again.get(0, []))
    done = sum(map(len, again.values())) + len(spared)
    return Tally(done, len(wanted) - done)


def _change(job_ids: Iterable[int], **fields: Any) -> None:
    """Inside a transaction that has these rows locked."""
    for ids in lease.portions(job_ids):
        Job.objects.filter(pk__in=ids).update(**fields)


def _needs_of(job_ids: Iterable[int]) -> dict[int, list[int]]:
    """The jobs that each of these needs; never changed after a job was submitted."""
    needs: dict[int, list[int]] = {}
    for ids in lease.portions(job_ids):
        for job_id, needs_id in Dependency.objects.filter(job_id__in=ids).values_list("job_id", "needs_id"):
            needs.setdefault(job_id, []).append(needs_id)
    return needs


def _fresh_fields(waiting_on: int) -> dict[str, Any]:
    return {
        "state": State.QUEUED,
        "waiting_on": waiting_on,
        "paused": False,
        "run_after": None,
        "dispatched_at": None,
        "lease_until": None,
        "cancel_requested": False,
        "strikes": 0,
        "halvings": 0,
        "message": "",
        "error": "",
        "finished_at": None,
    }


def _check(order: Order) -> None:
    kind_named(order.kind).check(order.params)
    for name, longest in _LENGTHS.items():
        value = getattr(order, name) or ""
        if len(value) > longest:
            raise BadParams(f"The {name} of a job may have {longest} characters; {value[:40]!r}… has {len(value)}.")
    if abs(order.priority) > HIGHEST_PRIORITY:
        raise BadParams(f"The priority {order.priority} is beyond ±{HIGHEST_PRIORITY}.")


def _new(order: Order, asked_by: AbstractBaseUser | None, waiting_on: int = 0) -> Job:
    return Job(
        kind=order.kind,
        params=order.params,
        key=order.key,
        subject=plain.text(order.subject)[: _LENGTHS["subject"]],
        queue=kind_named(order.kind).queue,
        priority=order.priority,
        waiting_on=waiting_on,
        affinity=order.affinity,
        asked_by_id=asked_by.pk if asked_by else None,
        asker=asked_by.pk if asked_by else 0,
    )


def _submit_together(orders: list[Order], asked_by: AbstractBaseUser | None, present: dict[int, Job]) -> list[Job]:
    """The jobs of these orders in a few statements, whatever their number; one by one where somebody else is submitting
    the same at this moment."""
    keys = sorted({order.key for order in orders if order.key is not None})
    pieces = (keys[start : start + lease.IDS_AT_ONCE] for start in range(0, len(keys), lease.IDS_AT_ONCE))
    there = {job.key: job for some in pieces for job in Job.objects.filter(key__in=some)}
    new: dict[str | int, tuple[Job, list[Job]]] = {}  # by key, without one by place
    for place, order in enumerate(orders):
        name = place if order.key is None else order.key
        if name not in there and name not in new:
            needs = _checked_needs(order, present)
            new[name] = _new(order, asked_by, sum(need.state != State.SUCCEEDED for need in needs)), needs
    try:
        with transaction.atomic():
            Job.objects.bulk_create([job for job, _ in new.values()], batch_size=500)
    except IntegrityError:
        return [_submit_one(order, asked_by, present) for order in orders]
    # A job only ever needs older ones, so there can be no circle.
    links = [Dependency(job=job, needs=need) for job, needs in new.values() for need in needs]
    Dependency.objects.bulk_create(links, batch_size=500)
    made = {name: job for name, (job, _) in new.items()}
    names = [place if order.key is None else order.key for place, order in enumerate(orders)]
    return [there[name] if name in there else made[name] for name in names]


def _submit_one(order: Order, asked_by: AbstractBaseUser | None, present: dict[int, Job]) -> Job:
    if order.key is not None:
        found = Job.objects.filter(key=order.key).first()
        if found is not None:
            return found
    needs = _checked_needs(order, present)
    job = _new(order, asked_by, sum(need.state != State.SUCCEEDED for need in needs))
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:
        if order.key is None:
            raise
        return Job.objects.get(key=order.key)  # somebody submitted the same in this moment
    # A job only ever needs older ones, so there can be no circle.
    Dependency.objects.bulk_create([Dependency(job=job, needs=need) for need in needs])
    return job


def _needs(order: Order) -> list[int]:
    return sorted({need.pk if isinstance(need, Job) else need for need in order.after})


def _checked_needs(order: Order, present: dict[int, Job]) -> list[Job]:
    """The jobs to wait for; they are locked: none of them can finish before the new row is there to be told."""
    ids = _needs(order)
    missing = [pk for pk in ids if pk not in present]
    if missing:
        raise BadDependency(f"There is no job #{missing[0]} to wait for.")
    needs = [present[pk] for pk in ids]
    for need in needs:
        if need.state == State.CANCELLED:
            raise BadDependency(f"Job #{need.pk} is cancelled, so nothing can wait for it.")
    return needs


def _is_unsent(job: Job) -> bool:
    return job.state == State.QUEUED and not job.waiting_on and job.dispatched_at is None and job.run_after is None


def _past(job: Job) -> str:
    return "been cancelled" if job.state == State.CANCELLED else job.state


def _present(job: Job) -> str:
    return f"has {job.state}" if job.state == State.SUCCEEDED else f"is {job.state}"
