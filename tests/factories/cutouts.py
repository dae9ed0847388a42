"""Photos of things for tests of cut-outs: a two-coloured disc on a ground, and backgrounds to stand before."""

import json
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from generation.imaging import Mask
from generation.matting import CutOut
from generation.records import Backdrop, BackdropLight

RED, BLUE = (196, 44, 40), (40, 70, 180)


def disc(
    size: tuple[int, int] = (160, 140), ground: tuple[int, int, int] = (228, 230, 232), *, middle: float = 0.5
) -> tuple[Image.Image, Mask]:
    """A disc, red above and blue below, with smooth edges, and its mask; `middle` is where it is from left to right."""
    width, height = size
    rows, columns = np.mgrid[:height, :width] + 0.5
    away = np.hypot(columns - middle * width, rows - height / 2)
    radius = 0.32 * height
    share = np.clip(radius - away + 0.5, 0, 1)[..., None]
    colour = np.where((rows < height / 2)[..., None], RED, BLUE)
    noise = np.random.default_rng(3).normal(0, 1.2, (height, width, 3))
    pixels = colour * share + np.array(ground) * (1 - share) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), np.asarray(away < radius)


def plain_cut(width: int = 40, height: int = 60) -> CutOut:
    """A block of many colours that is product throughout."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return CutOut(pixels, np.full((height, width), 255, np.uint8), (0, 0, width, height))


def round_cut(side: int = 60) -> CutOut:
    """A disc of many colours with an edge of one pixel that is mixed."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    alpha = np.clip(side / 2 - 1 - np.hypot(columns - side / 2, rows - side / 2), 0, 1)
    pixels = np.random.default_rng(2).integers(60, 200, (side, side, 3)).astype(np.uint8)
    return CutOut(pixels, np.rint(alpha * 255).astype(np.uint8), (0, 0, side, side))


def backdrop(name: str = "table", **facts: object) -> Backdrop:
    """A background that anything may stand before."""
    return Backdrop(**({"name": name, "sha256": "0" * 64, "words": "a {product} on a table"} | facts))  # type: ignore[arg-type]


def lit_from(azimuth: float, softness: float = 0.3) -> BackdropLight:
    return BackdropLight(azimuth, 45.0, softness)


def chance(seed: int) -> Random:
    """What places by chance, the same for a seed."""
    return Random(seed)  # noqa: S311 - pictures, no secrets


def scene(side: int = 256, colour: tuple[int, int, int] = (150, 140, 120)) -> Image.Image:
    return Image.new("RGB", (side, side), colour)


def write_background(folder: Path, name: str, facts: dict[str, object] | None = None, side: int = 256) -> Path:
    """A picture in a folder, with its JSON when facts are given."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    scene(side).save(path)
    if facts is not None:
        path.with_suffix(".json").write_text(json.dumps(facts))
    return path
