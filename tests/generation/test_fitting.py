"""Which methods go with which model sets; that models themselves say the same is seen at tiny size."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints.roles import Role
from generation.checkpoints.sets import ROLES, Entry, ModelSet
from generation.exceptions import BadModelSet
from generation.fitting import EDITORS, OWN_SCHEDULER, misfits, within
from generation.recipe import (
    FinetuneConfig,
    GenerateConfig,
    MatteConfig,
    MeasureConfig,
    NegativesConfig,
    Recipe,
    SwapConfig,
)
from tests.factories.pipeline import tiny_models

EDIT = GenerateConfig(way="reference-edit")


SWAP = Recipe(
    matte=MatteConfig(), caption=None, novel_views=None, new_contexts=None, negatives=None, filter=None, finetune=None,
    generate=GenerateConfig(way="background-swap", swap=SwapConfig()),
)  # fmt: skip


def set_of(base: str, served: str) -> ModelSet:
    def entry(role: Role) -> Entry:
        return Entry(role, {"base": base, "served": served}.get(role, "any"), "", "", "MIT", True, Path())

    return ModelSet("shop", "Shop", {role: entry(role) for role in ROLES})


@pytest.mark.parametrize(
    ("change", "base", "served", "said"),
    [
        ({}, "sd", "sd", []),
        ({}, "flux2-klein", "flux2-klein", []),
        ({}, "sd", "sdxl", ["Adapters of the sd that the model set shop trains do not fit the sdxl"]),
        ({"generate": EDIT, "finetune": None}, "sd", "flux2-klein", []),
        ({"generate": EDIT, "finetune": None}, "sd", "sd", ["needs a served model that draws from photos"]),
        ({"generate": GenerateConfig(scheduler="ddim")}, "sd", "sd", []),
        ({"generate": GenerateConfig(scheduler="ddim")}, "flux2-klein", "flux2-klein", ["'ddim' is not for flux2"]),
        ({"generate": GenerateConfig(size=520)}, "sdxl", "sdxl", []),
        ({"generate": GenerateConfig(size=520)}, "flux2-klein", "flux2-klein", ["generate.size = 520 does not"]),
        (
            {"finetune": FinetuneConfig(size=520), "negatives": NegativesConfig(size=8)}, "flux2-klein", "flux2-klein",
            ["finetune.size = 520", "negatives.size = 8"],
        ),
        ({"finetune": None, "negatives": None, "generate": EDIT}, "flux2-klein", "flux2-klein", []),
        ({"finetune": FinetuneConfig(token="sks")}, "sd", "sd", []),
        ({"finetune": FinetuneConfig(token="mug")}, "sd", "sd", ["finetune.token: the token mug is a word that"]),
    ],
    ids=[
        "one family", "klein", "two families", "two families without adapters", "an editor that cannot edit",
        "a scheduler", "a scheduler that is not for it", "eights", "sixteens", "other stages' sizes", "stages off",
        "a token", "a word for a token",
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_told(change: dict[str, Any], base: str, served: str, said: list[str]) -> None:
    told = misfits(replace(Recipe(), **change), set_of(base, served))
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


def part_of(*roles: Role) -> ModelSet:
    return replace(whole := set_of("sd", "sd"), entries={role: whole.entries[role] for role in roles})


@pytest.mark.parametrize(
    ("roles", "measured"),
    [
        (("segmenter",), False),
        (("segmenter", "clip"), False),
        (("segmenter", "clip", "dino"), True),
        (ROLES, True),
    ],
    ids=["cut-outs only", "no DINO", "all that measures", "a whole set"],
)
def test_a_swap_is_measured_where_the_set_can(roles: tuple[Role, ...], measured: bool) -> None:
    chosen = part_of(*roles)
    assert within(SWAP, chosen) == (SWAP if measured else replace(SWAP, measure=None))
    assert misfits(SWAP, chosen) == []


def test_only_a_swap_goes_without_metrics() -> None:
    chosen, recipe = part_of("segmenter"), Recipe()
    assert within(recipe, chosen) == recipe
    assert recipe.measure == MeasureConfig()
    [told] = misfits(recipe, chosen)
    assert told.startswith("The model set shop has no captioner, base, video, dino")
    assert told.endswith("choose another set, or the method background-swap.")


def test_even_a_swap_needs_a_segmenter() -> None:
    [told] = misfits(SWAP, part_of("clip", "dino"))
    assert "has no segmenter" in told


def test_a_role_that_a_partial_set_lacks_is_named() -> None:
    with pytest.raises(BadModelSet, match="The model set shop has no video; choose another set"):
        part_of("segmenter").entry("video")


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_the_families_are_as_it_says(family: Any) -> None:
    with tiny_models(family).served() as served:
        edits = type(served)._edit.__qualname__.startswith("Flux2Klein")
        assert (served.family in EDITORS) == edits
        assert (served.family in OWN_SCHEDULER) == ("solver" in vars(type(served)))
