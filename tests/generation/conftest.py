"""A model set to plan with, stages that take no time, and a worker that runs what is queued."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from generation import pipeline
from jobs import dispatch, execution
from jobs.models import Queue
from tests.factories.generation import make_light_set
from tests.factories.stand_ins import Workshop


@pytest.fixture
def light_set(settings: LazySettings, tmp_path: Path) -> str:
    """The set that runs name when they name none."""
    settings.MODEL_SETS_DIR = tmp_path / "sets"
    settings.MODEL_SETS_DIR.mkdir()
    name = make_light_set(settings.MODEL_SETS_DIR)
    settings.MODEL_SET = name
    return name


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Stages that take no time, in place of the real ones."""
    made = Workshop()
    monkeypatch.setattr(pipeline.Stage, "code", lambda stage: made.code(stage))  # noqa: PLW0108 - binds
    return made


@pytest.fixture
def tickets(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The tickets that would go to a broker."""
    sent: list[Any] = []

    def publish(jobs: Any) -> list[int]:
        wanted = list(jobs)
        sent.extend(wanted)
        return [job_id for job_id, _ in wanted]

    monkeypatch.setattr(dispatch, "_publish", publish)
    return sent


@pytest.fixture
def asked(light_set: str, workshop: Workshop, tickets: list[Any]) -> None:
    """All that it takes to start runs."""


@pytest.fixture
def work(asked: None, work_off: Callable[..., int]) -> Callable[..., int]:
    """`work_off`, where the stages are those of the workshop."""
    return work_off


@pytest.fixture
def work_off(tickets: list[Any], django_capture_on_commit_callbacks: Any) -> Callable[..., int]:
    """`work_off()` runs all that is ready, on every queue, and returns how many jobs that was; `most` stops earlier.

    What is to be told after a commit is told after each job: the test's own transaction never commits.
    """

    def run(most: int = 10_000) -> int:
        done = 0
        while done < most:
            with django_capture_on_commit_callbacks(execute=True):
                found = any(execution.run_next(queue, f"{queue}@test:1") for queue in Queue.values)
            if not found:
                break
            done += 1
        return done

    return run
