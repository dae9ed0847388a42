"""Ends that nobody told: of stages, of runs, of plans; found by the scheduler's look and by a run's page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from generation import tasks
from generation.models import Batch, Run, RunStage, StageResult
from generation.models.results import StageState
from generation.selectors.runs import tiers_of
from generation.services import untold
from generation.services.runs import PLAN_KIND, Wish, start_batch
from jobs.models import Job, State
from tests.factories.generation import make_method, make_ready_product, make_result, make_run
from tests.factories.jobs import make_job

pytestmark = pytest.mark.django_db


def make_stage(run: Run, **fields: Any) -> StageResult:
    """A stage's result that the run uses."""
    result = make_result("segment", **fields)
    RunStage.objects.create(run=run, order=0, stage="segment", method=run.method, result=result)
    return result


def shown(run: Run) -> list[RunStage]:
    return [stage.row for tier in tiers_of(run) for stage in tier.stages]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
@pytest.mark.parametrize("before", ["planned", "running", "paused"])
def test_a_stages_end_is_told(state: str, before: str) -> None:
    run = make_run(state=before)
    result = make_stage(run, state="running", job=make_job(state=state, error="The worker died 5 times."))
    assert untold.settle_untold() == 1
    result.refresh_from_db()
    run.refresh_from_db()
    assert (result.state, run.state) == (state, Run.State.FAILED)
    assert untold.settle_untold() == 0


def test_a_running_result_whose_job_is_gone_has_failed() -> None:
    result = make_result("segment", state="running")
    assert untold.settle_untold() == 1
    result.refresh_from_db()
    assert (result.state, result.error) == (StageState.FAILED, "Its job has been removed; retry the run.")


def test_a_run_is_moved_on_whose_stage_was_told_of_and_no_more() -> None:
    run = make_run(state="running")
    make_stage(run, state="failed", error="The loss is no number any more.")
    assert untold.settle_untold() == 1
    run.refresh_from_db()
    assert (run.state, run.problem) == (Run.State.FAILED, "The loss is no number any more.")


def test_work_that_goes_on_is_left_alone() -> None:
    make_stage(make_run(state="running"), state="running", job=make_job(state=State.RUNNING))
    make_result("caption", state="waiting", job=make_job())
    make_result("filter")
    make_stage(make_run(state="failed"), state="failed")
    assert untold.settle_untold() == 0
    assert Job.objects.count() == 2


@pytest.mark.usefixtures("asked")
class TestPlans:
    @staticmethod
    def waiting(**job: Any) -> Batch:
        """A batch of two runs that a job of that state was to plan, some time ago."""
        batch = start_batch([make_ready_product().pk for _ in range(2)], Wish(make_method())).batch
        assert batch is not None
        Run.objects.update(created_at=timezone.now() - timedelta(hours=1))
        Job.objects.filter(kind=PLAN_KIND).update(**job)
        return batch

    @pytest.mark.parametrize(
        ("job", "told"),
        [
            ({}, 0), ({"state": "running", "lease_until": timezone.now()}, 0),
            ({"state": "failed", "finished_at": timezone.now()}, 2),
            ({"state": "cancelled", "finished_at": timezone.now()}, 2),
        ],
        ids=["queued", "running", "failed", "cancelled"],
    )  # fmt: skip
    def test_what_nobody_will_plan_has_failed(self, job: dict[str, Any], told: int) -> None:
        batch = self.waiting(**job)
        assert untold.settle_untold() == told
        batch.refresh_from_db()
        assert (batch.failed, batch.planned) == (told, 2 - told)
        assert Run.objects.filter(problem__contains="has ended without doing so; retry the run").count() == told

    def test_what_was_asked_for_just_now_is_left_alone(self) -> None:
        self.waiting(state="failed", finished_at=timezone.now())
        Run.objects.update(created_at=timezone.now())
        assert untold.settle_untold() == 0

    @pytest.mark.parametrize("kind", ["generation.retry", "generation.guess-type"])
    def test_what_another_job_will_plan_is_left_alone(self, kind: str) -> None:
        batch = self.waiting(state="failed", finished_at=timezone.now())
        for run in batch.runs.all():
            make_job(kind, params={"batch": batch.pk, "product": run.product_id})
        assert untold.settle_untold() == 0


class TestShown:
    @pytest.mark.parametrize("result", [{"state": "running"}, {"state": "failed"}], ids=["untold", "half told"])
    def test_a_runs_page_tells_it(
        self, result: dict[str, Any], client_for: Callable[[User | None], Client], operator: User
    ) -> None:
        run = make_run(state="running")
        make_stage(run, job=make_job(state="failed", error="It died."), error="It died.", **result)
        page = client_for(operator).get(f"/runs/{run.pk}/live/").content.decode()
        run.refresh_from_db()
        assert run.state == Run.State.FAILED
        assert "It died." in page
        assert "Retry what failed" in page

    @pytest.mark.parametrize("state", ["planned", "running", "paused", "failed", "succeeded", "cancelled"])
    def test_where_all_was_told_the_database_is_asked_nothing(self, state: str) -> None:
        run = make_run(state=state)
        make_stage(run, state="running", job=make_job(state=State.RUNNING))
        rows = shown(run)
        with CaptureQueriesContext(connection) as queries:
            assert untold.settle_shown(run, rows) is False
        assert len(queries) == 0


def test_the_scheduler_looks_every_few_minutes_in_few_queries() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["settle_generation"]
    assert entry["task"] == tasks.settle_untold.name
    assert 30 <= entry["schedule"] <= 300
    for _ in range(20):
        make_stage(make_run(state="running"), state="running", job=make_job(state=State.RUNNING))
    with CaptureQueriesContext(connection) as queries:
        tasks.settle_untold()
    assert len(queries) <= 4
