"""Renders that cost nothing: scenes of the world, painted as a patch of the product's colour on its place's ground."""

import numpy as np
import torch

from generation.mini.renders import Renders
from generation.world.sampling import scenes_of
from generation.world.scenes import COLOURS, CONTEXTS, FAMILIES, HELD_OUT, shown

SIDE = 64


def painted(things: int, views: int = 2, first: int = HELD_OUT) -> Renders:
    """So many products in so many places each. Families differ in shape, colours and places in colour."""
    scenes = [scene for seed in range(first, first + things) for scene in scenes_of(seed, views, "plain")]
    images = np.zeros((len(scenes), SIDE, SIDE, 3), np.uint8)
    masks = np.zeros((len(scenes), SIDE, SIDE), np.uint8)
    for place, scene in enumerate(scenes):
        thing, random = shown(scene), np.random.default_rng(scene.seed)
        left, top = random.integers(6, 18, 2)
        wide, high = 18 + 3 * FAMILIES.index(thing.family), 36 - 3 * FAMILIES.index(thing.family)
        inside = slice(top, top + high), slice(left, left + wide)
        images[place] = 40 + 22 * CONTEXTS.index(scene.context)
        images[place][inside] = np.array(COLOURS[thing.colour]) * 255
        masks[place][inside] = 255
    return Renders(torch.from_numpy(images), torch.from_numpy(masks), scenes, {"side": SIDE, "detail": "plain"})
