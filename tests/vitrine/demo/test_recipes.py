"""The small recipes of the demonstration with the weights that come along: every stage has something to work on."""

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from generation import sampling
from generation.checkpoints.cache import ModelCache
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Places
from generation.context import LocalContext
from generation.files import Files
from generation.pipeline import stages_of
from generation.recipe import Recipe
from generation.records import Photo, ProductFacts
from generation.services.methods import read_file
from tests.factories.pipeline import files_in
from vitrine.demo import filling, shows

pytestmark = pytest.mark.compute
DRAW = sampling.Draw("samples/mug-forest", 0)


def cut(recipe: Recipe) -> Recipe:
    """Training and drawing in a few steps; what is made to train on, and judged, as the recipe says."""
    assert recipe.finetune is not None
    few = replace(recipe.finetune, steps=3, class_images=min(recipe.finetune.class_images, 1))
    return replace(recipe, finetune=few, generate=replace(recipe.generate, candidates=2, steps=2))


def run_all(recipe: Recipe, files: Files) -> dict[str, Any]:
    """Every stage over two photos of a sample; results by stage."""
    sample = next(one for one in filling.samples() if one.row.external_id == "mug-forest")
    pictures = [Image.open(path).convert("RGB").resize((256, 256)) for path in sample.photos[:2]]
    mini = read_set(shows.SMALL_SET, Places(Path()))
    contexts = sampling.contexts_wanted(recipe.new_contexts, recipe.novel_views, 2) if recipe.new_contexts else 0
    known: dict[str, Any] = {
        "product": ProductFacts("A mug", "mug", tuple(Photo(files.put_picture(one)) for one in pictures)),
        "noun": "mug", "seed": 0, "prompts": sampling.contexts(mini.scenes, contexts, DRAW),
        "targets": sampling.targets(mini.scenes, recipe.generate, DRAW),
        "other_nouns": tuple(sorted(set(mini.nouns.values()) - {"mug"})),
    }  # fmt: skip
    models, results = ModelCache(mini, torch.device("cpu"), 1 << 33), dict[str, Any]()
    for stage in stages_of(recipe):
        code, there = stage.code(), known | results
        given = {field.name: there[field.name] for field in fields(code.Inputs) if field.name in there}
        config = getattr(recipe, "finetune" if stage.name == "class_images" else stage.name)
        results[stage.name] = code.run(code.Inputs(**given), config, models, LocalContext(), files)
    return results


@pytest.mark.parametrize("name", shows.SMALL)
def test_a_sample_goes_through_all_stages(name: str, tmp_path: Path) -> None:
    title, _, recipe = read_file(filling.RECIPES / f"{name}.toml")
    assert title.endswith("drawn by mini at 64 px")
    results = run_all(cut(recipe), files_in(tmp_path))
    assert len(results["segment"].found) == 2, "mini's segmenter finds the product in both photos"
    if recipe.filter is not None:
        assert sum(view.kept for view in results["novel_views"].views) >= 4, "half of the views are fit to train on"
        kept = Counter(image.kind for image in results["filter"].images if image.kept)
        assert kept["photo"] == 2
        assert kept["new-context"] >= 3, kept
        assert kept["in-class"] + kept["counterfactual"] >= 1, kept
    assert [image.picture.width for image in results["generate"].candidates] == [64, 64]
    assert all(-1 <= metrics.dino_i <= 1 for metrics in results["measure"].metrics)


def test_the_small_set_has_a_word_for_every_sample() -> None:
    mini = read_set(shows.SMALL_SET, Places(Path()))
    assert [sample.row.title for sample in filling.samples() if not mini.knows(sample.row.type_name)] == []
    assert not mini.knows("sneaker")
