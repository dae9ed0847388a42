"""Scenes as data: what survives JSON, and what a plain picture shows."""

import json
from dataclasses import replace

import pytest

from generation.world.sampling import sample_scene
from generation.world.scenes import COLOURS, CONTEXTS, FAMILIES, MUTED, PALETTE, Scene, Thing, shown
from tests.generation.world.things import thing


def test_there_is_enough_of_everything() -> None:
    assert len(FAMILIES) >= 6
    assert len(CONTEXTS) == 8
    assert not set(COLOURS) & set(MUTED)
    assert len(PALETTE) == len(COLOURS) + len(MUTED)


def test_the_words_for_colours_are_far_apart() -> None:
    names = list(COLOURS)
    for first, second in ((a, b) for index, a in enumerate(names) for b in names[index + 1 :]):
        gap = sum((x - y) ** 2 for x, y in zip(COLOURS[first], COLOURS[second], strict=True)) ** 0.5
        assert gap > 0.25, (first, second)


@pytest.mark.parametrize("detail", ["full", "plain"])
def test_a_scene_comes_back_from_json(detail: str) -> None:
    scene = sample_scene(11, detail="plain" if detail == "plain" else "full")
    assert Scene.from_dict(json.loads(json.dumps(scene.as_dict()))) == scene


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pattern": "striped"}, {"pattern": "striped"}),
        ({"pattern": "speckled"}, {"pattern": "plain"}),
        ({"pattern": "marbled"}, {"pattern": "plain"}),
        ({"material": "metal"}, {"material": "glossy"}),
        ({"material": "wooden"}, {"material": "matte"}),
        ({"mark": "star"}, {"mark": ""}),
    ],
    ids=["a readable pattern stays", "specks", "veins", "metal shines", "grain", "a mark"],
)
def test_a_plain_picture_leaves_out_what_is_too_fine(changes: dict[str, str], expected: dict[str, str]) -> None:
    scene = sample_scene(3, replace(thing(), **changes), detail="plain")
    seen: Thing = shown(scene)
    assert {name: getattr(seen, name) for name in expected} == expected
    assert shown(replace(scene, detail="full")) == scene.thing
