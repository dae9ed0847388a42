"""Captions: what they name is there, and what is not there they do not name."""

from dataclasses import replace
from typing import Any

import pytest

from generation.world.captions import PLACES, article, caption, noun_phrase
from generation.world.sampling import sample_scene
from generation.world.scenes import CONTEXTS
from tests.generation.world.things import scene, thing


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "a photo of a red mug in a studio, soft daylight"),
        ({"thing_pattern": "striped"}, "a photo of a red and white striped mug in a studio, soft daylight"),
        ({"thing_pattern": "marbled"}, "a photo of a red mug in a studio, soft daylight"),
        ({"thing_material": "metal", "thing_mark": "star"}, "a photo of a red mug in a studio, soft daylight"),
        (
            {"thing_material": "metal", "thing_mark": "star", "detail": "full"},
            "a photo of a red metal mug with a blue star in a studio, soft daylight",
        ),
        (
            {"thing_pattern": "marbled", "thing_material": "glossy", "detail": "full"},
            "a photo of a red and white marbled glossy mug in a studio, soft daylight",
        ),
        ({"thing_colour": "orange", "context": "office"}, "a photo of an orange mug in an office, soft daylight"),
        ({"context": "beach", "light": "bright sunlight"}, "a photo of a red mug on a beach, bright sunlight"),
        ({"occluder": "ball"}, "a photo of a red mug in a studio partly behind a ball, soft daylight"),
    ],
    ids=[
        "plain", "pattern", "too fine a pattern", "too fine a mark", "material and mark", "pattern and material",
        "an orange", "on a beach", "hidden",
    ],
)  # fmt: skip
def test_a_caption_says_what_is_seen(changes: dict[str, Any], expected: str) -> None:
    assert caption(scene(**changes)) == expected


def test_a_name_stands_in_for_the_products_words() -> None:
    assert caption(scene(thing_pattern="striped"), "sks mug") == "a photo of a sks mug in a studio, soft daylight"


@pytest.mark.parametrize(("word", "expected"), [("orange", "an"), ("office", "an"), ("red", "a"), ("ball", "a")])
def test_articles(word: str, expected: str) -> None:
    assert article(word) == expected


def test_every_context_has_its_place() -> None:
    assert set(PLACES) == set(CONTEXTS)


def test_the_noun_phrase_of_a_plain_picture_has_no_material() -> None:
    wooden = replace(thing(), family="chair", material="wooden")
    assert noun_phrase(wooden) == "red wooden chair"
    assert noun_phrase(wooden, plain=True) == "red chair"


@pytest.mark.parametrize("seed", range(12))
def test_words_of_a_drawn_scene(seed: int) -> None:
    drawn = sample_scene(seed, detail="plain")
    words = caption(drawn).replace(",", "").split()
    assert drawn.thing.colour in words
    assert drawn.thing.family in words
    assert drawn.context.split()[-1] in words
    assert caption(drawn).endswith(drawn.light)
