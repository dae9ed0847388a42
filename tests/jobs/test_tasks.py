"""What a ticket does when it comes to a worker."""

from collections.abc import Callable
from typing import Any

import pytest

from jobs import tasks
from jobs.models import Job, State
from jobs.services import submit
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db


def test_a_fresh_ticket_goes_on_with_short_jobs() -> None:
    jobs = [make_job(params={"steps": 0}) for _ in range(4)]
    tasks.run_ticket(jobs[0].pk)
    assert set(Job.objects.values_list("state", flat=True)) == {State.SUCCEEDED}


def test_a_ticket_ends_after_a_job_that_took_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TICKET_LASTS", 0.0)
    first, second = (make_job(params={"steps": 0}) for _ in range(2))
    tasks.run_ticket(second.pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.SUCCEEDED, State.QUEUED)


def test_the_most_urgent_job_of_the_queue_runs_whichever_sent_the_ticket(kind: Callable[..., Any]) -> None:
    ran: list[str] = []
    kind("test.note")(lambda _context, name: ran.append(name))
    late = submit("test.note", {"name": "late"})
    submit("test.note", {"name": "urgent"}, priority=5)
    submit("test.note", {"name": "last"})
    tasks.run_ticket(late.pk)
    assert ran == ["urgent", "late", "last"]


def test_a_ticket_for_what_is_done_is_harmless() -> None:
    job = make_job(state=State.SUCCEEDED)
    tasks.run_ticket(job.pk)
    job.refresh_from_db()
    assert (job.state, job.fence) == (State.SUCCEEDED, 0)


def test_a_ticket_of_the_cpu_queue_leaves_the_gpu_queue_alone() -> None:
    cpu, gpu = make_job(params={"steps": 0}), make_job("jobs.rehearse_gpu", queue="gpu", params={"steps": 0})
    tasks.run_ticket(cpu.pk)
    gpu.refresh_from_db()
    assert gpu.state == State.QUEUED
