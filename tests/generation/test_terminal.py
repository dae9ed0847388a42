"""Bars of a run in a terminal: each stage that has begun has one, with how much is done and how long the rest takes."""

import io

import pytest
from django.utils import timezone

from generation.models import Run, RunStage, StageResult
from generation.models.results import StageState
from generation.terminal import Watch
from jobs.models import Job, State
from tests.factories.generation import make_result, make_run
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run() -> Run:
    """One that cuts out the first of four photos, and will describe them after that."""
    made = make_run(state="running")
    job = make_job("generation.stage", state=State.RUNNING, progress_done=1, progress_total=4, message="photos")
    for order, (stage, fields) in enumerate(
        {"segment": {"state": StageState.RUNNING, "job": job}, "caption": {}}.items()
    ):
        RunStage.objects.create(
            run=made, order=order, stage=stage, method=made.method, result=make_result(stage, **fields)
        )
    return made


def test_a_bar_says_how_much_is_done_and_how_long_the_rest_takes(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch([run.pk], Screen())
    assert watch.look()
    [bar] = watch._bars.values()
    monkeypatch.setattr(bar, "_time", lambda: bar.start_t + 60)
    capsys.readouterr()
    assert watch.look()
    shown = capsys.readouterr().err
    assert "Cut out            25%|" in shown
    assert "photos 01:00<03:00" in shown

    Job.objects.update(progress_done=2)
    watch.look()
    assert "50%|" in (shown := capsys.readouterr().err)
    assert "01:00<01:00" in shown
    assert "Describe" not in shown, "it has not begun"
    watch.close()


def test_a_stage_that_failed_says_so_and_the_watch_ends_with_the_run(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch([run.pk], Screen())
    watch.look()
    StageResult.objects.filter(stage="segment").update(state=StageState.FAILED)
    Run.objects.update(state=Run.State.FAILED, finished_at=timezone.now())
    assert not watch.look()
    watch.close()
    assert "100%|" in (shown := capsys.readouterr().err)
    assert "1 failed" in shown
