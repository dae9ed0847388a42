"""Recipes as TOML and as forms: whatever is written is read back equal."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.exceptions import BadRecipe
from generation.recipe import Recipe, recipe_from, recipe_from_toml
from generation.recipe_text import as_toml, form_values, from_form

RECIPES: dict[str, dict[str, Any]] = {
    "the paper's": {},
    "no training": {
        "caption": False, "novel_views": False, "new_contexts": False, "negatives": False, "filter": False,
        "finetune": False, "generate": {"way": "reference-edit"}, "next_tier": "paper-2503.08729",
    },
    "without a sweep": {"finetune": {"sweep": False, "alpha": 32.0, "ema": 0.999}},
    "with early stop": {"finetune": {"early_stop": {"every": 50}}},
    "odd texts": {"generate": {"negative_prompt": 'a "quoted" \\ word,\ttab, é, 🏺 and \x7f'}},
}  # fmt: skip


def posted(recipe: Recipe) -> dict[str, str]:
    """What a browser sends for the form of this recipe."""
    values = form_values(recipe).items()
    return {
        name: "on" if value is True else "" if value is None else str(value)
        for name, value in values
        if value is not False
    }


@pytest.mark.parametrize("name", RECIPES)
def test_toml_there_and_back(name: str) -> None:
    recipe = recipe_from(RECIPES[name])
    assert recipe_from_toml(as_toml(recipe)) == recipe


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_survives_toml(text: str) -> None:
    recipe = recipe_from({"generate": {"negative_prompt": text}})
    assert tomllib.loads(as_toml(recipe))["generate"]["negative_prompt"] == text


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "odd texts"])
def test_a_form_there_and_back(name: str) -> None:
    recipe = recipe_from(RECIPES[name])
    assert recipe_from(from_form(posted(recipe))) == recipe


def test_toml_spells_every_parameter_out() -> None:
    text = as_toml(Recipe())
    assert "[finetune.sweep]\ncandidates = 4" in text
    assert "early_stop = false" in text
    assert "alpha" not in text  # None, which TOML does not know


def test_a_stage_that_is_off_shows_its_defaults() -> None:
    values = form_values(recipe_from(RECIPES["no training"]))
    assert values["finetune.on"] is False
    assert values["finetune.rank"] == 64
    assert values["finetune.sweep.on"] is False


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"finetune.rank": "many"}, "finetune.rank: input should be a valid integer"),
        ({"finetune.rank": "0"}, "finetune.rank: input should be greater than or equal to 1 (it is '0')"),
        ({"generate.steps": ""}, "generate.steps: input should be a valid integer"),
        ({"finetune.sweep.steps": "-1"}, "finetune.sweep.steps: "),
        ({"generate.way": "magic"}, "generate.way: input should be 'adapter', 'reference-edit' or 'background-swap'"),
        ({"generate.size": "100"}, "generate.size: input should be a multiple of 8"),
    ],
)
def test_a_posted_value_that_does_not_fit_is_named_by_its_path(change: dict[str, str], problem: str) -> None:
    with pytest.raises(BadRecipe) as refused:
        recipe_from(from_form(posted(Recipe()) | change))
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].startswith(problem)


def test_a_switch_that_is_off_is_not_sent() -> None:
    sent = posted(Recipe())
    del sent["finetune.sweep.on"]
    assert recipe_from(from_form(sent)).finetune.sweep is None  # type: ignore[union-attr]
