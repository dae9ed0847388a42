"""generation.pipeline: the order of the stages holds together."""

import subprocess
import sys

import pytest

from generation.pipeline import BY_NAME, STAGES, Stage, stages_of
from generation.recipe import FinetuneConfig, GenerateConfig, Recipe

PHOTOS_ONLY = Recipe(novel_views=None, new_contexts=None, negatives=None, filter=None)
CASES = {
    "paper": (
        Recipe(),
        "segment caption novel_views new_contexts negatives filter finetune generate measure select",
    ),
    "no new contexts": (
        Recipe(new_contexts=None),
        "segment caption novel_views negatives filter finetune generate measure select",
    ),
    "dreambooth": (
        Recipe(
            novel_views=None, new_contexts=None, negatives=None, filter=None,
            finetune=FinetuneConfig(prior_weight=1.0, class_images=200),
        ),
        "segment caption class_images finetune generate measure select",
    ),
    "no training": (
        Recipe(
            caption=None, novel_views=None, new_contexts=None, negatives=None, filter=None, finetune=None,
            generate=GenerateConfig(way="reference-edit"),
        ),
        "segment generate measure select",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("recipe", "names"), CASES.values(), ids=CASES)
def test_a_recipe_has_the_stages_that_are_on(recipe: Recipe, names: str) -> None:
    assert [stage.name for stage in stages_of(recipe)] == names.split()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_comes_after_what_it_needs(stage: Stage) -> None:
    earlier = [each.name for each in STAGES[: STAGES.index(stage)]]
    assert set(stage.after) <= set(earlier)


def test_every_stage_can_be_found_by_name() -> None:
    assert [BY_NAME[stage.name] for stage in STAGES] == list(STAGES)


@pytest.mark.parametrize(
    "module", ["generation.pipeline", "generation.recipe", "generation.files", "generation.context"]
)
def test_what_pages_read_brings_no_torch(module: str) -> None:
    asked = f"import {module}, sys; print([m for m in ('torch', 'django', 'diffusers') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
