"""What a thing does to the light around it: contact shadow, cast shadow, reflection. How much of each pixel it takes.

All take the cut-out's alpha laid into the picture, (side, side) from 0 to 1, and give maps of the same size.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sin, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from generation.records import BackdropLight

Field = NDArray[np.float32]
_SOLID = 0.5
_LONG, _GENTLE = 0.3, (0.08, 0.9)  # of the width; rise by run, of an edge that is taken for one on the ground
_FLAT = 0.26  # how much a floor's depth is foreshortened, seen from the height that products are taken from


@dataclass(frozen=True)
class Foot:
    """Where a cut-out stands: by column the row of its lowest pixel, and how near the ground it is there, 0 to 1.

    A sole or a box's edge that was taken from above runs aslant through the picture, and touches the ground throughout.
    """

    rows: Field  # (side,); the lowest row of all where a column has nothing
    near: Field  # (side,)
    left: int
    right: int
    top: int
    bottom: int

    @property
    def height(self) -> int:
        return max(self.bottom - self.top, 1)

    @property
    def width(self) -> int:
        return max(self.right - self.left, 1)


def foot_of(alpha: Field) -> Foot:
    """Read where it stands from its outline. Raises ValueError for an empty one."""
    solid = alpha > _SOLID
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not rows.size:
        raise ValueError("What is nowhere in the picture casts no shadow.")
    bottom, top = int(rows[-1]), int(rows[0])
    lowest = np.full(alpha.shape[1], float(bottom), np.float32)
    lowest[columns] = alpha.shape[0] - 1 - solid[::-1, columns].argmax(axis=0)
    there = np.zeros(alpha.shape[1], np.float32)
    there[columns] = 1
    smooth = cv2.medianBlur(np.rint(lowest).astype(np.uint16)[None], 5)[0].astype(np.float32)
    lift = (bottom - smooth) / max(bottom - top, 1)
    near = there * np.exp(-((lift / 0.10) ** 2))
    near[_aslant(smooth, columns, max(bottom - top, 1))] = 1.0
    return Foot(smooth, near.astype(np.float32), int(columns[0]), int(columns[-1]) + 1, top, bottom)


def _aslant(rows: Field, columns: NDArray[np.intp], height: int) -> NDArray[np.intp]:
    """The columns in which the outline below is one long, straight, gentle slant: an edge seen in perspective.

    Rounded sides, spouts and legs make hull lines that are short, steep, or far from the outline.
    """
    points = np.stack([columns, rows[columns]], axis=-1).astype(np.float32)
    ends = points[[0, -1]]
    hull = cv2.convexHull(points)[:, 0]
    below = hull[hull[:, 1] >= np.interp(hull[:, 0], ends[:, 0], ends[:, 1]) - 0.5]
    line = cv2.approxPolyDP(below[below[:, 0].argsort()][:, None], 0.015 * height, closed=False)[:, 0]
    found = [np.zeros(0, np.intp)]
    for (left, high), (right, low) in pairwise(line):
        wide, steep = right - left, abs(low - high) / max(right - left, 1)
        along = columns[(columns >= left) & (columns <= right)]
        gap = np.interp(along, (left, right), (high, low)) - rows[along]
        if wide > _LONG * len(columns) and _GENTLE[0] < steep < _GENTLE[1] and gap.mean() < 0.02 * height:
            found.append(along[gap < 0.04 * height])
    return np.concatenate(found)


def standing(alpha: Field, light: BackdropLight, *, floor_from: float) -> Field:
    """The shadow of a thing on its floor: dark and tight where it touches, soft and wide away from the light.

    `floor_from` is the share of the height above which there is no floor to fall on.
    """
    foot, side = foot_of(alpha), alpha.shape[0]
    tight = _line(foot, side, 0.010 * foot.height + 1, 0.006 * foot.width + 1.0)
    wide = _line(foot, side, 0.035 * foot.height + 1, 0.030 * foot.width + 1.5)
    cast = _cast(alpha, foot, light)
    harder = 1 - 0.5 * light.softness
    shade = 1 - (1 - 0.85 * tight) * (1 - 0.55 * wide) * (1 - 0.55 * harder * cast) * (1 - 0.22 * _around(foot, side))
    rows = (np.arange(side, dtype=np.float32)[:, None] + 0.5) / side
    return np.asarray(shade * np.clip((rows - floor_from) / 0.05, 0, 1), np.float32)


def lying(alpha: Field, light: BackdropLight, *, raised: float) -> Field:
    """The shadow of what lies on a surface, or hangs before a wall, `raised` from it as a share of its size."""
    side, (rows, columns) = alpha.shape[0], np.nonzero(alpha > _SOLID)
    if not rows.size:
        raise ValueError("What is nowhere in the picture casts no shadow.")
    size = max(int(np.ptp(rows)), int(np.ptp(columns)), 1)
    away, angle = raised * size, radians(light.azimuth)
    shift = np.array([[1, 0, -sin(angle) * away], [0, 1, 0.75 * away]], np.float32)
    moved = cv2.warpAffine(alpha, shift, (side, side))
    soft = cv2.GaussianBlur(moved, (0, 0), (0.25 + 0.9 * light.softness) * away + 1)
    close = cv2.GaussianBlur(alpha, (0, 0), 0.008 * size + 1)
    wide = cv2.GaussianBlur(moved, (0, 0), 3.2 * away + 1)
    return np.asarray(1 - (1 - 0.52 * soft) * (1 - 0.45 * close) * (1 - 0.20 * wide), np.float32)


def reflection(pixels: Field, alpha: Field, gloss: float) -> tuple[Field, Field]:
    """The thing mirrored in a glossy floor, column by column below where it stands: its pixels and their weight.

    It fades with depth, and where the thing does not touch the ground: what is mirrored there would be its underside.
    """
    foot, side = foot_of(alpha), alpha.shape[0]
    rows = np.arange(side, dtype=np.float32)[:, None]
    columns = np.broadcast_to(np.arange(side, dtype=np.float32)[None], (side, side))
    mirrored = (2 * foot.rows[None] - rows).astype(np.float32)
    seen = cv2.remap(pixels, columns, mirrored, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    weight = cv2.remap(alpha, columns, mirrored, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, 0)
    depth = np.maximum(rows - foot.rows[None], 0)
    weight = weight * (rows > foot.rows[None]) * foot.near[None] * np.exp(-depth / (0.22 * foot.height + 1))
    blur = 0.006 * foot.height + 0.6
    return (
        np.asarray(cv2.GaussianBlur(seen, (0, 0), blur), np.float32),
        np.asarray(cv2.GaussianBlur(weight.astype(np.float32), (0, 0), blur) * gloss, np.float32),
    )


def _line(foot: Foot, side: int, thick: float, blur: float) -> Field:
    """The line along which it touches the ground, `thick` pixels to both sides, blurred more along than across."""
    rows = np.arange(side, dtype=np.float32)[:, None]
    across = np.clip(1.2 - np.abs(rows - foot.rows[None]) / thick, 0, 1) * foot.near[None]
    return np.asarray(
        cv2.GaussianBlur(across.astype(np.float32), (0, 0), blur, sigmaY=max(0.45 * blur, 0.8)), np.float32
    )


def _cast(alpha: Field, foot: Foot, light: BackdropLight) -> Field:
    """The silhouette laid on the floor away from the light; the further from the thing, the softer and fainter."""
    side, length = alpha.shape[0], min(1 / tan(radians(min(max(light.elevation, 15), 85))), 1.6)
    along = -sin(radians(light.azimuth)) * length
    back = cos(radians(light.azimuth)) * length * _FLAT
    turn = np.array(
        [[1, -along, foot.bottom * along], [0, back, foot.bottom * (1 - back)]], np.float32
    )  # what is h above the foot falls h * along beside and h * back behind it
    if abs(back) < 0.04:
        turn[1] = [0, 0.04, foot.bottom * 0.96]
    up = np.clip((foot.bottom - np.arange(side, dtype=np.float32)[:, None]) / foot.height, 0, 1)
    shade = np.zeros_like(alpha)
    blur = (0.02 + 0.07 * light.softness) * foot.height
    for low, high, soft, strength in ((-1.0, 0.4, 0.35, 1.0), (0.2, 0.75, 0.9, 0.7), (0.55, 2.0, 1.6, 0.45)):
        part = alpha * np.clip((up - low) / 0.2, 0, 1) * np.clip((high - up) / 0.2, 0, 1)
        laid = cv2.warpAffine(part.astype(np.float32), turn, (side, side))
        shade = np.maximum(shade, strength * cv2.GaussianBlur(laid, (0, 0), soft * blur + 1))
    return np.asarray(np.clip(shade, 0, 1), np.float32)


def _around(foot: Foot, side: int) -> Field:
    """The light that a thing keeps from the ground all around it: a wide soft ellipse."""
    rows, columns = (np.arange(side, dtype=np.float32) + 0.5)[:, None], (np.arange(side, dtype=np.float32) + 0.5)[None]
    middle = (foot.left + foot.right) / 2
    away = ((columns - middle) / (0.62 * foot.width)) ** 2 + ((rows - foot.bottom) / (0.13 * foot.width + 4)) ** 2
    return np.asarray(np.exp(-away), np.float32)
