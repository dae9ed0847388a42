"""generation.recipe: defaults are the paper's, values are checked, and a recipe goes to JSON or TOML and back."""

import json

import pytest
from pydantic import ValidationError

from generation.exceptions import BadRecipe
from generation.recipe import (
    EarlyStop,
    FinetuneConfig,
    GenerateConfig,
    Recipe,
    as_plain,
    differences,
    recipe_from,
    recipe_from_toml,
)


def test_the_defaults_are_those_of_the_paper() -> None:
    recipe = Recipe()
    assert recipe.finetune is not None
    assert recipe.negatives is not None
    assert recipe.finetune.rank == 64
    assert recipe.finetune.prior_weight == 0
    assert recipe.negatives.positives_per_negative == 2
    assert recipe.finetune.sweep is not None
    assert recipe.finetune.early_stop is None


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(novel_views=None, new_contexts=None, negatives=None, filter=None),
        Recipe(finetune=None, generate=GenerateConfig(way="reference-edit"), next_tier="paper-2503.08729"),
        Recipe(finetune=FinetuneConfig(sweep=None, early_stop=EarlyStop(every=50), rank=1)),
    ],
    ids=["paper", "photos only", "no training", "nested"],
)
def test_a_recipe_survives_json(recipe: Recipe) -> None:
    assert recipe_from(json.loads(json.dumps(as_plain(recipe)))) == recipe


BAD = {
    "too small": ({"finetune": {"rank": 0}}, "finetune.rank: input should be greater than or equal to 1 (it is 0)."),
    "misspelt": ({"finetune": {"rnak": 8}}, "There is no parameter finetune.rnak."),
    "no such stage": ({"segmnt": {}}, "There is no parameter segmnt."),
    "odd size": ({"generate": {"size": 13}}, "generate.size: input should be a multiple of 8 (it is 13)."),
    "in the sweep": ({"finetune": {"sweep": {"candidates": 99}}}, "finetune.sweep.candidates: input should be less"),
    "word for number": ({"caption": {"longest": "x"}}, "caption.longest: input should be a valid integer"),
    "no adapter": ({"finetune": False}, "generate.way = 'adapter' needs the stage finetune"),
    "no captions": ({"caption": False}, "finetune trains on captions"),
    "nobody judges": ({"filter": False}, "turn the stage filter on"),
    "class images unused": ({"finetune": {"class_images": 5}}, "finetune.prior_weight"),
    "prior without images": ({"finetune": {"prior_weight": 1.0}}, "finetune.prior_weight needs"),
}


@pytest.mark.parametrize(("values", "sentence"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadRecipe) as refused:
        recipe_from(values)
    assert sentence in str(refused.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(BadRecipe) as refused:
        recipe_from({"finetune": {"rank": 0, "steps": -1}, "select": {"top": 0}})
    assert len(refused.value.problems) == 3


def test_a_config_made_by_hand_is_checked_too() -> None:
    with pytest.raises(ValidationError, match="rank"):
        FinetuneConfig(rank=0)


def test_toml_turns_stages_off_with_false() -> None:
    recipe = recipe_from_toml("novel_views = false\n[finetune]\nrank = 16\nsweep = false\n[generate]\ncandidates = 3\n")
    assert recipe.novel_views is None
    assert recipe.finetune == FinetuneConfig(rank=16, sweep=None)
    assert recipe.generate.candidates == 3


def test_a_broken_toml_names_the_line() -> None:
    with pytest.raises(BadRecipe, match="line 2"):
        recipe_from_toml("novel_views = false\nrank = = 3\n")


def test_differences_name_the_parameters_in_order() -> None:
    other = Recipe(finetune=FinetuneConfig(rank=1, steps=700))
    assert differences(Recipe(), other) == [("finetune.rank", 64, 1), ("finetune.steps", 1800, 700)]


def test_a_stage_that_is_off_differs_in_all_its_parameters() -> None:
    paths = [path for path, _, _ in differences(Recipe(), Recipe(novel_views=None))]
    assert "novel_views.views" in paths
    assert all(path.startswith("novel_views") for path in paths)
