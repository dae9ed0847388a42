"""Which methods go with which model sets; that models themselves say the same is seen at tiny size."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints.roles import Role
from generation.checkpoints.sets import ROLES, Entry, ModelSet
from generation.fitting import EDITORS, OWN_SCHEDULER, misfits
from generation.recipe import FinetuneConfig, GenerateConfig, NegativesConfig, Recipe
from tests.factories.pipeline import tiny_models

EDIT = GenerateConfig(way="reference-edit")


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
    ],
    ids=[
        "one family", "klein", "two families", "two families without adapters", "an editor that cannot edit",
        "a scheduler", "a scheduler that is not for it", "eights", "sixteens", "other stages' sizes", "stages off",
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_told(change: dict[str, Any], base: str, served: str, said: list[str]) -> None:
    told = misfits(replace(Recipe(), **change), set_of(base, served))
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_the_families_are_as_it_says(family: Any) -> None:
    with tiny_models(family).served() as served:
        edits = type(served)._edit.__qualname__.startswith("Flux2Klein")
        assert (served.family in EDITORS) == edits
        assert (served.family in OWN_SCHEDULER) == ("solver" in vars(type(served)))
