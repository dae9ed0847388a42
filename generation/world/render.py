"""Scenes to pictures and masks: the same scene gives the same pixels, and a mask says how much of each is product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generation.world.lens import blurred_behind
from generation.world.scenes import Scene
from generation.world.shading import GAMMA
from generation.world.stage import Stage, set_up
from generation.world.tracing import traced

RAYS_AT_ONCE = 1 << 17
BLUR = 0.009  # Of the picture's side: the lens's softness behind a table.
EDGE = 0.05  # How much neighbours differ where a quick picture takes more rays, in developed light.


@dataclass
class Renders:
    """Images uint8 [n, side, side, 3] and masks uint8 [n, side, side]: 255 where the product fills the whole pixel."""

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]


def render(
    scenes: Sequence[Scene], side: int, samples: int = 2, device: str = "cpu", *, quick: bool = False
) -> Renders:
    """Pictures of scenes, `side` pixels square, from `samples` x `samples` rays a pixel.

    `quick` takes one ray a pixel, and all of them only where neighbours differ: less than half the time for large
    pictures, to the eye the same.
    """
    if side < 1 or samples < 1:
        raise ValueError(f"A picture of {side} pixels with {samples} samples has no rays. Ask for 1 or more of both.")
    images = np.zeros((len(scenes), side, side, 3), np.uint8)
    masks = np.zeros((len(scenes), side, side), np.uint8)
    with torch.inference_mode():
        for number, scene in enumerate(scenes):
            images[number], masks[number] = picture(set_up(scene, device), side, samples, quick=quick)
    return Renders(images, masks)


def picture(
    stage: Stage, side: int, samples: int, *, quick: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """One picture and its mask."""
    shares = _even(stage, side, 1 if quick else samples)
    if quick and samples > 1:
        _refine(stage, shares, samples)
    colour = shares[:3]
    if stage.sharp_to:
        colour = blurred_behind(shares[4:7], shares[7:10], shares[10], BLUR * side)
    image = (colour.clamp(0, 1) ** (1 / GAMMA) * 255 + 0.5).to(torch.uint8).permute(1, 2, 0)
    return image.cpu().numpy(), (shares[3] * 255 + 0.5).to(torch.uint8).cpu().numpy()


def _even(stage: Stage, side: int, samples: int) -> Tensor:
    """The channels [c, side, side] from as many rays for every pixel; in bands of rows, so that it fits the memory."""
    device, across = stage.eye.device, side * samples
    band = max(RAYS_AT_ONCE // across // samples, 1)
    x = (torch.arange(across, device=device) + 0.5) / across * 2 - 1
    parts = []
    for top in range(0, side, band):
        rows = min(band, side - top) * samples
        y = 1 - (torch.arange(top * samples, top * samples + rows, device=device) + 0.5) / across * 2
        up, right = torch.meshgrid(y, x, indexing="ij")
        channels = traced(stage, right.flatten(), up.flatten())
        parts.append(functional.avg_pool2d(channels.view(1, -1, rows, across), samples)[0])
    return torch.cat(parts, dim=1)


def _refine(stage: Stage, shares: Tensor, samples: int) -> None:
    """Trace the pixels at edges anew, with all their rays, in place."""
    side = shares.shape[-1]
    rows, columns = _edges(shares[:4]).nonzero(as_tuple=True)
    inside = (torch.arange(samples, device=shares.device) + 0.5) / samples
    per_pixel = samples * samples
    at_once = max(RAYS_AT_ONCE // per_pixel, 1)
    for first in range(0, len(rows), at_once):
        row, column = rows[first : first + at_once], columns[first : first + at_once]
        right = (column[:, None, None] + inside).expand(-1, samples, -1)
        down = (row[:, None, None] + inside[:, None]).expand(-1, -1, samples)
        found = traced(stage, right.flatten() / side * 2 - 1, 1 - down.flatten() / side * 2)
        shares[:, row, column] = found.view(len(shares), -1, per_pixel).mean(2)


def _edges(channels: Tensor) -> Tensor:
    """True [side, side] where a pixel differs from a neighbour, and one pixel around."""
    wide = functional.pad(channels[None], (1, 1, 1, 1), mode="replicate")
    spread = functional.max_pool2d(wide, 3, 1) + functional.max_pool2d(-wide, 3, 1)
    return spread[0].amax(0) > EDGE
