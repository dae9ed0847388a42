"""Pause, resume, cancel, retry; escalation; and what a failure does to the run, to its batch, and to nobody else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from generation.exceptions import NotEnoughImages, NotPossible, ProductNotFound
from generation.models import Batch, Candidate, Run, StageResult
from generation.recipe import FinetuneConfig, GenerateConfig, NewContextsConfig, NovelViewsConfig, Recipe, SelectConfig
from generation.services import control
from generation.services.runs import Wish, carry_on, start_batch, start_run
from generation.services.states import recount
from jobs import services
from jobs.models import Job, State
from tests.factories.catalog import make_photo
from tests.factories.generation import make_method, make_ready_product
from tests.factories.stand_ins import Workshop

pytestmark = pytest.mark.django_db
Work = Callable[..., int]
SMALL = Recipe(
    novel_views=NovelViewsConfig(views=2),
    new_contexts=NewContextsConfig(per_photo=2),
    finetune=FinetuneConfig(steps=2, sweep=None, prior_weight=1.0, class_images=2),
    generate=GenerateConfig(candidates=4, prompts=3),
    select=SelectConfig(top=2),
)


def wish(recipe: Recipe = SMALL) -> Wish:
    return Wish(make_method(recipe=recipe))


def started(number: int = 3) -> Batch:
    """A batch of planned runs."""
    batch = start_batch([make_ready_product().pk for _ in range(number)], wish()).batch
    assert batch is not None
    return batch


def counts(batch: Batch) -> dict[str, int]:
    """The kept counts that are not 0; they must be what counting would give."""
    batch.refresh_from_db()
    kept = {state: getattr(batch, state) for state in Run.State.values}
    found = {state: Run.objects.filter(batch=batch, state=state).count() for state in Run.State.values}
    assert kept == found
    return {state: number for state, number in kept.items() if number}


class TestPause:
    def test_a_paused_run_begins_nothing_more_and_goes_on_where_it_was(self, work: Work, workshop: Workshop) -> None:
        run = start_run(make_ready_product(), wish())
        work(most=3)
        assert control.pause([run.pk]) == 1
        ran = list(workshop.ran)
        assert work() == 0
        run.refresh_from_db()
        assert run.state == Run.State.PAUSED

        assert control.resume([run.pk]) == 1
        work()

        run.refresh_from_db()
        assert run.state == Run.State.SUCCEEDED
        assert workshop.ran[: len(ran)] == ran
        assert len(workshop.ran) == len(set(workshop.ran)) == 11

    def test_what_another_run_needs_as_well_is_not_held(self, work: Work, workshop: Workshop) -> None:
        asked = wish()
        paused, other = (start_run(make_ready_product(), asked) for _ in range(2))
        control.pause([paused.pk])
        work()
        assert workshop.ran.count("class_images") == 1
        other.refresh_from_db()
        assert other.state == Run.State.SUCCEEDED
        paused.refresh_from_db()
        assert paused.state == Run.State.PAUSED
        assert workshop.ran.count("segment") == 1

    def test_a_batch_that_is_paused_before_it_is_planned_stays_so(self, work: Work, workshop: Workshop) -> None:
        batch = started()
        assert control.pause_batch(batch) == 3
        work()
        assert workshop.ran == []
        assert counts(batch) == {"paused": 3}
        control.resume_batch(batch)
        work()
        assert counts(batch) == {"succeeded": 3}

    def test_nothing_is_paused_that_has_ended(self, work: Work) -> None:
        run = start_run(make_ready_product(), wish())
        work()
        assert control.pause([run.pk]) == 0
        assert control.resume([run.pk]) == 0

    def test_resuming_takes_as_many_queries_for_twelve_as_for_three(self, work: Work) -> None:
        counted = []
        for number in (3, 12):
            batch = started(number)
            work(most=1 + 2 * number)
            control.pause_batch(batch)
            with CaptureQueriesContext(connection) as queries:
                assert control.resume_batch(batch) == number
            counted.append(len(queries))
            assert counts(batch) == {"running": number}
            control.cancel_batch(batch)
        assert counted[0] == counted[1]


class TestCancel:
    def test_a_cancelled_run_goes_no_further_and_its_jobs_neither(self, work: Work) -> None:
        run = start_run(make_ready_product(), wish())
        work(most=2)
        assert control.cancel([run.pk]) == 1
        assert work() == 0
        run.refresh_from_db()
        assert run.state == Run.State.CANCELLED
        assert not Job.objects.filter(state__in=("queued", "running")).exists()
        assert set(StageResult.objects.values_list("state", flat=True)) == {"succeeded", "cancelled"}

    def test_it_can_be_asked_for_again_and_keeps_what_it_had(self, work: Work, workshop: Workshop) -> None:
        product, asked = make_ready_product(), wish()
        run = start_run(product, asked)
        work(most=4)
        control.cancel([run.pk])
        assert start_run(product, asked) == run
        work()
        run.refresh_from_db()
        assert run.state == Run.State.SUCCEEDED
        assert len(workshop.ran) == len(set(workshop.ran)) == 11

    def test_what_another_run_needs_goes_on(self, work: Work) -> None:
        asked = wish()
        gone, other = (start_run(make_ready_product(), asked) for _ in range(2))
        control.cancel([gone.pk])
        work()
        other.refresh_from_db()
        assert other.state == Run.State.SUCCEEDED

    def test_a_batch_is_cancelled_as_a_whole_but_for_what_is_done(self, work: Work) -> None:
        batch = started(2)
        work(most=1)
        first = Run.objects.filter(batch=batch).order_by("pk")[0]
        control.cancel([first.pk])
        work()
        assert control.cancel_batch(batch) == 0
        assert counts(batch) == {"succeeded": 1, "cancelled": 1}
        assert batch.state == Batch.State.CANCELLED

    def test_a_job_that_is_cancelled_on_its_own_page_fails_its_run_with_a_reason(
        self, work: Work, django_capture_on_commit_callbacks: Any
    ) -> None:
        run = start_run(make_ready_product(), wish())
        job = run.stages.get(stage="finetune").result.job
        assert job is not None
        with django_capture_on_commit_callbacks(execute=True):
            services.cancel(job)
        run.refresh_from_db()
        assert run.state == Run.State.FAILED
        assert "was cancelled; retry" in run.problem
        control.retry_run(run)
        work()
        run.refresh_from_db()
        assert run.state == Run.State.SUCCEEDED


class TestFailures:
    def test_a_failed_stage_fails_its_run_with_its_sentence(self, work: Work, workshop: Workshop) -> None:
        workshop.trouble["filter"] = NotEnoughImages("Only 1 image is left to train on; lower the thresholds.")
        run = start_run(make_ready_product(), wish())
        work()
        run.refresh_from_db()
        assert (run.state, run.problem) == (
            Run.State.FAILED,
            "Only 1 image is left to train on; lower the thresholds.",
        )
        assert run.stages.get(stage="finetune").result.state == "waiting"

        workshop.trouble.clear()
        workshop.ran.clear()
        control.retry_run(run)
        work()
        run.refresh_from_db()
        assert (run.state, run.problem) == (Run.State.SUCCEEDED, "")
        assert workshop.ran == ["filter", "finetune", "generate", "measure", "select"]

    def test_an_error_of_any_other_kind_is_named(self, work: Work, workshop: Workshop) -> None:
        workshop.trouble["measure"] = KeyError("clip")
        run = start_run(make_ready_product(), wish())
        work()
        run.refresh_from_db()
        assert (run.state, run.problem) == (Run.State.FAILED, "KeyError: 'clip'")

    def test_failures_of_a_batch_are_retried_alone(self, work: Work, workshop: Workshop) -> None:
        batch = started(3)
        work(most=1)
        poor = Run.objects.filter(batch=batch).order_by("pk")[1]
        workshop.trouble["select"] = NotEnoughImages("Nothing to choose from.")
        work(most=1_000)
        assert counts(batch) == {"failed": 3}
        control.cancel([poor.pk])
        workshop.trouble.clear()
        assert control.retry_failures(batch) == 2
        work()
        assert counts(batch) == {"succeeded": 2, "cancelled": 1}

    def test_asked_twice_one_job_takes_them_up(self, work: Work, workshop: Workshop) -> None:
        batch = self.failed(work, workshop)
        assert [control.retry_failures(batch), control.retry_failures(batch)] == [2, 2]
        job = Job.objects.get(kind=control.RETRY_KIND)
        assert control.retry_job(batch) == job
        work()
        assert counts(batch) == {"succeeded": 2}
        assert control.retry_job(batch) is None
        assert control.retry_failures(batch) == 0
        assert Job.objects.filter(kind=control.RETRY_KIND).count() == 1

    @pytest.mark.parametrize(("stop", "state"), [(control.pause_batch, "failed"), (control.cancel_batch, "cancelled")])
    def test_a_batch_that_is_stopped_meanwhile_stays_so(
        self, stop: Callable[[Batch], int], state: str, work: Work, workshop: Workshop
    ) -> None:
        batch = self.failed(work, workshop)
        control.retry_failures(batch)
        stop(batch)
        work()
        assert counts(batch) == {state: 2}

    @staticmethod
    def failed(work: Work, workshop: Workshop) -> Batch:
        """A batch whose two runs have failed at their last stage, which would succeed now."""
        batch = started(2)
        workshop.trouble["select"] = NotEnoughImages("Nothing to choose from.")
        work()
        workshop.trouble.clear()
        return batch

    def test_a_product_that_cannot_be_found_waits_for_a_person_and_others_go_on(
        self, work: Work, workshop: Workshop
    ) -> None:
        hidden, clear, asked = make_ready_product(title="Glass vase"), make_ready_product(), wish()
        workshop.trouble["segment"] = ProductNotFound("No mug was found in its photo; mark it.")
        run = start_run(hidden, asked)
        work()
        workshop.trouble.clear()
        other = start_run(clear, asked)
        work()
        for each in (run, other):
            each.refresh_from_db()
        assert (run.state, run.problem) == (Run.State.NEEDS_PERSON, "No mug was found in its photo; mark it.")
        assert other.state == Run.State.SUCCEEDED

        make_photo(hidden, size=(48, 48))
        carry_on(hidden)
        work()
        run.refresh_from_db()
        assert run.state == Run.State.SUCCEEDED
        assert len(run.stages.get(stage="segment").result.inputs["product"]["photos"]) == 2

    def test_only_what_has_ended_can_be_retried(self) -> None:
        run = start_run(make_ready_product(), wish())
        with pytest.raises(NotPossible, match="is planned"):
            control.retry_run(run)

    def test_the_fault_of_one_adapter_in_a_group_is_its_own(self, work: Work, workshop: Workshop) -> None:
        batch = started(3)
        work(most=1)
        while Job.objects.filter(kind="generation.finetune", waiting_on=0).count() < 3:
            work(most=1)
        workshop.trouble["finetune"] = NotEnoughImages("No image is left.")
        work(most=1)
        workshop.trouble.clear()
        work()
        assert workshop.groups[0] == 3
        assert counts(batch) == {"succeeded": 3}

    def test_a_run_whose_product_is_removed_leaves_its_jobs_nothing_to_do(self, work: Work) -> None:
        run = start_run(make_ready_product(), wish())
        Product.objects.get(pk=run.product_id).delete()
        work()
        assert not Job.objects.filter(state=State.FAILED).exists()


class TestTiers:
    def test_too_few_picks_bring_in_the_next_tier(self, work: Work, workshop: Workshop) -> None:
        make_method("thorough", recipe=SMALL)
        first = replace(
            SMALL, finetune=None, caption=None, novel_views=None, new_contexts=None, negatives=None, filter=None,
            generate=GenerateConfig(way="reference-edit", candidates=3, prompts=3),
            select=SelectConfig(top=2, least_sum=2.9, escalate_below=1), next_tier="thorough",
        )  # fmt: skip
        run = start_run(make_ready_product(), wish(first))
        work()
        run.refresh_from_db()
        assert (run.state, run.tier) == (Run.State.SUCCEEDED, 1)
        assert set(run.stages.filter(tier=0).values_list("stage", flat=True)) == {
            "segment", "generate", "measure", "select",
        }  # fmt: skip
        assert run.stages.get(tier=1, stage="select").method.name == "thorough"
        assert workshop.ran.count("segment") == 1, "the second tier cuts out nothing anew"
        tiers = Candidate.objects.filter(run=run)
        assert tiers.filter(tier=0).count() == 3
        assert tiers.filter(tier=1).count() == 4
        assert not tiers.filter(tier=0, picked=True).exists()
        assert run.picked_count == tiers.filter(picked=True).count() == 2
        assert {candidate.adapter is None for candidate in tiers.filter(tier=0)} == {True}

    def test_enough_picks_end_the_run_in_its_first_tier(self, work: Work) -> None:
        make_method("thorough", recipe=SMALL)
        run = start_run(make_ready_product(), wish(replace(SMALL, next_tier="thorough")))
        work()
        run.refresh_from_db()
        assert (run.state, run.tier) == (Run.State.SUCCEEDED, 0)

    def test_a_next_tier_that_has_gone_fails_the_run_and_says_so(self, work: Work) -> None:
        thorough = make_method("thorough", recipe=SMALL)
        none = replace(SMALL, select=SelectConfig(least_sum=3.0), next_tier="thorough")
        run = start_run(make_ready_product(), wish(none))
        thorough.delete()
        work()
        run.refresh_from_db()
        assert run.state == Run.State.FAILED
        assert "'thorough' as its next tier, and there is no such method" in run.problem


def test_counts_are_put_right_when_they_were_wrong() -> None:
    batch = started(2)
    Batch.objects.update(planned=F("planned") + 7)
    recount(batch)
    assert counts(batch) == {"planned": 2}
