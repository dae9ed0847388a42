"""Send tickets: a message that some job of a queue is ready. It may be lost or doubled without harm.

The task's argument names the job that caused the ticket; a worker takes the most urgent ready job of the ticket's
queue, whichever that is. So priorities hold on every broker.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from jobs.models import Job, State
from vitrine.celery import app

TICKET = "jobs.run"
logger = logging.getLogger(__name__)


def send_on_commit(jobs: Iterable[tuple[int, str]]) -> None:
    """Send a ticket for each (job id, queue) once the transaction is through; if the broker is down, leave it."""
    wanted = list(jobs)
    if wanted:
        transaction.on_commit(lambda: send(wanted))


def send(jobs: Iterable[tuple[int, str]]) -> int:
    """Send a ticket for each (job id, queue) and note it on the rows; returns how many the broker took.

    Where it took none, `dispatched_at` stays empty and the reaper tries again.
    """
    sent = _publish(jobs)
    if sent:
        Job.objects.filter(pk__in=sent, state=State.QUEUED).update(dispatched_at=timezone.now())
    return len(sent)


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
