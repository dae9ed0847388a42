"""The signal that a job is over: once for each end, whoever ended it, and harmless to whoever did."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from jobs import endings, execution, reaper, services
from jobs.endings import NOTHING_SAID
from jobs.models import Job, State
from jobs.signals import job_finished
from tests.factories.jobs import make_dead_job, make_job

pytestmark = pytest.mark.django_db(transaction=True)
Heard = list[tuple[int, str, str]]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """The (job id, kind, state) of each signal."""
    said: Heard = []

    def receive(job_id: int, kind: str, state: str, **_: Any) -> None:
        assert Job.objects.get(pk=job_id).state == state
        said.append((job_id, kind, state))

    job_finished.connect(receive)
    yield said
    job_finished.disconnect(receive)


def ends(**fields: Any) -> Job:
    return make_job(state=State.RUNNING, **fields)


@pytest.mark.parametrize(
    ("end", "state"),
    [
        pytest.param(lambda job: endings.succeed(job, 1, NOTHING_SAID), "succeeded", id="succeeded"),
        pytest.param(lambda job: endings.fail(job, "x", NOTHING_SAID), "failed", id="failed"),
        pytest.param(lambda job: endings.cancelled(job, NOTHING_SAID), "cancelled", id="cancelled"),
        pytest.param(lambda job: endings.try_later(job, "x", NOTHING_SAID, 1), "failed", id="the last strike"),
        pytest.param(lambda job: endings.halve(job, "x", NOTHING_SAID, smallest=True), "failed", id="no memory"),
        pytest.param(lambda job: endings.settle_lost(job, 1), "failed", id="its worker died too often"),
    ],
)
def test_each_end_of_a_running_job_is_told_once(end: Callable[[Job], bool], state: str, heard: Heard) -> None:
    job = ends()
    assert end(job)
    assert heard == [(job.pk, "jobs.rehearse", state)]
    assert not end(job), "a second time it is no longer ours"
    assert len(heard) == 1


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda job: endings.give_back(job, NOTHING_SAID), id="given back"),
        pytest.param(lambda job: endings.try_later(job, "x", NOTHING_SAID, 5), id="tried later"),
        pytest.param(lambda job: endings.settle_lost(job, 5), id="lost"),
        pytest.param(services.cancel, id="asked to stop"),
    ],
)
def test_what_goes_on_is_not_told(end: Callable[[Job], object], heard: Heard) -> None:
    end(ends())
    assert heard == []


@pytest.mark.parametrize("cancel", [services.cancel, lambda job: services.cancel_many([job.pk])])
def test_what_is_cancelled_along_with_another_is_told_too(cancel: Callable[[Job], object], heard: Heard) -> None:
    first = services.submit("jobs.rehearse")
    second = services.submit("jobs.rehearse_gpu", after=[first])
    third = services.submit("jobs.rehearse", after=[second])
    cancel(first)
    assert heard == [
        (first.pk, "jobs.rehearse", "cancelled"),
        (second.pk, "jobs.rehearse_gpu", "cancelled"),
        (third.pk, "jobs.rehearse", "cancelled"),
    ]


def test_a_job_to_be_cancelled_that_came_back_to_the_queue_is_told(heard: Heard) -> None:
    job = ends(cancel_requested=True)
    endings.give_back(job, NOTHING_SAID)
    assert heard == [(job.pk, "jobs.rehearse", "cancelled")]


def test_what_the_reaper_ends_is_told(heard: Heard) -> None:
    tired, wanted, unwanted = make_dead_job(strikes=4), make_dead_job(), make_dead_job(cancel_requested=True)
    reaper.reap()
    assert sorted(heard) == [(tired.pk, "jobs.rehearse", "failed"), (unwanted.pk, "jobs.rehearse", "cancelled")]
    assert Job.objects.get(pk=wanted.pk).state == State.QUEUED


def test_it_waits_for_the_commit_and_a_rollback_silences_it(heard: Heard) -> None:
    job = make_job()
    with transaction.atomic():
        services.cancel(job)
        assert heard == []
        transaction.set_rollback(True)
    assert heard == []


def test_a_receiver_that_breaks_is_logged_and_breaks_nothing(
    kind: Callable[..., Any], heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: Any) -> None:
        raise KeyError("chair")

    kind("test.x")(lambda _: None)
    job_finished.connect(broken)
    try:
        with caplog.at_level(logging.ERROR):
            job = services.submit("test.x")
            execution.run_next("cpu", "w")
    finally:
        job_finished.disconnect(broken)
    assert Job.objects.get().state == State.SUCCEEDED
    assert heard == [(job.pk, "test.x", "succeeded")], "the others hear it all the same"
    assert "KeyError: 'chair'" in caplog.text
