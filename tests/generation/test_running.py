"""One stage in a worker: what it is given, what is kept of it, what it costs, and what becomes of its errors."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from generation import running
from generation.checkpoints.cache import ModelCache
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Places
from generation.exceptions import GenerationError, NotEnoughImages, OutOfRoom, ProductNotFound
from generation.fingerprints import TAKES
from generation.models import (
    Adapter,
    ResultFile,
    Run,
    StageImage,
    StageResult,
    TrainingImage,
)
from generation.pipeline import BY_NAME, STAGES, Stage
from generation.recipe import FinetuneConfig, GenerateConfig, NewContextsConfig, NovelViewsConfig, Recipe
from generation.records import FinetuneResult, PhotoMask, Picture, SegmentResult
from generation.running import StageJob
from generation.services import keeping
from generation.services.keeping import files_named
from generation.services.runs import Wish, start_run
from generation.storage import Checkpoints, site_files
from generation.zero_shot import type_shares
from jobs.context import JobContext
from jobs.exceptions import LeaseLost
from jobs.models import Attempt, Job, Step
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.generation import make_method, make_ready_product, make_result
from tests.factories.jobs import make_job
from tests.factories.stand_ins import Workshop, picture

pytestmark = pytest.mark.django_db
Work = Callable[..., int]
SMALL = Recipe(
    novel_views=NovelViewsConfig(views=2),
    new_contexts=NewContextsConfig(per_photo=2),
    finetune=FinetuneConfig(steps=2, rank=8, sweep=None, prior_weight=1.0, class_images=3),
    generate=GenerateConfig(candidates=3, prompts=3),
)
# What every stage may take beside what its fingerprint counts: words that its pictures carry.
LABELS = {"model_set", "method", "run"}
# What a run's plan gives to stages that ask for it.
_GIVEN = ("product", "seed", "prompts", "targets", "backdrops", "other_nouns", "noun")
# Left to the stage's default: the adapter is looked at in places of its own, so that the bank does not change it.
LEFT = {"finetune": ("prompts",)}
# Known only when a stage runs: images that the type has already, and the order by whoever is champion then.
AT_WORK = {"negatives": ("there",), "select": ("order",)}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_fields_of_real_inputs_are_those_that_are_filled(stage: Stage) -> None:
    """Whatever a stage asks for, its fingerprint counts; and what it must have, it is given."""
    takes = TAKES[stage.name]
    given = {name for name in _GIVEN if getattr(takes, name)}
    given |= ({"seed"} if takes.noun else set()) | set(AT_WORK.get(stage.name, ()))
    for field in fields(stage.code().Inputs):
        known = field.name in given or field.name in stage.after or field.name in LABELS
        assert known or field.name in LEFT.get(stage.name, ()), f"{stage.name} takes {field.name}, which nobody fills"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_results_of_real_stages_are_of_the_class_that_is_read_back(stage: Stage) -> None:
    assert get_type_hints(stage.code().run)["return"] is stage.result


@pytest.fixture
def run(work: Work) -> Run:
    """A run that has ended."""
    made = start_run(make_ready_product(photos=2), Wish(make_method(recipe=SMALL)))
    work()
    made.refresh_from_db()
    assert made.state == Run.State.SUCCEEDED, made.problem
    return made


def result_of(run: Run, stage: str) -> StageResult:
    return run.stages.get(stage=stage).result


ROWS: dict[str, tuple[str, int]] = {
    "segment": ("mask", 2),
    "caption": ("caption", 2),
    "novel_views": ("novel-view", 4),
    "new_contexts": ("new-context", 4),
    "class_images": ("class", 3),
    "finetune": ("validation", 1),
}


def test_each_picture_has_its_row(run: Run) -> None:
    found = {
        stage: (result_of(run, stage).pictures.values_list("kind", flat=True).distinct().get(),
                result_of(run, stage).pictures.count())
        for stage in ROWS
    }  # fmt: skip
    assert found == ROWS
    negatives = result_of(run, "negatives").pictures.values_list("kind", flat=True)
    assert sorted(negatives) == ["counterfactual"] * 2 + ["in-class"] * 2
    dropped = StageImage.objects.filter(kind="novel-view", kept=False)
    assert {image.reason for image in dropped} == {"nearly the photo itself"}
    judged = TrainingImage.objects.filter(result=result_of(run, "filter"))
    assert judged.filter(kind="photo", kept=True).count() == 2
    assert judged.filter(kind="new-context", kept=False, reason__contains="below 0.8").count() == 2
    adapter = Adapter.objects.get()
    assert (adapter.token, adapter.rank, adapter.loss) == ("sks", 8, [[1, 0.5], [2, 0.25]])
    assert adapter.expires_at is not None


def test_a_photo_that_nobody_scored_has_no_score_in_its_row() -> None:
    shown, drawn = Picture("generated/aa/a.png", "a" * 64, 8, 8), Picture("generated/bb/b.png", "b" * 64, 8, 8)
    masks = (
        PhotoMask(shown, None, None, 0.0, 0.0, "automatic", "No mug was found in this photo."),
        PhotoMask(shown, None, None, 0.0, 0.4, "automatic", "The cut-out is uncertain."),
        PhotoMask(shown, drawn, (0, 0, 4, 4), 0.25, 0.9, "automatic"),
    )
    found = [row.scores for row in keeping._rows(StageResult(), SegmentResult(masks))]
    assert found == [{}, {"score": 0.4, "share": 0.0}, {"score": 0.9, "share": 0.25}]


def test_every_file_of_every_result_is_known_to_the_sweep(run: Run) -> None:
    for result in StageResult.objects.all():
        named = set(files_named(result.result))
        assert named <= set(ResultFile.objects.filter(result=result).values_list("key", flat=True))
    assert ResultFile.objects.filter(key__startswith="generated-data/").count() == 2
    shown = StageImage.objects.get(kind="validation")
    assert ResultFile.objects.filter(key=shown.key).exists()


def test_costs_and_counts_are_kept(run: Run) -> None:
    for result in StageResult.objects.all():
        assert result.seconds > 0
        assert result.peak_bytes > 1_000_000
        assert result.gpu_seconds == 0
    assert result_of(run, "generate").images == 3
    assert result_of(run, "finetune").steps == 2


def test_a_job_says_what_its_worker_holds_loaded(run: Run, tmp_path: Path) -> None:
    assert isinstance(result_of(run, "filter").job.result["warm"], list)
    tiny = ModelCache(read_set(str(tiny_set(tmp_path, "sd")), Places(tmp_path)), torch.device("cpu"), 10**9)
    assert running.warm_in(tiny) == []
    for _ in range(2):
        with tiny.dino():
            pass
    (line,) = running.warm_in(tiny)
    assert line.startswith("dino: ")
    assert line.endswith("MB on cpu, read once, used 2 times")


def test_checkpoints_go_when_a_stage_is_done(run: Run) -> None:
    assert Checkpoints(result_of(run, "finetune").fingerprint).read("trainer") is None


def test_pictures_can_say_which_run_method_and_models_made_them(run: Run) -> None:
    labels = result_of(run, "generate").inputs["labels"]
    assert labels == {"model_set": "light", "method": str(run.method), "run": str(run.pk)}


def test_a_result_that_is_there_is_not_made_again(run: Run, workshop: Workshop) -> None:
    workshop.ran.clear()
    result = result_of(run, "filter")
    told = running.run_stage(JobContext(make_job(state="running")), result.pk)
    assert (told, workshop.ran) == ({"made": False}, [])


def test_a_result_that_has_been_swept_is_nothing_to_do(workshop: Workshop) -> None:
    assert running.run_stage(JobContext(make_job(state="running")), 4711) == {"made": False}


@pytest.mark.parametrize(
    ("error", "asks"),
    [
        (NotEnoughImages("Too few images."), False),
        (ProductNotFound("No mug was found."), True),
        (OutOfRoom("No room; choose a smaller model set."), False),
        (GenerationError("Something known."), False),
    ],
    ids=["too few images", "no product", "no room", "any other"],
)
def test_a_known_error_fails_the_job_with_its_sentence(
    error: GenerationError, asks: bool, work: Work, workshop: Workshop
) -> None:
    workshop.trouble["segment"] = error
    run = start_run(make_ready_product(), Wish(make_method(recipe=SMALL)))
    work()
    result = result_of(run, "segment")
    assert result.job is not None
    assert (result.state, result.error, result.job.error) == ("failed", str(error), str(error))
    assert result.asks_person is asks
    assert result.seconds > 0, "a failed attempt has cost something too"


def test_out_of_memory_halves_the_batch_and_tries_again(work: Work, workshop: Workshop) -> None:
    run = start_run(make_ready_product(), Wish(make_method(recipe=SMALL)))
    workshop.trouble["segment"] = MemoryError("no room")
    job = result_of(run, "segment").job
    assert job is not None
    context = StageJob(JobContext(job), result_of(run, "segment"))
    assert context.batch_size(8) == 8
    Job.objects.filter(pk=job.pk).update(halvings=2)
    job.refresh_from_db()
    assert StageJob(JobContext(job), result_of(run, "segment")).batch_size(8) == 2
    work(most=3)
    assert Attempt.objects.filter(job__kind="generation.stage", outcome="out_of_memory").exists()


def test_a_stage_that_begins_anew_does_no_step_twice(workshop: Workshop) -> None:
    job = make_job("generation.stage", state="running")
    result = make_result("segment", job=job)
    done: list[str] = []
    for _ in range(2):
        context = StageJob(JobContext(job), result)
        for name in ("photo a", "photo b", "x" * 300):
            context.step(name, lambda name=name: done.append(name) or name)  # type: ignore[func-returns-value]
    assert len(done) == 3
    assert all(len(step.name) <= 200 for step in Step.objects.all())


def test_a_checkpoint_outlives_the_attempt(workshop: Workshop) -> None:
    job, result = make_job(state="running"), make_result("finetune")
    StageJob(JobContext(job), result).keep_checkpoint("trainer", b"step 3")
    assert StageJob(JobContext(job), result).checkpoint("trainer") == b"step 3"
    assert Checkpoints(result.fingerprint).read("trainer") == b"step 3"


def test_a_zombies_checkpoint_does_not_replace_that_of_whoever_goes_on(workshop: Workshop) -> None:
    job, result = make_job(state="running"), make_result("finetune")
    zombie = StageJob(JobContext(job), result)
    zombie.keep_checkpoint("trainer", b"step 1")
    Job.objects.filter(pk=job.pk).update(fence=job.fence + 1)
    taken = StageJob(JobContext(Job.objects.get(pk=job.pk)), result)
    taken.keep_checkpoint("trainer", b"step 3")
    with pytest.raises(LeaseLost):
        zombie.keep_checkpoint("trainer", b"step 2")
    assert taken.checkpoint("trainer") == b"step 3"
    assert Step.objects.filter(job=job, name__startswith="checkpoint").count() == 2


def test_a_loss_curve_is_written_seldom_and_goes_with_the_result(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, job = make_result("finetune", state="running"), make_job(state="running")
    context = StageJob(JobContext(job), result)
    with CaptureQueriesContext(connection) as queries:
        for step in range(1, 50):
            context.curve(((step, 1 / step),))
    assert len(queries) == 1
    monkeypatch.setattr(running, "CURVE_EVERY", 0.0)
    context.curve(((50, 0.02),))
    result.refresh_from_db()
    assert result.told == {"loss": [[50, 0.02]]}
    context.keep(finetuned())
    result.refresh_from_db()
    assert (result.told, result.state) == ({}, "succeeded")


def finetuned() -> FinetuneResult:
    key, sha256 = site_files().put_data(b"weights", "safetensors")
    return FinetuneResult(key, sha256, 7, "sks", 8, 50, 0, 4, ((50, 0.02),))


def test_a_picture_that_is_shown_twice_is_one_row(workshop: Workshop) -> None:
    context = StageJob(JobContext(make_job(state="running")), make_result("finetune"))
    shown = picture(site_files(), "validation")
    for _ in range(2):
        context.show("Step 100: a photo", shown)
    assert StageImage.objects.get().text == "Step 100: a photo"


def test_a_result_upstream_that_is_gone_says_what_to_do(work: Work) -> None:
    run = start_run(make_ready_product(), Wish(make_method(recipe=SMALL)))
    work(most=2)
    StageResult.objects.filter(stage="segment").update(result=None, state="waiting", job=None)
    with pytest.raises(GenerationError, match=r"'Cut out' is gone; retry"):
        running.inputs_for(BY_NAME["novel_views"], result_of(run, "novel_views"))


class _Clip:
    """Sees a mug in light pictures and a chair in dark ones."""

    def images(self, images: Any) -> Any:
        return np.array([[1.0, 0.0] if sum(image.getpixel((0, 0))) > 300 else [0.0, 1.0] for image in images])

    def texts(self, texts: Any) -> Any:
        return np.array([[1.0, 0.0] if "mug" in text else [0.0, 1.0] for text in texts])


def test_a_type_is_told_by_the_votes_of_its_photos() -> None:
    light, dark = Image.new("RGB", (4, 4), "white"), Image.new("RGB", (4, 4), "black")
    shares = type_shares(_Clip(), [light, light, dark], ["mug", "chair"], batch=2)
    assert shares == pytest.approx([2 / 3, 1 / 3])
    assert sum(type_shares(_Clip(), [light], ["mug", "chair", "boot"])) == pytest.approx(1)
