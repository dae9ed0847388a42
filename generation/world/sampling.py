"""From a seed to a product or a scene: the same one for ever, on every machine."""

import math
from dataclasses import replace

from generation.world.draws import Draws
from generation.world.scenes import (
    COLOURS,
    CONTEXTS,
    FAMILIES,
    GENES,
    LIGHTS,
    MARKS,
    OCCLUDERS,
    PATTERNS,
    Detail,
    Scene,
    Thing,
    View,
)

# What the family's main part is made of, in the order of MATERIALS: matte, glossy, metal, wooden, woven.
MATERIAL_WEIGHTS = {
    "chair": (3, 2, 1, 3, 2),
    "table": (2, 2, 1, 4, 0),
    "lamp": (3, 1, 1, 0, 3),
    "mug": (3, 4, 1, 0, 0),
    "vase": (3, 4, 1, 0, 0),
    "bag": (3, 2, 0, 0, 4),
}
PATTERN_WEIGHTS = (6, 1.4, 1.2, 1.2, 1.2, 1, 1)
MARKED_FAMILIES = ("chair", "mug", "vase", "bag")
SEEDS_PER_THING = 1000  # Scenes of one product have seeds of their own, and no two products share any.


def sample_thing(seed: int, family: str | None = None) -> Thing:
    """The product of that seed. A given family changes nothing but the family and what hangs on it."""
    draws = Draws(f"thing {seed}")
    family = family or draws.pick("family", FAMILIES)
    names = tuple(COLOURS)
    colour = draws.pick("colour", names)
    second = draws.pick("second colour", [name for name in names if name != colour])
    material = draws.pick("material", ("matte", "glossy", "metal", "wooden", "woven"), MATERIAL_WEIGHTS[family])
    grained = material in ("wooden", "woven", "metal")
    pattern = (
        "plain" if grained and draws.chance("grain only", 0.6) else draws.pick("pattern", PATTERNS, PATTERN_WEIGHTS)
    )
    marked = family in MARKED_FAMILIES and draws.chance("marked", 0.45)
    return Thing(
        family=family,
        colour=colour,
        second_colour=second,
        pattern=pattern,
        material=material,
        mark=draws.pick("mark", MARKS[1:]) if marked else "",
        mark_colour=draws.pick("mark colour", [name for name in names if name not in (colour, second)]),
        genes=tuple(round(draws.unit(f"gene {index}"), 6) for index in range(GENES)),
    )


def sample_view(seed: int, detail: Detail = "full") -> View:
    """The camera of that seed: mostly from the front and its quarters; closer and more level for "plain" pictures."""
    draws = Draws(f"view {seed}")
    plain = detail == "plain"
    turned = draws.between("turned", -1.0, 1.0) * (0.75 if plain else 0.95)
    front = draws.chance("front", 0.85 if plain else 0.72)
    azimuth = turned if front else draws.between("anywhere", -math.pi, math.pi)
    return View(
        azimuth=round(azimuth, 6),
        elevation=round(draws.between("elevation", 0.14, 0.40) if plain else draws.between("elevation", 0.08, 0.55), 6),
        distance=round(draws.between("distance", 3.5, 4.5) if plain else draws.between("distance", 3.4, 5.6), 6),
        aside=round(draws.between("aside", -0.10, 0.10) * (1.0 if plain else 2.2), 6),
        above=round(draws.between("above", 0.0, 0.16) if plain else draws.between("above", -0.12, 0.22), 6),
    )


def sample_scene(seed: int, thing: Thing | None = None, context: str | None = None, detail: Detail = "full") -> Scene:
    """The scene of that seed; a given product or context replaces the drawn one and changes nothing else."""
    draws = Draws(f"scene {seed}")
    hidden = draws.chance("hidden", 0.08 if detail == "plain" else 0.15)
    return Scene(
        thing=thing or sample_thing(seed),
        context=context or draws.pick("context", CONTEXTS),
        light=draws.pick("light", LIGHTS),
        view=sample_view(seed, detail),
        occluder=draws.pick("occluder", OCCLUDERS[1:]) if hidden else "",
        seed=seed,
        detail=detail,
    )


def scenes_of(thing_seed: int, views: int, detail: Detail = "full") -> list[Scene]:
    """So many scenes of one product, each with its own camera and light and, up to eight, its own context."""
    thing = sample_thing(thing_seed)
    draws = Draws(f"contexts {thing_seed}")
    order = sorted(CONTEXTS, key=draws.unit)
    first = thing_seed * SEEDS_PER_THING
    return [sample_scene(first + view, thing, order[view % len(order)], detail) for view in range(views)]


def orbit_of(thing_seed: int, azimuths: int, detail: Detail = "full") -> list[Scene]:
    """One scene with nothing before the product, from so many evenly spaced sides; the first side is drawn."""
    scene = replace(scenes_of(thing_seed, 1, detail)[0], occluder="")
    start = scene.view.azimuth
    return [
        replace(scene, view=replace(scene.view, azimuth=round(_turned(start + 2 * math.pi * step / azimuths), 6)))
        for step in range(azimuths)
    ]


def _turned(angle: float) -> float:
    """The angle within ±π."""
    return (angle + math.pi) % (2 * math.pi) - math.pi
