"""What scenes are made of: noise, materials as flat textures, floors in perspective, light. Linear light, float32.

A texture is (height, width, 3), seen from above, `TEXELS` to the centimetre; a picture is (side, side, 3).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]  # (height, width, 3), linear light
Field = NDArray[np.float32]  # (height, width)
Colour = tuple[float, float, float]  # sRGB, 0 to 1
TEXELS = 9  # to the centimetre
_LEVELS = 5  # of blur, each twice the one before, for what lies far away


def linear(colour: Colour) -> NDArray[np.float32]:
    """A colour in linear light."""
    return np.array(colour, np.float32) ** 2.2


def noise(shape: tuple[int, int], cells: tuple[float, float], seed: int, octaves: int = 5) -> Field:
    """Fractal noise of about -1 to 1; `cells` are rows and columns of its coarsest grid."""
    draw = np.random.default_rng(seed)
    total, weight = np.zeros(shape, np.float32), 0.0
    for octave in range(octaves):
        rows, columns = (max(round(cell * 2**octave), 1) + 3 for cell in cells)
        grid = draw.uniform(-1, 1, (rows, columns)).astype(np.float32)
        total += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC) / 2**octave
        weight += 1 / 2**octave
    return np.asarray(total / weight * 1.6, np.float32)


def blend(one: Picture, other: Picture, share: Field | float) -> Picture:
    """`share` of the other picture over the one."""
    amount = share[..., None] if isinstance(share, np.ndarray) else share
    return np.asarray(one + (other - one) * amount, np.float32)


def step(values: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def plain(size: tuple[int, int], colour: Colour) -> Picture:
    return np.broadcast_to(linear(colour), (*size, 3)).astype(np.float32)


def toned(values: Field, *colours: Colour) -> Picture:
    """0 to 1 as colours from the first to the last, evenly between."""
    tones = np.stack([linear(colour) for colour in colours])
    at = np.clip(values, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(int), len(colours) - 2)
    return np.asarray(tones[low] + (tones[low + 1] - tones[low]) * (at - low)[..., None], np.float32)


def wood(size: tuple[int, int], tones: tuple[Colour, ...], seed: int, plank: float = 14.0) -> Picture:
    """Planks along the rows, `plank` centimetres wide, each with its own grain, tone and a dark joint."""
    height, width = size
    draw, wide = np.random.default_rng(seed), round(plank * TEXELS)
    made = np.zeros((height, width, 3), np.float32)
    for number, top in enumerate(range(0, height, wide)):
        shape = (min(wide, height - top), width)
        own = seed * 100 + number
        bend = noise(shape, (1.2, width / wide / 3), own, 3)
        rows = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
        rings = np.sin((rows * draw.uniform(4, 8) + bend * draw.uniform(1.2, 2.4) + draw.uniform(0, 6)) * 2 * np.pi)
        fibre = noise(shape, (wide / 4, width / wide / 2), own + 50, 4)
        value = 0.48 + 0.10 * rings * (0.5 + 0.5 * noise(shape, (1, 3), own + 70, 2)) + 0.22 * fibre + 0.12 * bend
        board = toned(np.asarray(value, np.float32), *tones) * draw.uniform(0.84, 1.12)
        joint = np.minimum(np.arange(shape[0]), np.arange(shape[0])[::-1]).astype(np.float32)[:, None]
        made[top : top + shape[0]] = board * (0.42 + 0.58 * step(joint, 0.0, 3.5))[..., None]
    return made


def marble(size: tuple[int, int], ground: Colour, vein: Colour, seed: int, scale: float = 60.0) -> Picture:
    """Pale stone with fine dark veins and wide clouds; `scale` is centimetres between large veins, about."""
    cells = size[0] / TEXELS / scale, size[1] / TEXELS / scale
    clouds = noise(size, (cells[0] * 1.5, cells[1] * 1.5), seed, 4)
    warped = noise(size, cells, seed + 1, 6) + 0.55 * clouds
    fine = np.exp(-np.abs(warped) * 26) * step(noise(size, cells, seed + 3, 2), -0.3, 0.5)
    broad = np.exp(-np.abs(warped + 0.35) * 7) * 0.35
    second = np.exp(-np.abs(noise(size, (cells[0] * 2, cells[1] * 2), seed + 2, 6)) * 40) * 0.4
    share = np.clip(0.62 * fine + broad * step(clouds, -0.5, 0.6) + second * step(clouds, -0.2, 0.8), 0, 1)
    stone = plain(size, ground) * (1 + 0.05 * clouds)[..., None]
    return blend(np.asarray(stone, np.float32), plain(size, vein), np.asarray(share, np.float32))


def stone(size: tuple[int, int], colour: Colour, seed: int, rough: float = 0.10) -> Picture:
    """Concrete or plaster: clouds, and fine grain."""
    cells = size[0] / TEXELS / 40, size[1] / TEXELS / 40
    clouds = noise(size, cells, seed, 6)
    grain = noise(size, (size[0] / 5, size[1] / 5), seed + 1, 2)
    return np.asarray(plain(size, colour) * (1 + rough * clouds + 0.35 * rough * grain)[..., None], np.float32)


def cloth(size: tuple[int, int], colour: Colour, seed: int) -> Picture:
    """Linen: threads of uneven thickness both ways."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    warp = noise(size, (size[0] / 40, size[1] / 300), seed, 3)
    weft = noise(size, (size[0] / 300, size[1] / 40), seed + 1, 3)
    weave = np.sin(rows * 2.1 + warp * 2) * np.sin(columns * 2.1 + weft * 2)
    slubs = noise(size, (size[0] / 6, size[1] / 90), seed + 2, 2) + noise(
        size, (size[0] / 90, size[1] / 6), seed + 3, 2
    )
    return np.asarray(plain(size, colour) * (1 + 0.05 * weave + 0.05 * slubs)[..., None], np.float32)


@dataclass(frozen=True)
class View:
    """A camera over a floor. `horizon` and `at` are shares of the height; at the row `at` the frame is `wide` cm."""

    side: int
    horizon: float
    at: float
    wide: float
    lens: float = 2.2  # distance of that row in frame widths: a longer lens flattens

    def rows(self) -> NDArray[np.float32]:
        """(side, 1): how much nearer each row is than `at`; what is very far is as far as what is just not."""
        rows = (np.arange(self.side, dtype=np.float32)[:, None] + 0.5) / self.side
        return np.asarray(np.maximum(rows - self.horizon, 0.06) / (self.at - self.horizon), np.float32)

    def row_of(self, depth: float) -> float:
        """The share of the height at which what is `depth` cm behind the row `at` stands."""
        far = self.lens * self.wide
        return self.horizon + (self.at - self.horizon) * far / (far + depth)


def floor(texture: Picture, view: View, turned: bool = False) -> Picture:
    """The texture as a floor in perspective, finer the nearer; `turned` lays it the other way."""
    source = np.ascontiguousarray(texture.transpose(1, 0, 2)) if turned else texture
    near = view.rows()
    columns = (np.arange(view.side, dtype=np.float32)[None] + 0.5) / view.side - 0.5
    x = columns * view.wide / near * TEXELS + source.shape[1] / 2
    depth = view.lens * view.wide * (1 / near - 1) * TEXELS + source.shape[0] / 3
    x, y = x.astype(np.float32), np.broadcast_to(depth, x.shape).astype(np.float32)
    footprint = np.log2(np.maximum(view.wide / view.side / near * TEXELS * view.lens / near, 1e-3))
    level = np.clip(np.broadcast_to(footprint, x.shape), 0, _LEVELS - 1)
    made = np.zeros((*x.shape, 3), np.float32)
    for number in range(_LEVELS):
        seen = source if not number else cv2.GaussianBlur(source, (0, 0), 2.0 ** (number - 1))
        weight = np.clip(1 - np.abs(level - number), 0, 1)
        sampled = cv2.remap(
            seen, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT
        )
        made += sampled * weight[..., None]
    return made


def pool(side: int, middle: tuple[float, float], radii: tuple[float, float], least: float) -> Field:
    """Light that falls off from a middle (x, y shares) to `least`: a softbox on a wall or table."""
    rows, columns = ((np.mgrid[:side, :side] + 0.5) / side).astype(np.float32)
    away = ((columns - middle[0]) / radii[0]) ** 2 + ((rows - middle[1]) / radii[1]) ** 2
    return np.asarray(least + (1 - least) * np.exp(-away), np.float32)


def blurred(picture: Picture, share: float) -> Picture:
    """Out of focus, by a share of the side; a disc's blur, as a lens makes it, not a Gaussian's."""
    radius = max(round(share * picture.shape[1]), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    small = max(radius // 16, 1)  # no smaller: a disc of few pixels has steps when it is enlarged
    if small > 1:
        reduced = cv2.resize(picture, None, fx=1 / small, fy=1 / small, interpolation=cv2.INTER_AREA)
        done = blurred(np.asarray(reduced, np.float32), share)
        return np.asarray(cv2.resize(done, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.float32)


def lights(side: int, count: int, colours: tuple[Colour, ...], seed: int, band: tuple[float, float]) -> Picture:
    """Far small lights on black, to be blurred into discs; `band` is the rows in which they lie."""
    draw = np.random.default_rng(seed)
    made = np.zeros((side, side, 3), np.float32)
    for _ in range(count):
        at = int(draw.uniform(0, side)), int(draw.uniform(*band) * side)
        colour = linear(colours[draw.integers(len(colours))]) * draw.uniform(6, 40)
        cv2.circle(made, at, max(int(draw.uniform(0.002, 0.007) * side), 1), colour.tolist(), -1)
    return made


def finished(picture: Picture, side: int, seed: int) -> NDArray[np.uint8]:
    """The picture at its final side as 8-bit sRGB, highlights rolled off, with a film's grain so that no band shows."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    rolled = np.where(small > 0.8, 0.8 + 0.2 * np.tanh((small - 0.8) / 0.2), small)
    shown = np.clip(rolled, 0, 1) ** (1 / 2.2) * 255
    grain = np.random.default_rng(seed).normal(0, 0.9, (side, side, 1))
    return np.asarray(np.clip(shown + grain, 0, 255).round(), np.uint8)
