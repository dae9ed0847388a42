"""Send tickets: a message that some job of a queue is ready. It may be lost or doubled without harm.

The task's argument names the job that caused the ticket; a worker takes the most urgent ready job of the ticket's
queue, whichever that is. So priorities hold on every broker.

A ticket is good for more than one job when these are short (jobs.tasks), and the reaper adds tickets while jobs wait.
So a backlog needs no ticket for each of its jobs: messages cost the broker and the workers more than such jobs do.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from jobs import lease
from jobs.models import Job, State
from vitrine.celery import app

TICKET = "jobs.run"
# As many as there can be processes that take from one queue; above that a ticket more changes nothing.
MOST_TICKETS = 500
logger = logging.getLogger(__name__)


def send_on_commit(jobs: Iterable[tuple[int, str]]) -> None:
    """Send tickets for these (job id, queue) once the transaction is through; if the broker is down, leave it."""
    wanted = list(jobs)
    if wanted:
        transaction.on_commit(lambda: send(wanted))


def send(jobs: Iterable[tuple[int, str]]) -> int:
    """Send a ticket for each (job id, queue), at most MOST_TICKETS a queue, and note it on the rows.

    Returns how many jobs are covered. For those that are not `dispatched_at` stays empty: the reaper tries again.
    """
    wanted: dict[str, list[int]] = {}
    for job_id, queue in jobs:
        wanted.setdefault(queue, []).append(job_id)
    covered: list[int] = []
    for queue, ids in wanted.items():
        first = ids[:MOST_TICKETS]
        sent = _publish([(job_id, queue) for job_id in first])
        covered += ids if len(sent) == len(first) else sent
    for ids in lease.portions(covered):
        Job.objects.filter(pk__in=ids, state=State.QUEUED).update(dispatched_at=timezone.now())
    return len(covered)


def resend(queue: str, count: int) -> int:
    """Send so many tickets for jobs that were sent before, as their messages are gone."""
    return len(_publish([(0, queue)] * count))


def queue_length(queue: str) -> int | None:
    """How many messages wait in the broker for that queue; None when the broker cannot be asked."""
    try:
        with app.connection_for_write() as connection:
            declared: Any = app.amqp.queues[queue](connection.default_channel).queue_declare()
            return int(declared.message_count)
    except _broker_errors() as error:
        logger.warning("The broker cannot be reached: %s", error)
        return None


def _publish(jobs: Iterable[tuple[int, str]]) -> list[int]:
    sent: list[int] = []
    try:
        with app.producer_or_acquire() as producer:
            for job_id, queue in jobs:
                app.send_task(TICKET, (job_id,), queue=queue, producer=producer, retry=False, ignore_result=True)
                sent.append(job_id)
    except _broker_errors() as error:
        logger.warning("The broker cannot be reached, the reaper will send later: %s", error)
    return sent


def _broker_errors() -> tuple[type[BaseException], ...]:
    connection = app.connection_for_write()
    return (BrokerDown, *connection.connection_errors, *connection.channel_errors)
