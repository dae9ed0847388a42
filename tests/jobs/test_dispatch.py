"""Tickets: how many are sent, what is noted on the rows, and that a broker which is down holds nobody up."""

import socket
import time
from pathlib import Path

import pytest
from celery import Celery
from django.test import Client
from django.urls import reverse

from jobs import dispatch, lease
from jobs.models import Job
from jobs.services import Order, submit, submit_many
from tests.factories.jobs import make_job
from vitrine import addresses

pytestmark = pytest.mark.django_db
Tickets = list[tuple[int, str]]


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Celery:
    """The real embedded broker, on a file of this test's own."""
    return use(monkeypatch, "embedded://", tmp_path)


def use(monkeypatch: pytest.MonkeyPatch, url: str, folder: Path) -> Celery:
    app = Celery("test", broker=url, fixups=[])
    app.conf.update(broker_transport_options=addresses.broker_options(url, folder), broker_connection_timeout=2)
    app.conf.task_queues = dispatch.app.conf.task_queues
    monkeypatch.setattr(dispatch, "app", app)
    return app


def test_each_job_of_a_few_gets_its_own_ticket(broker: Celery) -> None:
    jobs = [make_job(), make_job(), make_job(queue="gpu")]
    assert dispatch.send([(job.pk, job.queue) for job in jobs]) == 3
    assert (dispatch.queue_length("cpu"), dispatch.queue_length("gpu")) == (2, 1)
    assert not Job.objects.filter(dispatched_at=None).exists()


def test_a_backlog_gets_no_more_tickets_than_there_can_be_workers(
    sent: Tickets, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    monkeypatch.setattr(dispatch, "MOST_TICKETS", 3)
    monkeypatch.setattr(lease, "IDS_AT_ONCE", 2)
    jobs = [make_job() for _ in range(7)]
    assert dispatch.send([(job.pk, "cpu") for job in jobs]) == 7
    assert sent == [(job.pk, "cpu") for job in jobs[:3]]
    assert not Job.objects.filter(dispatched_at=None).exists()


def test_a_submit_goes_through_while_the_broker_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Celery, django_capture_on_commit_callbacks
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    use(monkeypatch, f"redis://127.0.0.1:{port}/0", tmp_path)
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        submit("jobs.rehearse", {"steps": 0}, key="once")
        submit_many([Order("jobs.rehearse", {"steps": 0}) for _ in range(20)])
    # Two attempts to send, each given up at once: what a page would wait. Far below a proxy's patience.
    assert time.monotonic() - began < 10
    assert Job.objects.filter(state="queued", dispatched_at=None).count() == 21
    assert dispatch.queue_length("cpu") is None


def test_pages_open_while_the_broker_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Celery, operator, client_for
) -> None:
    use(monkeypatch, "redis://127.0.0.1:1/0", tmp_path)
    client: Client = client_for(operator)
    assert client.get(reverse("jobs:list")).status_code == 200
    job = make_job(state="failed", error="RuntimeError: no")
    assert client.post(reverse("jobs:retry", args=[job.pk])).status_code in (200, 302)
    job.refresh_from_db()
    assert job.state == "queued"


def test_a_redis_that_hangs_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Celery, django_capture_on_commit_callbacks
) -> None:
    """It takes the connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        use(monkeypatch, f"redis://127.0.0.1:{mute.getsockname()[1]}/0", tmp_path)
        began = time.monotonic()
        with django_capture_on_commit_callbacks(execute=True):
            submit_many([Order("jobs.rehearse", {"steps": 0}) for _ in range(20)])
        assert time.monotonic() - began < 8
    assert Job.objects.filter(state="queued", dispatched_at=None).count() == 20
