"""Names of workers: none that a living one has, and the same again for the one that follows a dead one."""

import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs import reaper, workers
from jobs.models import State
from tests.factories.jobs import make_job


@pytest.mark.parametrize(
    ("queues", "at_once"), [(["cpu"], 2), (["gpu"], 3), (["live"], 4), (["cpu", "gpu"], 2), (["gpu", "live"], 2)]
)
def test_each_queue_has_its_own_number_of_jobs_at_once(settings: Any, queues: list[str], at_once: int) -> None:
    settings.CPU_CONCURRENCY, settings.GPU_CONCURRENCY, settings.LIVE_CONCURRENCY = 2, 3, 4
    assert workers.default_concurrency(queues) == at_once


def test_a_worker_that_is_not_told_leaves_live_work_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[Any, ...]] = []
    monkeypatch.setattr(workers, "work", lambda *how: served.append(how))
    call_command("worker")
    call_command("worker", "--queue", "live")
    assert [list(how[0]) for how in served] == [["cpu", "gpu"], ["live"]]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_a_living_workers_name_is_not_given_twice(folder: Path) -> None:
    first, lock = workers.take_name("cpu")
    second, other = workers.take_name("cpu")
    assert first.startswith(f"cpu@{socket.gethostname()}.")
    assert second.startswith(f"cpu-2@{socket.gethostname()}.")
    lock.close()
    again, lock = workers.take_name("cpu")
    assert again == first, "so that what the dead one held is found"
    lock.close()
    other.close()


@pytest.mark.django_db
def test_another_host_or_data_folder_of_the_same_name_is_another_worker(settings: Any, folder: Path) -> None:
    living, lock = workers.take_name("cpu")
    job = make_job(state=State.RUNNING, worker=f"{living}:4711")
    settings.DATA_DIR = folder / "elsewhere"
    stranger, other = workers.take_name("cpu")
    assert reaper.settle_abandoned(stranger) == 0
    lock.close()
    settings.DATA_DIR = folder
    heir, lock = workers.take_name("cpu")
    assert reaper.settle_abandoned(heir) == 1
    job.refresh_from_db()
    assert job.state == State.QUEUED
    lock.close()
    other.close()
