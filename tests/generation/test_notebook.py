"""The whole pipeline from a notebook: a folder, parameters and models, without Django, a database or a job."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints.cache import ModelCache
from generation.context import LocalContext
from generation.files import Files
from generation.pipeline import stages_of
from generation.recipe import Recipe
from generation.records import Photo, ProductFacts, TargetPrompt, from_plain, to_plain
from tests.factories.checkpoints.model_set import Family
from tests.factories.pipeline import files_in, picture_of, tiny_models
from tests.factories.recipes import tiny_recipe

pytestmark = pytest.mark.compute
PROMPTS = ("a photo of {product} on a beach", "a photo of {product} in a kitchen", "{product} on a shelf")
METHODS: dict[str, tuple[Family, Callable[[], Recipe]]] = {
    "paper on SD 1.5": ("sd", tiny_recipe),
    "paper on SDXL": ("sdxl", tiny_recipe),
    "dreambooth on SD 1.5": (
        "sd",
        lambda: tiny_recipe(
            novel_views=False, new_contexts=False, negatives=False, filter=False,
            finetune={"prior_weight": 1.0, "class_images": 2, "sweep": False},
        ),
    ),
    "reference-edit on klein": (
        "flux2-klein",
        lambda: tiny_recipe(
            caption=False, novel_views=False, new_contexts=False, negatives=False, filter=False, finetune=False,
            generate={"way": "reference-edit"},
        ),
    ),
}  # fmt: skip


def run_all(recipe: Recipe, models: ModelCache, files: Files) -> dict[str, Any]:
    """Every stage of a recipe over two photos of a mug; results by stage."""
    photos = tuple(Photo(files.put_picture(picture_of(number)[0])) for number in range(2))
    known: dict[str, Any] = {
        "product": ProductFacts("A mug", "mug", photos),
        "noun": "mug",
        "seed": 5,
        "prompts": PROMPTS,
        "targets": tuple(TargetPrompt(PROMPTS[number % 2], number) for number in range(recipe.generate.candidates)),
        "other_nouns": ("chair", "lamp"),
    }
    results: dict[str, Any] = {}
    for stage in stages_of(recipe):
        code = stage.code()
        wanted = [field.name for field in fields(code.Inputs)]
        given = {name: (known | results)[name] for name in wanted if name in known | results}
        config = getattr(recipe, "finetune" if stage.name == "class_images" else stage.name)
        results[stage.name] = code.run(code.Inputs(**given), config, models, LocalContext(), files)
        assert from_plain(stage.result, to_plain(results[stage.name])) == results[stage.name]
    return results


@pytest.mark.parametrize(("family", "make_recipe"), METHODS.values(), ids=METHODS)
def test_a_method_goes_from_photos_to_a_choice(
    family: Family, make_recipe: Callable[[], Recipe], tmp_path: Path
) -> None:
    recipe = make_recipe()
    results = run_all(recipe, tiny_models(family), files_in(tmp_path))
    assert len(results["generate"].images) == 4
    assert len(results["measure"].metrics) == len(results["generate"].candidates)
    assert len(results["select"].picked) == min(2, len(results["measure"].metrics))
    assert all(-1 <= metrics.clip_i <= 1 for metrics in results["measure"].metrics)
