"""Puts right what crashes and lost messages leave behind; run every few seconds by any worker, and by two at once.

Whoever has a free hand for a job has one for the reaper: so it runs wherever there is someone to take what it queues.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from jobs import dispatch, endings, lease
from jobs.kinds import strikes_allowed
from jobs.models import Job, Queue

MOST_LOST = 100
MOST_SENT = 2_000
# Seconds that a message may be under way before the queue's length is held against it.
UNDER_WAY = 3
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reaped:
    """What one run did: jobs taken from dead workers, tickets sent for the first time, tickets sent again."""

    lost: int
    sent: int
    resent: int


def reap() -> Reaped:
    """Queue again what dead workers hold, send tickets for ready jobs that have none, replace tickets that are gone."""
    done = Reaped(_settle(lease.expired(timezone.now())[:MOST_LOST]), _send_unsent(), _replace_tickets())
    if done.lost or done.sent or done.resent:
        logger.info("Reaper: %s lost, %s sent, %s sent again", done.lost, done.sent, done.resent)
    return done


def settle_abandoned(worker: str) -> int:
    """Queue again what the worker of that name held before it was started anew; returns how many."""
    return _settle(lease.abandoned_by(worker))


def _settle(jobs: QuerySet[Job]) -> int:
    count = 0
    for seen in jobs.only("pk", "lease_until", "fence"):
        with transaction.atomic():
            # Locked, and only if nothing has touched the lease since: the worker may live, or another reaper be first.
            rows = lease.held(seen).filter(lease_until=seen.lease_until)
            job = rows.select_for_update(skip_locked=True).first()
            if job is not None and endings.settle_lost(job, strikes_allowed(job.kind)):
                count += 1
    return count


def _send_unsent() -> int:
    now = timezone.now()
    sent = 0
    for queue in Queue.values:
        unsent = lease.ready_jobs(queue, now).filter(dispatched_at__isnull=True)
        # Rows of the last second are their submitter's to send: it is doing so just now.
        unsent = unsent.filter(Q(created_at__lt=now - timedelta(seconds=1)))
        sent += dispatch.send(list(unsent.values_list("pk", "queue")[:MOST_SENT]))
    return sent


def _replace_tickets() -> int:
    now = timezone.now()
    resent = 0
    for queue in Queue.values:
        waiting = lease.ready_jobs(queue, now).filter(dispatched_at__lt=now - timedelta(seconds=UNDER_WAY))
        ready = waiting.order_by()[: dispatch.MOST_TICKETS].count()
        length = dispatch.queue_length(queue) if ready else None
        if length is not None and length < ready:
            resent += dispatch.resend(queue, ready - length)
    return resent
