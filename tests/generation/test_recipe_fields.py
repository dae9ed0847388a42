"""What the editor knows of a recipe: every parameter is there, with its type, bounds, meaning and default."""

import dataclasses
from typing import Any

import pytest

from generation.recipe import Recipe, as_plain, recipe_from
from generation.recipe_fields import Parameter, parameters, sections

BY_PATH = {one.path: one for one in parameters()}


def leaves(values: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, value in values.items():
        found |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}"}
    return found


def test_every_parameter_of_every_stage_is_there_once() -> None:
    swap = {"way": "background-swap", "swap": {}}
    everything = recipe_from({"finetune": {"early_stop": {}}, "matte": {}, "generate": swap})
    assert leaves(as_plain(everything)) - {"next_tier"} == set(BY_PATH)
    assert len(list(parameters())) == len(BY_PATH)


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("finetune.rank", {"kind": "whole", "default": 64, "bounds": (("min", 1), ("max", 512)), "optional": False}),
        ("finetune.alpha", {"kind": "number", "default": None, "optional": True, "help": "Empty: equal to the rank."}),
        ("finetune.masked_loss", {"kind": "switch", "default": False}),
        ("finetune.schedule", {"kind": "choice", "choices": ("constant", "cosine")}),
        ("finetune.sweep.steps", {"kind": "whole", "help": "Of the first round."}),
        ("generate.size", {"help": "Pixels a side; 0 is what the model set says."}),
        ("caption.instruction", {"kind": "text", "long": True}),
        ("generate.negative_prompt", {"kind": "text", "long": False}),
        ("filter.least_clip_i", {"label": "Least CLIP-I", "bounds": (("min", -1), ("max", 1))}),
        ("finetune.clip_gradient", {"label": "Clip gradient"}),
    ],
)
def test_what_is_known_of_one(path: str, facts: dict[str, Any]) -> None:
    one = BY_PATH[path]
    assert {name: getattr(one, name) for name in facts} == facts


def test_defaults_lie_within_the_bounds() -> None:
    for one in BY_PATH.values():
        if one.default is not None:
            low, high = (dict(one.bounds).get(side, one.default) for side in ("min", "max"))
            assert low <= one.default <= high, one.path


def test_stages_come_in_order_and_say_whether_they_can_be_off() -> None:
    found = {section.path: (section.optional, section.on) for section in sections()}
    assert next(iter(found)) == "segment"
    assert list(found)[-1] == "select"
    assert found["segment"] == (False, True)
    assert found["novel_views"] == (True, True)
    assert all(section.help for section in sections())


def test_parts_of_a_stage_can_be_off_too() -> None:
    finetune = next(section for section in sections() if section.path == "finetune")
    assert [(part.path, part.on) for part in finetune.parts] == [
        ("finetune.sweep", True),
        ("finetune.early_stop", False),
    ]


def test_what_is_read_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Parameter("a.b", "B", "text", "", "").label = "C"  # type: ignore[misc]


def test_defaults_are_the_recipes_own() -> None:
    plain = as_plain(Recipe())
    assert BY_PATH["new_contexts.soft_edge"].default == plain["new_contexts"]["soft_edge"]
