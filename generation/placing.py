"""Where a cut-out goes in a scene, and how large: by what it is, how it was taken, and what the scene offers.

Sizes of things and how they are shown are data (`sizes.toml`); what is not there is placed by its proportions.
"""

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path
from typing import Any

from generation.records import Backdrop

_SIZES = Path(__file__).with_name("sizes.toml")
SMALLEST_SIDE, USUAL_SIDE = 512, 1024
_SMALLEST_SHARE, _LARGEST_SHARE = 0.46, 0.68  # of the frame that a ring's and a sofa's longer side takes
_SHRINK = 0.9  # chance makes it that much smaller at most
_ASIDE = 0.07  # of the frame's width: how far from the middle chance puts it


@dataclass(frozen=True)
class Kind:
    """A type of product: its usual longer side in centimetres, and in which views it is shown."""

    cm: float = 30.0
    views: tuple[str, ...] = ("front",)


@dataclass(frozen=True)
class Frame:
    """What is asked of a picture: its largest side in pixels, 0 for 1024, and what stays free around the product."""

    side: int = 0
    padding: float = 0.08


@dataclass(frozen=True)
class Placement:
    """A picture of `side` pixels with the cut-out scaled by `scale` (never enlarged), its corner at (left, top)."""

    side: int
    scale: float
    left: int
    top: int
    width: int
    height: int


def kind_of(noun: str) -> Kind:
    """What is known of things of that name; of an unknown one, what fits most."""
    known = _kinds()
    words = noun.strip().lower()
    return known.get(words) or known.get(words.rpartition(" ")[2]) or Kind()


def fits(backdrop: Backdrop, kind: Kind) -> bool:
    """Whether such a thing may stand, lie or hang there."""
    return backdrop.view in kind.views and backdrop.fits[0] <= kind.cm <= backdrop.fits[1]


def place(size: tuple[int, int], kind: Kind, backdrop: Backdrop, frame: Frame, chance: random.Random) -> Placement:
    """Place a cut-out of (width, height) pixels.

    The picture is as large as the cut-out has pixels for, so that it is shown as it is; a large one is reduced.
    """
    width, height = size
    foot = chance.uniform(*backdrop.floor) if backdrop.view == "front" else 0.0
    tallest = foot - frame.padding if backdrop.view == "front" else 1 - 2 * frame.padding
    widest = min(1 - 2 * frame.padding, backdrop.widest)
    wanted = _share(kind.cm) * chance.uniform(_SHRINK, 1.0)
    # As shares of the frame, proportions kept: as large as wanted, but within what is free.
    share = min(wanted, tallest * max(width / height, 1), widest * max(height / width, 1))
    longest = max(width, height)
    most = frame.side or USUAL_SIDE
    pixels = min(max(int(longest / share) // 8 * 8, min(SMALLEST_SIDE, most)), most)
    scale = min(pixels * share / longest, 1.0)
    if scale > 0.985:
        scale = 1.0
    placed = (width, height) if scale == 1.0 else (max(round(width * scale), 1), max(round(height * scale), 1))
    middle = 0.5 + chance.uniform(-_ASIDE, _ASIDE)
    room = max(round(frame.padding * pixels), 0)
    left = min(max(round(middle * pixels - placed[0] / 2), room), max(pixels - room - placed[0], 0))
    below = round(foot * pixels) if backdrop.view == "front" else round((pixels + placed[1]) / 2)
    return Placement(pixels, scale, left, max(below - placed[1], 0), *placed)


def _share(cm: float) -> float:
    """Larger things fill more of the frame, as people frame them: from a ring of 2 cm to a sofa of 2 m."""
    at = (log(max(cm, 2)) - log(2)) / (log(200) - log(2))
    return _SMALLEST_SHARE + (_LARGEST_SHARE - _SMALLEST_SHARE) * min(at, 1.0)


@cache
def _kinds() -> dict[str, Kind]:
    told: dict[str, Any] = tomllib.loads(_SIZES.read_text(encoding="utf-8"))
    return {noun: Kind(float(one["cm"]), tuple(one.get("views", ("front",)))) for noun, one in told.items()}
