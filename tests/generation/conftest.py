"""A model set to plan with, stages that take no time, a worker that runs what is queued, and runs that have cost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models import QuerySet

from generation import accepting, pipeline
from generation.models import Candidate, Run, RunStage, StageResult
from jobs import dispatch, execution
from jobs.models import Queue
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_light_set, make_method, make_result, make_run
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


def _use(run: Run, result: StageResult, *, reused: bool = False) -> None:
    order = run.stages.count()
    RunStage.objects.create(run=run, order=order, stage=result.stage, method=run.method, result=result, reused=reused)


def _made(stage: str, seconds: float, **fields: object) -> StageResult:
    return make_result(stage, seconds=seconds, gpu_seconds=seconds / 2, peak_bytes=int(seconds * 100), **fields)


@pytest.fixture
def paid_runs(db: None) -> tuple[Run, Run]:
    """Two runs of one product and method that share a result of 10 s, with 4 and 2 candidates."""
    product, method = make_product(), make_method()
    first, second = (make_run(product, method=method, seed=seed) for seed in (0, 1))
    shared = _made("segment", 10, product=product)
    _use(first, shared)
    _use(first, _made("generate", 30, product=product, images=4))
    _use(second, shared, reused=True)
    _use(second, _made("generate", 20, product=product, images=2))
    for run, number in ((first, 4), (second, 2)):
        for place in range(1, number + 1):
            make_candidate(run, place=place, picked=place == 1)
    make_candidate(first, dropped="shows blood")
    return first, second


@pytest.fixture
def judged() -> Iterator[Callable[..., None]]:
    """Has people judge these images, and accept those of these places."""
    before = list(accepting._provided)

    def say(candidates: QuerySet[Candidate], accepted: tuple[int, ...]) -> None:
        ids = list(candidates.values_list("pk", flat=True))

        def ask(asked: QuerySet[Candidate]) -> accepting.Judged:
            said = asked.filter(pk__in=ids)
            return accepting.Judged(said, said.filter(place__in=accepted))

        accepting.provide(ask)

    yield say
    accepting._provided[:] = before
