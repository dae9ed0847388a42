"""What crosses a run while it is under way: other runs of the same stages, models that change, files that go."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from catalog.models import ContextPrompt, Product
from generation import pipeline
from generation.exceptions import NotEnoughImages, NotPossible
from generation.models import Adapter, Candidate, Method, PhotoCaption, Run
from generation.recipe import FinetuneConfig, GenerateConfig, NewContextsConfig, NovelViewsConfig, Recipe, SelectConfig
from generation.services import control, methods
from generation.services.runs import Wish, start_batch, start_run
from generation.sweeping import drop_adapters
from jobs import context as job_context
from jobs.models import Job, State
from tests.factories import stand_ins
from tests.factories.generation import make_light_set, make_method, make_ready_product
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


def state_of(run: Run) -> tuple[str, str]:
    """State and problem, as they are now."""
    run.refresh_from_db()
    return run.state, run.problem


DONE = (Run.State.SUCCEEDED.value, "")


def wish(recipe: Recipe = SMALL) -> Wish:
    return Wish(make_method(recipe=recipe))


def two_of_one_type() -> tuple[Run, Run]:
    """Two runs that share their class images."""
    asked = wish()
    return start_run(make_ready_product(), asked), start_run(make_ready_product(), asked)


class TestSharedStages:
    def test_one_that_begins_while_the_other_is_paused_is_not_held(self, work: Work) -> None:
        asked = wish()
        paused = start_run(make_ready_product(), asked)
        control.pause([paused.pk])
        other = start_run(make_ready_product(), asked)
        work()
        assert state_of(other) == DONE
        assert state_of(paused)[0] == Run.State.PAUSED

    def test_cancelling_one_leaves_what_the_paused_one_needs(self, work: Work) -> None:
        paused, gone = two_of_one_type()
        control.pause([paused.pk])
        control.cancel([gone.pk])
        assert work() == 0, "what only a paused run needs is held"
        control.resume([paused.pk])
        work()
        assert state_of(paused) == DONE

    def test_a_retried_one_lets_go_what_the_paused_one_holds(self, work: Work) -> None:
        paused, again = two_of_one_type()
        control.pause([paused.pk, again.pk])
        control.cancel([again.pk])
        control.retry([again.pk])
        work()
        assert state_of(again) == DONE
        assert state_of(paused)[0] == Run.State.PAUSED


@pytest.fixture
def during_caption(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """`during_caption(act)`: act once in the middle of the stage, whose worker then looks whether it goes on."""
    monkeypatch.setattr(job_context, "WRITE_EVERY", 0.0)

    def arrange(act: Callable[[], Any]) -> None:
        acted: list[bool] = []

        def caption(inputs: Any, config: Any, context: Any, files: Any) -> Any:
            if not acted:
                acted.append(True)
                act()
            context.progress(1, 2)
            return stand_ins.caption(inputs, config, context, files)

        monkeypatch.setitem(stand_ins.STAND_INS, "caption", (stand_ins.OfProduct, caption))

    return arrange


class TestUnderWay:
    def test_a_run_is_cancelled_and_retried_before_its_worker_looks(
        self, work: Work, during_caption: Callable[..., None]
    ) -> None:
        run = start_run(make_ready_product(), wish())
        during_caption(lambda: (control.cancel([run.pk]), control.retry([run.pk])))
        work()
        assert state_of(run) == DONE
        assert not Job.objects.exclude(state=State.SUCCEEDED).exists()

    @pytest.mark.parametrize(
        "acts",
        [
            (control.pause, control.resume),
            (control.pause, control.cancel, control.retry),
            (control.cancel, control.retry, control.pause, control.resume),
            (control.pause, control.resume, control.cancel, control.retry),
            (control.cancel, control.retry, control.cancel, control.retry),
            (control.pause, control.cancel, control.resume, control.retry),
        ],
        ids=lambda acts: " ".join(act.__name__ for act in acts),
    )
    def test_in_any_order_it_ends_as_if_nothing_had_been(
        self, work: Work, during_caption: Callable[..., None], acts: tuple[Callable[..., int], ...]
    ) -> None:
        run = start_run(make_ready_product(), wish())
        during_caption(lambda: [act([run.pk]) for act in acts])
        work()
        assert state_of(run) == DONE
        assert run.candidate_count == 3

    def test_it_is_cancelled_for_good_when_nobody_takes_it_back(
        self, work: Work, during_caption: Callable[..., None]
    ) -> None:
        run = start_run(make_ready_product(), wish())
        during_caption(lambda: control.cancel([run.pk]))
        work()
        assert state_of(run) == (Run.State.CANCELLED, "")
        assert run.stages.get(stage="caption").result.state == "cancelled"

    def test_its_product_is_removed(self, work: Work, during_caption: Callable[..., None]) -> None:
        gone, stays, asked = make_ready_product(), make_ready_product(), wish()
        batch = start_batch([gone.pk, stays.pk], asked).batch
        assert batch is not None
        during_caption(lambda: Product.objects.get(pk=gone.pk).delete())
        work()
        batch.refresh_from_db()
        assert (batch.total, batch.succeeded, batch.running, batch.planned) == (1, 1, 0, 0)
        assert batch.is_over
        assert not Job.objects.filter(state__in=(State.FAILED, State.QUEUED, State.RUNNING)).exists()


class TestWithImages:
    """A run with candidates never changes, also while it has not ended."""

    def failed_at_measure(self, work: Work, workshop: Workshop) -> Run:
        workshop.trouble["measure"] = NotEnoughImages("Something went wrong.")
        run = start_run(make_ready_product(), wish())
        work()
        workshop.trouble.clear()
        assert state_of(run)[0] == Run.State.FAILED
        return run

    def change_everything(self, run: Run) -> None:
        photo = run.product.photos.get()
        PhotoCaption.objects.create(photo=photo, template="Another {product}.")
        ContextPrompt.objects.filter(pk=ContextPrompt.objects.order_by("pk")[0].pk).update(status="rejected")

    def test_retried_it_keeps_the_images_that_it_has(self, work: Work, workshop: Workshop) -> None:
        run = self.failed_at_measure(work, workshop)
        images = list(Candidate.objects.filter(run=run).order_by("pk").values_list("pk", "key", "result"))
        self.change_everything(run)
        workshop.ran.clear()
        control.retry([run.pk])
        work()
        assert state_of(run) == DONE
        assert workshop.ran == ["measure", "select"]
        assert list(Candidate.objects.filter(run=run).order_by("pk").values_list("pk", "key", "result")) == images

    def test_asked_for_again_while_it_goes_on_it_stays_as_it_is(self, work: Work, workshop: Workshop) -> None:
        run = start_run(make_ready_product(), wish())
        while not Candidate.objects.filter(run=run).exists():
            work(most=1)
        self.change_everything(run)
        start_run(run.product, Wish(run.method))
        work()
        assert state_of(run) == DONE
        assert workshop.ran.count("generate") == 1
        assert Candidate.objects.filter(run=run, place=None, dropped="").count() == 0


class TestDroppedAdapters:
    def test_a_run_that_failed_before_its_images_trains_again_and_ends(self, work: Work, workshop: Workshop) -> None:
        workshop.trouble["generate"] = NotEnoughImages("Something went wrong.")
        run = start_run(make_ready_product(), wish())
        work()
        self.drop()
        workshop.trouble.clear()
        workshop.ran.clear()
        control.retry([run.pk])
        work()
        assert state_of(run) == DONE
        assert workshop.ran == ["finetune", "generate", "measure", "select"]
        assert not Job.objects.filter(state=State.QUEUED).exists(), "nothing waits for what never comes"

    def test_so_does_one_in_its_second_tier(self, work: Work, workshop: Workshop) -> None:
        make_method("thorough", recipe=SMALL)
        run = start_run(make_ready_product(), wish(first_tier()))
        while not run.stages.filter(tier=1, stage="finetune", result__state="succeeded").exists():
            work(most=1)
        workshop.trouble["generate"] = NotEnoughImages("Something went wrong.")
        work()
        assert state_of(run)[0] == Run.State.FAILED
        self.drop()
        workshop.trouble.clear()
        workshop.ran.clear()
        control.retry([run.pk])
        work()
        assert state_of(run) == DONE
        assert run.tier == 1
        assert workshop.ran == ["finetune", "generate", "measure", "select"]

    def drop(self) -> None:
        Adapter.objects.update(expires_at=timezone.now() - timedelta(days=1))
        assert drop_adapters() == 1


def first_tier(**fields: Any) -> Recipe:
    """A tier without training whose candidates are never good enough."""
    return replace(
        SMALL, finetune=None, caption=None, novel_views=None, new_contexts=None, negatives=None, filter=None,
        generate=GenerateConfig(way="reference-edit", candidates=3, prompts=3),
        select=SelectConfig(top=2, least_sum=2.9, escalate_below=1), next_tier="thorough", **fields,
    )  # fmt: skip


class TestTiers:
    def test_a_second_tier_that_is_all_there_ends_the_run(self, work: Work, workshop: Workshop) -> None:
        make_method("thorough", recipe=SMALL)
        product = make_ready_product()
        start_run(product, wish(first_tier()))
        work()
        workshop.ran.clear()
        other = replace(first_tier(), select=SelectConfig(top=1, least_sum=2.9, escalate_below=1))
        run = start_run(product, wish(other))
        work()
        assert state_of(run) == DONE
        assert workshop.ran == ["select"]
        assert (run.tier, run.picked_count) == (1, 2)

    @pytest.mark.parametrize(("below", "tier"), [(0, 0), (1, 0), (2, 0), (3, 1)])
    def test_it_goes_on_only_with_fewer_picks_than_wanted(self, work: Work, below: int, tier: int) -> None:
        make_method("thorough", recipe=SMALL)
        select = SelectConfig(top=2, escalate_below=below)
        run = start_run(make_ready_product(), wish(replace(first_tier(), select=select)))
        work()
        assert state_of(run) == DONE
        assert run.tier == tier

    def test_the_method_of_a_second_tier_is_frozen_as_well(self, work: Work) -> None:
        thorough = make_method("thorough", recipe=SMALL)
        start_run(make_ready_product(), wish(first_tier()))
        work()
        with pytest.raises(NotPossible, match="is used by runs"):
            methods.change_method(Method.objects.get(pk=thorough.pk), Recipe(), title="Other")


class TestChangedModels:
    def change(self, settings: LazySettings, role: str) -> None:
        (settings.MODEL_SETS_DIR / "checkpoints" / f"{role}.json").write_text(json.dumps("other weights " + role))

    def test_a_checkpoint_that_changed_since_is_not_used_under_the_old_name(
        self, work: Work, settings: LazySettings, workshop: Workshop
    ) -> None:
        run = start_run(make_ready_product(), wish())
        work(most=2)
        self.change(settings, "clip")
        work()
        state, problem = state_of(run)
        assert state == Run.State.FAILED
        assert "clip" in problem
        assert "Retry the run" in problem
        assert "filter" not in workshop.ran

        control.retry([run.pk])
        work()
        assert state_of(run) == DONE

    def test_a_checkpoint_that_a_stage_does_not_ask_for_may_change(self, work: Work, settings: LazySettings) -> None:
        run = start_run(make_ready_product(), wish())
        self.change(settings, "writer")
        work()
        assert state_of(run) == DONE

    def test_a_set_that_has_gone_is_named(self, work: Work, settings: LazySettings) -> None:
        run = start_run(make_ready_product(), wish())
        path = settings.MODEL_SETS_DIR / "light.toml"
        kept = path.read_text()
        path.unlink()
        work()
        state, problem = state_of(run)
        assert state == Run.State.FAILED
        assert "light" in problem
        path.write_text(kept)
        control.retry([run.pk])
        work()
        assert state_of(run) == DONE

    def test_retried_while_the_set_is_gone_it_has_failed_again(
        self, work: Work, settings: LazySettings, workshop: Workshop
    ) -> None:
        workshop.trouble["segment"] = NotEnoughImages("Something went wrong.")
        run = start_run(make_ready_product(), wish())
        work()
        path = settings.MODEL_SETS_DIR / "light.toml"
        kept = path.read_text()
        path.unlink()
        control.retry([run.pk])
        state, problem = state_of(run)
        assert state == Run.State.FAILED, "and not planned, with nothing to come"
        assert "light" in problem
        path.write_text(kept)
        workshop.trouble.clear()
        control.retry([run.pk])
        work()
        assert state_of(run) == DONE

    def test_a_stage_that_works_in_another_way_since_is_not_run_under_the_old_name(
        self, work: Work, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = start_run(make_ready_product(), wish())
        changed = replace(pipeline.BY_NAME["filter"], version=2)
        monkeypatch.setitem(pipeline.BY_NAME, "filter", changed)
        monkeypatch.setattr(pipeline, "STAGES", tuple(pipeline.BY_NAME.values()))
        work()
        state, problem = state_of(run)
        assert state == Run.State.FAILED
        assert "'Filter' works in another way since" in problem
        control.retry([run.pk])
        work()
        assert state_of(run) == DONE

    def test_a_licence_that_was_corrected_stops_a_commercial_run(
        self, work: Work, settings: LazySettings, workshop: Workshop
    ) -> None:
        workshop.trouble["segment"] = NotEnoughImages("Something went wrong.")
        run = start_run(make_ready_product(), replace(wish(), commercial=True))
        work()
        workshop.trouble.clear()
        make_light_set(settings.MODEL_SETS_DIR, commercial=False)
        control.retry([run.pk])
        state, problem = state_of(run)
        assert state == Run.State.FAILED
        assert "This run is commercial" in problem
