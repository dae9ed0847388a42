"""Empty places to put a product's photo on: pictures without a product, and the facts that placing one needs."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from generation.world.captions import PLACES
from generation.world.draws import Draws
from generation.world.lights import LIGHTS, sun
from generation.world.render import picture
from generation.world.sampling import sample_thing
from generation.world.scenes import Scene, View
from generation.world.stage import HALF_FIELD, Stage, set_up

SIDE = 1024
QUALITY = 88
# Depths (towards the eye) between which a product may stand, and the heights in cm of what suits floor and table.
STANDING = (-0.15, 0.5)
FLOOR_FITS, TABLE_FITS = (40.0, 400.0), (0.0, 60.0)


@dataclass(frozen=True)
class Background:
    """An empty place: on its floor, or a table in it with the place out of focus."""

    context: str
    table: bool
    light: str
    seed: int
    words: str = ""

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"world-{self.context.replace(' ', '-')}-{'table' if self.table else 'floor'}-{self.seed}"

    def scene(self) -> Scene:
        """The scene whose product is left out."""
        thing = sample_thing(1, "vase" if self.table else "chair")
        view = View(0.0, elevation=0.15 if self.table else 0.13, distance=4.4, above=0.16)
        return Scene(thing, self.context, self.light, view, "", self.seed)

    def facts(self) -> dict[str, Any]:
        """What the JSON beside the picture says: shares are of the picture's height, angles are degrees."""
        stage = set_up(self.scene(), with_product=False)
        light = LIGHTS[self.light]
        x, y, z = sun(light, Draws(f"light {self.seed}"))
        peak = max(light.key)
        colour = "".join(f"{round(255 * (channel / peak) ** (1 / 2.2)):02x}" for channel in light.key)
        where = f"on a table {PLACES[self.context]}" if self.table else PLACES[self.context]
        return {
            "name": self.name,
            "context": self.context,
            "words": self.words or f"a {{product}} {where}, {self.light}",
            "floor": [round(row_of(stage, 0.0, depth), 3) for depth in STANDING],
            "horizon": round(horizon(stage), 3),
            "view": "front",
            "gloss": 0.0,
            "fits": list(TABLE_FITS if self.table else FLOOR_FITS),
            "light": {
                "azimuth": round(math.degrees(math.atan2(x, z))),
                "elevation": round(math.degrees(math.asin(y))),
                "softness": round(max(0.0, min(1.0, 1 - light.sharpness / 20)), 2),
                "colour": f"#{colour}",
            },
            "camera": {"elevation": round(math.degrees(self.scene().view.elevation), 1)},
        }


BACKGROUNDS = (
    Background("living room", False, "soft daylight", 171),
    Background("living room", True, "warm evening light", 104),
    Background("kitchen", False, "soft daylight", 183),
    Background("kitchen", True, "soft daylight", 12),
    Background("garden", False, "bright sunlight", 162),
    Background("garden", True, "bright sunlight", 74),
    Background("beach", False, "bright sunlight", 231),
    Background("beach", True, "soft daylight", 85),
    Background("office", False, "cool morning light", 151),
    Background("office", True, "soft daylight", 113),
    Background("bedroom", False, "soft daylight", 192),
    Background("bedroom", True, "soft daylight", 126),
    Background("street", False, "soft daylight", 212),
    Background("street", True, "warm evening light", 223),
)


def row_of(stage: Stage, height: float, depth: float) -> float:
    """The picture's row, as a share from the top, of a point in the middle at that height and depth."""
    point = torch.tensor([0.0, height, depth]) - stage.eye
    _, up, ahead = (stage.axes.T @ point).tolist()
    return float(0.5 - up / ahead / HALF_FIELD / 2)


def horizon(stage: Stage) -> float:
    """The row of the eye's own height far away; below 0 it lies above the picture."""
    _, up, ahead = (stage.axes.T @ torch.tensor([0.0, 0.0, -1.0])).tolist()
    return float(0.5 - up / ahead / HALF_FIELD / 2)


def write_backgrounds(folder: Path, *, side: int = SIDE) -> Iterator[str]:
    """Render those that the folder lacks, each a WebP with its JSON beside it; their names as they are done."""
    folder.mkdir(parents=True, exist_ok=True)
    for background in BACKGROUNDS:
        path = folder / f"{background.name}.webp"
        if not path.exists():
            with torch.inference_mode():
                pixels, _ = picture(set_up(background.scene(), with_product=False), side, 2, quick=True)
            Image.fromarray(pixels).save(path, "WEBP", quality=QUALITY, method=6)
        facts = json.dumps(background.facts(), indent=2, ensure_ascii=False)
        path.with_suffix(".json").write_text(facts + "\n", encoding="utf-8")
        yield background.name
