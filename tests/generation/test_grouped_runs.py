"""Three products that train together, by way of their jobs: as each alone, also when memory or numbers end.

What a killed worker costs them is in test_kills.py, which has a server to fork workers from.
"""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from django.conf import LazySettings
from PIL import Image, ImageDraw
from safetensors.torch import load

from generation import model_sets
from generation.models import Adapter, Candidate, Run, StageResult
from generation.recipe import Recipe
from generation.records import Picture
from generation.services.runs import Wish, start_run
from generation.stages import finetune
from generation.storage import site_files
from generation.training import loop, passes
from jobs import dispatch, execution
from jobs.models import Job, Queue
from tests.factories.catalog import make_photo
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.generation import make_method, make_ready_product
from tests.factories.recipes import tiny_recipe

pytestmark = pytest.mark.django_db(transaction=True)
COLOURS = ("#b03020", "#2050b0", "#208040")
IMAGES = 4


def short_recipe(*, images: int = 1, **finetune: Any) -> Recipe:
    """Photos straight to training; unless it says so, with no image on the way, each of which is twenty steps."""
    return tiny_recipe(
        novel_views=False, new_contexts=False, negatives=False, filter=False,
        finetune={"sweep": False, "validate_every": 0} | finetune,
        generate={"candidates": images, "prompts": min(images, 2)},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MODEL_SETS_DIR = tmp_path
    settings.MODEL_SET = "tiny"
    tiny_set(tmp_path, "sd", name="tiny")
    monkeypatch.setattr(model_sets, "_shelf", None)
    settings.MODEL_CACHE_BYTES = 1 << 30
    monkeypatch.setattr(dispatch, "_publish", lambda jobs: [job_id for job_id, _ in jobs])


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many products each call of the real trainer had."""
    seen: list[int] = []
    train = finetune.run_group

    def counted(inputs: Any, *rest: Any) -> Any:
        seen.append(len(inputs))
        return train(inputs, *rest)

    monkeypatch.setattr(finetune, "run_group", counted)
    return seen


def photo_of(colour: str) -> bytes:
    image = Image.new("RGB", (64, 64), "#eeeeea")
    ImageDraw.Draw(image).ellipse((16, 14, 48, 54), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def three_runs(recipe: Recipe) -> list[Run]:
    method, products = make_method(recipe=recipe), []
    for colour in COLOURS:
        product = make_ready_product("mug", photos=0, prompts=6, title=f"Mug {colour}", external_id=colour)
        make_photo(product, data=photo_of(colour), name="front.png")
        products.append(product)
    return [start_run(product, Wish(method)) for product in products]


def work(until: Callable[[], bool] = lambda: False) -> None:
    """Do what is ready, or stop before that when `until` says so."""
    while not until() and any(execution.run_next(queue, "test:1") for queue in Queue.values):
        continue


def ready_to_train() -> bool:
    return Job.objects.filter(kind="generation.finetune", waiting_on=0).count() == len(COLOURS)


def weights(run: Run) -> dict[str, torch.Tensor]:
    adapter = Adapter.objects.get(result__uses__run=run)
    return load(site_files().data(adapter.key))


def pictures(run: Run) -> dict[tuple[str, int], Any]:
    rows = Candidate.objects.filter(run=run)
    files = site_files()
    return {
        (row.prompt, row.seed): np.asarray(files.image(Picture(row.key, row.sha256, row.width, row.height)), float)
        for row in rows
    }


def check_done(runs: list[Run], images: int = 1) -> None:
    for run in runs:
        run.refresh_from_db()
        assert (run.state, run.problem) == (Run.State.SUCCEEDED, "")
        assert Candidate.objects.filter(run=run).count() == images


def forget_everything() -> None:
    Run.objects.all().delete()
    StageResult.objects.all().delete()


def test_three_together_are_what_each_is_alone(settings: LazySettings, groups: list[int]) -> None:
    settings.FINETUNE_TOGETHER = 3
    together = three_runs(short_recipe(images=IMAGES))
    work()
    check_done(together, IMAGES)
    assert groups == [3]
    trained = [weights(run) for run in together]
    drawn = [pictures(run) for run in together]
    products, method = [run.product for run in together], together[0].method
    forget_everything()

    settings.FINETUNE_TOGETHER = 1
    groups.clear()
    alone = [start_run(product, Wish(method)) for product in products]
    work()
    check_done(alone, IMAGES)
    assert groups == [1, 1, 1]
    for run, before, images in zip(alone, trained, drawn, strict=True):
        now = weights(run)
        assert now.keys() == before.keys()
        for name, tensor in now.items():
            torch.testing.assert_close(tensor, before[name], rtol=0, atol=1e-4)
        for drawn_by, image in pictures(run).items():
            assert np.abs(image - images[drawn_by]).max() <= 1, "a grey level, by rounding"


def running_out(monkeypatch: pytest.MonkeyPatch, fits: int) -> list[int]:
    """From now on memory ends where more than so many are trained in a pass; what was tried."""
    tried: list[int] = []
    train = loop.Trainer.train

    def limited(self: Any, config: Any, tasks: Any) -> Any:
        tried.append(len(tasks))
        if len(tasks) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return train(self, config, tasks)

    monkeypatch.setattr(loop.Trainer, "train", limited)
    return tried


def test_without_memory_for_three_they_train_in_smaller_passes(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FINETUNE_TOGETHER = 3
    tried = running_out(monkeypatch, fits=1)
    runs = three_runs(short_recipe())
    work()
    check_done(runs)
    assert tried[0] == 3
    assert tried.count(1) == 3


def test_without_memory_for_one_there_is_advice(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FINETUNE_TOGETHER = 3
    running_out(monkeypatch, fits=0)
    runs = three_runs(short_recipe())
    work()
    for run in runs:
        run.refresh_from_db()
        assert run.state == Run.State.FAILED
        assert run.problem.startswith("Out of memory even with the smallest batch. Choose a smaller size")


def test_a_loss_that_is_no_number_is_its_own_products_fault(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, groups: list[int]
) -> None:
    settings.FINETUNE_TOGETHER = 3
    runs = three_runs(short_recipe(steps=24, checkpoint_every=10))
    measured, passed = passes.losses, [0]

    def spoiled(*given: Any) -> torch.Tensor:
        """From step 15 on the second product's loss is no number, also by itself."""
        found, passed[0] = measured(*given), passed[0] + 1
        place = {3: 1, 1: 0}.get(len(found))  # two go on without it
        if passed[0] >= 15 and place is not None:
            found = found * torch.tensor([float("nan") if row == place else 1.0 for row in range(len(found))])
        return found

    monkeypatch.setattr(passes, "losses", spoiled)
    work()
    check_done([runs[0], runs[2]])
    runs[1].refresh_from_db()
    assert runs[1].state == Run.State.FAILED
    assert re.search(r"step \d+", runs[1].problem)
    assert "checkpoint" in runs[1].problem
    assert groups == [3, 1], "who was not at fault is not trained again"
