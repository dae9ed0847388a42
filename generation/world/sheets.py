"""Contact sheets of the world, for a look at all of it: families by colour, places by light, looks, and turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.world.render import render
from generation.world.sampling import orbit_of, sample_scene, sample_thing
from generation.world.scenes import (
    COLOURS,
    CONTEXTS,
    FAMILIES,
    LIGHTS,
    MATERIALS,
    OCCLUDERS,
    PATTERNS,
    Detail,
    Scene,
    View,
)

GAP = 2
LOOKED_AT = (("mug", 5, "teal", "white"), ("chair", 11, "orange", "blue"), ("bag", 4, "pink", "purple"))


@dataclass(frozen=True)
class Sheet:
    """Scenes in rows of so many, and the side of each picture."""

    scenes: Sequence[Scene]
    columns: int
    side: int


def colours(detail: Detail) -> Sheet:
    """Every family in every colour, in places that change."""
    names = tuple(COLOURS)
    scenes = []
    for row, family in enumerate(FAMILIES):
        for column, colour in enumerate(names):
            seed = 40 + row * len(names) + column
            second = names[(column + 5 + row) % len(names)]
            thing = replace(sample_thing(seed, family), colour=colour, second_colour=second)
            scenes.append(sample_scene(seed, thing, CONTEXTS[(column + row) % len(CONTEXTS)], detail))
    return Sheet(scenes, len(names), 64 if detail == "plain" else 96)


def places(detail: Detail) -> Sheet:
    """Every place under every light."""
    scenes = [
        replace(sample_scene(300 + 8 * row + column, context=context, detail=detail), light=light)
        for row, light in enumerate(LIGHTS)
        for column, context in enumerate(CONTEXTS)
    ]
    return Sheet(scenes, len(CONTEXTS), 64 if detail == "plain" else 128)


def looks(_detail: Detail) -> Sheet:
    """Every pattern, then every material, on a mug, a chair and a bag in full detail."""
    scenes = []
    for family, seed, colour, second in LOOKED_AT:
        plain = replace(sample_thing(seed, family), mark="", pattern="plain", material="matte")
        base = replace(plain, colour=colour, second_colour=second)
        changed = [replace(base, pattern=pattern) for pattern in PATTERNS]
        changed += [replace(base, material=material) for material in MATERIALS]
        scenes += [Scene(thing, "studio", "soft daylight", View(-0.5, 0.28, 3.5), "", 20) for thing in changed]
    return Sheet(scenes, len(PATTERNS) + len(MATERIALS), 96)


def turns(detail: Detail) -> Sheet:
    """Each family from eight sides; the last row behind each thing that hides it."""
    scenes = [
        replace(scene, thing=thing)
        for row, family in enumerate(FAMILIES)
        for thing in [sample_thing(60 + row, family)]
        for scene in orbit_of(60 + row, 8, detail)
    ]
    hidden = sample_scene(77, sample_thing(3, "chair"), detail=detail)
    scenes += [replace(hidden, occluder=OCCLUDERS[1 + column % 3], seed=77 + column) for column in range(8)]
    return Sheet(scenes, 8, 64 if detail == "plain" else 96)


SHEETS: dict[str, Callable[[Detail], Sheet]] = {"colours": colours, "places": places, "looks": looks, "turns": turns}


def tiled(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Pictures [n, h, w, 3] as one, in rows, with thin white lines between."""
    count, height, width, _ = images.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, image in enumerate(images):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet


def write_sheet(name: str, detail: Detail, path: Path) -> None:
    """Render a sheet and write it as the file's ending says."""
    sheet = SHEETS[name](detail)
    Image.fromarray(tiled(render(sheet.scenes, sheet.side).images, sheet.columns)).save(path, quality=88, method=6)
