"""Sampling: golden values that may never change, and what is drawn over many seeds."""

import math
from collections import Counter
from dataclasses import replace

import pytest

from generation.world.sampling import orbit_of, sample_scene, sample_thing, scenes_of
from generation.world.scenes import COLOURS, CONTEXTS, FAMILIES, LIGHTS, MATERIALS, PATTERNS, Thing

THINGS = {seed: sample_thing(seed) for seed in range(600)}


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, ("chair", "blue", "brown", "plain", "matte", "circle", "orange", 0.762926, 0.49891)),
        (1, ("table", "grey", "orange", "marbled", "glossy", "", "red", 0.195105, 0.01999)),
        (2, ("vase", "red", "teal", "striped", "matte", "square", "black", 0.14915, 0.503548)),
        (17, ("mug", "orange", "white", "speckled", "glossy", "", "brown", 0.118349, 0.932574)),
        (900000, ("bag", "blue", "teal", "plain", "woven", "star", "red", 0.229417, 0.941309)),
    ],
)
def test_a_seed_gives_the_same_thing_for_ever(seed: int, expected: tuple[str, ...]) -> None:
    found = sample_thing(seed)
    words = (found.family, found.colour, found.second_colour, found.pattern, found.material, found.mark)
    assert (*words, found.mark_colour, found.genes[0], found.genes[11]) == expected


@pytest.mark.parametrize(
    ("seed", "detail", "expected"),
    [
        (0, "plain", ("kitchen", "dim lamplight", "", -2.202189, 0.347185, 4.03361, -0.031751, 0.065268)),
        (0, "full", ("kitchen", "dim lamplight", "", -2.202189, 0.454526, 4.573943, -0.069852, 0.018694)),
        (17003, "plain", ("studio", "soft daylight", "", -0.07302, 0.207045, 3.896225, 0.022403, 0.110277)),
        (900000000, "full", ("garden", "soft daylight", "", -0.761195, 0.163877, 4.295821, 0.211445, 0.063101)),
    ],
)
def test_a_seed_gives_the_same_scene_for_ever(seed: int, detail: str, expected: tuple[object, ...]) -> None:
    found = sample_scene(seed, detail="plain" if detail == "plain" else "full")
    view = found.view
    words = (found.context, found.light, found.occluder)
    assert (*words, view.azimuth, view.elevation, view.distance, view.aside, view.above) == expected


def test_a_given_family_changes_only_what_hangs_on_it() -> None:
    drawn, given = sample_thing(8), sample_thing(8, "lamp")
    assert given.family == "lamp"
    assert (given.colour, given.second_colour, given.genes) == (drawn.colour, drawn.second_colour, drawn.genes)


def test_a_given_thing_or_context_changes_nothing_else() -> None:
    drawn = sample_scene(4)
    given = sample_scene(4, sample_thing(99), "beach")
    assert replace(given, thing=drawn.thing, context=drawn.context) == drawn


@pytest.mark.parametrize(
    ("name", "among"),
    [
        ("family", FAMILIES),
        ("colour", tuple(COLOURS)),
        ("pattern", PATTERNS),
        ("material", MATERIALS),
        ("second_colour", tuple(COLOURS)),
    ],
)
def test_everything_is_drawn_and_nothing_else(name: str, among: tuple[str, ...]) -> None:
    assert {getattr(found, name) for found in THINGS.values()} == set(among)


def test_families_and_colours_are_even() -> None:
    families = Counter(found.family for found in THINGS.values())
    assert min(families.values()) > 600 / 6 * 0.7
    colours = Counter(found.colour for found in THINGS.values())
    assert min(colours.values()) > 600 / 12 * 0.5


def rules(found: Thing) -> dict[str, bool]:
    """What holds for every thing."""
    colours = {found.colour, found.second_colour, found.mark_colour}
    return {
        "three colours": len(colours) == 3,
        "marks only where there is room": not found.mark or found.family in ("chair", "mug", "vase", "bag"),
        "no wooden mugs": (found.family, found.material) != ("mug", "wooden"),
        "genes are shares": all(0 <= gene < 1 for gene in found.genes),
    }


def test_every_thing_keeps_the_rules() -> None:
    broken = [(seed, rule) for seed, found in THINGS.items() for rule, holds in rules(found).items() if not holds]
    assert broken == []


def test_plain_views_are_near_level_and_centred() -> None:
    views = [sample_scene(seed, detail="plain").view for seed in range(200)]
    assert all(3.5 <= view.distance <= 4.5 and 0.14 <= view.elevation <= 0.40 for view in views)
    assert all(abs(view.aside) <= 0.1 for view in views)
    assert sum(abs(view.azimuth) <= 0.75 for view in views) > 150


def test_the_scenes_of_a_thing_differ_in_all_but_the_thing() -> None:
    scenes = scenes_of(17, 8, "plain")
    assert {scene.thing for scene in scenes} == {sample_thing(17)}
    assert {scene.context for scene in scenes} == set(CONTEXTS)
    assert len({scene.view for scene in scenes}) == 8
    assert len({scene.light for scene in scenes}) > 1
    assert scenes_of(17, 3, "plain") == scenes[:3]


def test_no_two_things_share_a_scenes_seed() -> None:
    seeds = [scene.seed for thing in (0, 1, 2, 900_000) for scene in scenes_of(thing, 4)]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("sides", [1, 6, 9])
def test_an_orbit_turns_one_scene_evenly(sides: int) -> None:
    scenes = orbit_of(5, sides, "plain")
    start = scenes[0].view.azimuth
    for step, scene in enumerate(scenes):
        turned = (scene.view.azimuth - start - 2 * math.pi * step / sides + math.pi) % (2 * math.pi) - math.pi
        assert abs(turned) < 1e-5
        assert replace(scene, view=scenes[0].view) == scenes[0]
    assert all(scene.occluder == "" and scene.light in LIGHTS for scene in scenes)
