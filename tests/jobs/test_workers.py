"""Names of workers: none that a living one has, and the same again for the one that follows a dead one."""

import socket
from pathlib import Path
from typing import Any

import pytest

from jobs import reaper, workers
from jobs.models import State
from tests.factories.jobs import make_job


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
