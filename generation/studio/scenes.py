"""The scenes of the bank: what each shows, in words and in light, and how it is drawn."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2
import numpy as np

from generation.studio import surfaces
from generation.studio.surfaces import Colour, Field, Picture, View, blend, blurred, pool

Paint = Callable[[int], Picture]
OAK = ((0.36, 0.23, 0.13), (0.62, 0.44, 0.28), (0.80, 0.63, 0.44))
WALNUT = ((0.13, 0.08, 0.05), (0.29, 0.18, 0.12), (0.44, 0.30, 0.20))
ASH = ((0.58, 0.49, 0.40), (0.78, 0.70, 0.60), (0.88, 0.82, 0.74))
GREYED = ((0.30, 0.27, 0.24), (0.50, 0.46, 0.42), (0.66, 0.62, 0.57))
WARM_LAMPS: tuple[Colour, ...] = ((1.0, 0.72, 0.40), (1.0, 0.86, 0.62), (1.0, 0.58, 0.36))
LEAVES: tuple[Colour, ...] = ((0.62, 0.76, 0.34), (0.86, 0.90, 0.62), (0.40, 0.60, 0.30))


@dataclass(frozen=True)
class Light:
    """Where the light comes from, in degrees: azimuth 0 from the camera, 90 from the right, 180 from behind."""

    azimuth: float
    elevation: float
    softness: float  # 0 hard, 1 from all around
    colour: str = "#ffffff"


@dataclass(frozen=True)
class Scene:
    """One background. `floor` and `horizon` are shares of the height, from the top; `fits` is centimetres."""

    name: str
    context: str
    words: str
    floor: tuple[float, float]
    light: Light
    horizon: float
    paint: Paint = field(compare=False)
    view: str = "front"  # or "above", or "wall" for what hangs
    gloss: float = 0.0
    fits: tuple[float, float] = (0, 70)  # the longest side of what may stand there
    widest: float = 1.0  # share of the width that it may take: a podium's lid is narrow

    def facts(self) -> dict[str, Any]:
        """What the JSON file beside the picture says."""
        own = {name: value for name, value in vars(self).items() if name not in ("paint", "light")}
        return own | {"light": asdict(self.light)}


def sweep(colour: Colour, seed: int, spot: tuple[float, float] = (0.5, 0.42), falloff: float = 0.5) -> Paint:
    """Seamless paper: floor and wall are one, brightest behind the product, with a soft turn between."""

    def paint(side: int) -> Picture:
        rows = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones((1, side), np.float32)
        light = pool(side, spot, (0.75, 0.62), falloff) * (1 - 0.10 * np.exp(-(((rows - 0.66) / 0.07) ** 2)))
        floor = 1 + 0.10 * surfaces.step(rows, 0.68, 0.95)
        paper = 1 + 0.012 * surfaces.noise((side, side), (4, 4), seed, 6)
        return np.asarray(surfaces.plain((side, side), colour) * (light * floor * paper)[..., None], np.float32)

    return paint


def tabletop(
    texture: Callable[[], Picture], back: Paint, *, edge: float, lit: float = 0.62, from_left: bool = True
) -> Paint:
    """A table that ends at the row `edge`, sharp where things stand, before a background out of focus."""

    def paint(side: int) -> Picture:
        top = surfaces.floor(texture(), View(side, 0.30, 0.80, 62))
        sheen = pool(side, (0.3 if from_left else 0.7, 0.75), (0.75, 0.55), lit)
        behind = back(side)
        row = round(edge * side)
        # What lies behind shines in the far end of the table.
        mirrored = cv2.GaussianBlur(np.flipud(behind[: row or 1]), (0, 0), side * 0.03)
        height = min(side - row, len(mirrored))
        shine = np.zeros_like(top)
        shine[row : row + height] = mirrored[:height]
        fade = np.exp(-np.arange(side - row, dtype=np.float32) / (0.10 * side))[:, None] * 0.22
        top = top * sheen[..., None]
        top[row:] = top[row:] * (1 - 0.6 * fade[..., None]) + shine[row:] * fade[..., None]
        soft = np.asarray(cv2.GaussianBlur(top, (0, 0), side * 0.006), np.float32)
        rows = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones((1, side), np.float32)
        top = blend(soft, top, surfaces.step(rows, edge, edge + 0.12))
        return blend(behind, np.asarray(top, np.float32), surfaces.step(rows, edge - 0.004, edge + 0.004))

    return paint


def wall(
    colour: Colour, seed: int, rough: float = 0.05, light: tuple[float, float, float] = (0.3, 0.3, 0.55),
    soft: float = 0.0,
) -> Paint:  # fmt: skip
    """A plastered wall lit around (x, y), falling to a least; `soft` blurs it, as a share of the side."""

    def paint(side: int) -> Picture:
        made = surfaces.stone((side, side), colour, seed, rough)
        lit = np.asarray(made * pool(side, light[:2], (0.9, 0.9), light[2])[..., None], np.float32)
        return blurred(lit, soft) if soft else lit

    return paint


def window(colour: Colour, seed: int, at: tuple[float, float, float, float] = (0.06, 0.06, 0.42, 0.52)) -> Paint:
    """A dim room with a bright window, far out of focus; `at` is its (left, top, right, bottom)."""

    def paint(side: int) -> Picture:
        room = wall(colour, seed, 0.04, (at[2], 0.3, 0.45))(side)
        left, top, right, bottom = (round(value * side) for value in at)
        sky = surfaces.plain((side, side), (0.93, 0.96, 1.0)) * 1.25
        trees = surfaces.noise((side, side), (7, 7), seed + 5, 4)
        sky = blend(sky, surfaces.plain((side, side), (0.66, 0.76, 0.60)), surfaces.step(trees, 0.0, 0.5) * 0.7)
        room[top:bottom, left:right] = sky[top:bottom, left:right]
        bar = max(side // 70, 1)
        for line in (left, (left + right) // 2, right):
            room[top:bottom, line - bar : line + bar] = surfaces.linear((0.80, 0.79, 0.77))
        middle = (top + bottom) // 2
        room[middle - bar : middle + bar, left:right] = surfaces.linear((0.80, 0.79, 0.77))
        return blurred(room, 0.028)

    return paint


def bokeh(
    ground: tuple[Colour, Colour], colours: tuple[Colour, ...], seed: int, count: int, band: tuple[float, float]
) -> Paint:
    """Far lights as soft discs over a ground that goes from one colour at the top to the other."""

    def paint(side: int) -> Picture:
        rows = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones((1, side), np.float32)
        patches = surfaces.noise((side, side), (3, 4), seed + 9, 3)
        back = surfaces.toned(np.clip(rows + 0.25 * patches, 0, 1).astype(np.float32), *ground)
        discs = blurred(surfaces.lights(side, count, colours, seed, band), 0.03)
        far = blurred(surfaces.lights(side, count, colours, seed + 1, band), 0.015)
        return np.asarray(blurred(np.asarray(back, np.float32), 0.05) + discs + 0.35 * far, np.float32)

    return paint


def striped(base: Paint, tilt: float = 0.35, bars: int = 9, strength: float = 0.55) -> Paint:
    """Sunlight through blinds on whatever `base` shows."""

    def paint(side: int) -> Picture:
        rows, columns = ((np.mgrid[:side, :side] + 0.5) / side).astype(np.float32)
        phase = (rows + tilt * columns) * bars
        light = surfaces.step(np.asarray(np.abs((phase % 1) - 0.5), np.float32), 0.14, 0.24)
        light *= surfaces.step(columns, 0.06, 0.10) * (1 - surfaces.step(columns, 0.80, 0.86))
        soft = np.asarray(cv2.GaussianBlur(light, (0, 0), side * 0.004), np.float32)
        return _sunlit(base(side), soft, strength)

    return paint


def leafy(base: Paint, seed: int, strength: float = 0.5) -> Paint:
    """Sunlight with the soft shadow of leaves across whatever `base` shows."""

    def paint(side: int) -> Picture:
        draw, shade = np.random.default_rng(seed), np.zeros((side, side), np.float32)
        for branch in range(3):
            start = np.array([draw.uniform(0.55, 1.1), draw.uniform(-0.05, 0.4)]) * side
            turn = np.deg2rad(draw.uniform(150, 205) + 12 * branch)
            for leaf in range(11):
                at = start + leaf * 0.062 * side * np.array([np.cos(turn), np.sin(turn) * 0.7 + 0.18])
                for hand in (-1, 1):
                    angle = np.rad2deg(turn) + hand * draw.uniform(35, 60)
                    tip = at + np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]) * 0.045 * side
                    axes = (round(0.052 * side), round(0.014 * side))
                    cv2.ellipse(shade, (int(tip[0]), int(tip[1])), axes, angle, 0, 360, 1.0, -1)
        soft = cv2.GaussianBlur(shade, (0, 0), side * 0.009)
        return _sunlit(base(side), np.asarray(1 - np.clip(soft, 0, 1), np.float32), strength)

    return paint


def _sunlit(picture: Picture, light: Field, strength: float) -> Picture:
    sun = 1 + light[..., None] * strength * np.array([0.62, 0.52, 0.36], np.float32)
    return np.asarray(picture * (1 - 0.30 * strength) * sun, np.float32)


def podium(colour: Colour, back: Paint, top: float = 0.70, wide: float = 0.62, high: float = 0.16) -> Paint:
    """A round podium in the middle of whatever `back` shows; things stand on its lid."""

    def paint(side: int) -> Picture:
        made, big = back(side), side
        centre, flat = (big // 2, round(top * big)), round(0.085 * big)
        radius, depth = round(wide / 2 * big), round(high * big)
        body, lid, ground = (np.zeros((big, big), np.float32) for _ in range(3))
        cv2.ellipse(
            ground, (centre[0], centre[1] + depth), (round(radius * 1.08), round(flat * 1.35)), 0, 0, 360, 1, -1
        )
        made = made * (1 - 0.45 * cv2.GaussianBlur(ground, (0, 0), big * 0.03))[..., None]
        cv2.ellipse(body, (centre[0], centre[1] + depth), (radius, flat), 0, 0, 360, 1.0, -1)
        cv2.rectangle(body, (centre[0] - radius, centre[1]), (centre[0] + radius, centre[1] + depth), 1.0, -1)
        cv2.ellipse(lid, centre, (radius, flat), 0, 0, 360, 1.0, -1)
        across = (np.arange(big, dtype=np.float32) - centre[0]) / radius
        turn = np.clip(0.74 - 0.34 * across - 0.10 * across**2, 0.2, 1)[None, :, None]
        side_light = surfaces.plain((big, big), colour) * turn
        made = blend(np.asarray(made, np.float32), np.asarray(side_light, np.float32), body)
        lit = surfaces.plain((big, big), colour) * pool(big, (0.42, top), (0.6, 0.4), 0.75)[..., None] * 1.12
        return blend(made, np.asarray(lit, np.float32), lid)

    return paint


def arch(colour: Colour, inner: Colour, seed: int) -> Paint:
    """A wall with a round-topped niche, and the floor before it."""

    def paint(side: int) -> Picture:
        made = wall(colour, seed, 0.035, (0.25, 0.25, 0.62))(side)
        niche, edge = np.zeros((side, side), np.float32), round(0.62 * side)
        cv2.rectangle(niche, (round(0.22 * side), round(0.40 * side)), (round(0.78 * side), edge), 1.0, -1)
        cv2.circle(niche, (side // 2, round(0.40 * side)), round(0.28 * side), 1.0, -1)
        niche[edge:] = 0
        deep = wall(inner, seed + 1, 0.03, (0.62, 0.45, 0.55))(side)
        shade = cv2.GaussianBlur(
            np.roll(1 - niche, (round(0.02 * side), round(0.035 * side)), (0, 1)), (0, 0), side * 0.02
        )
        made = blend(made, np.asarray(deep * (1 - 0.45 * shade)[..., None], np.float32), niche)
        rows = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones((1, side), np.float32)
        ground = (
            surfaces.stone((side, side), colour, seed + 2, 0.02) * pool(side, (0.4, 0.85), (0.8, 0.5), 0.7)[..., None]
        )
        contact = 1 - 0.25 * np.exp(-np.clip(rows - 0.62, 0, 1) / 0.03)
        joined = surfaces.step(rows, 0.618, 0.624)
        return blurred(blend(made, np.asarray(ground * contact[..., None] * 1.05, np.float32), joined), 0.002)

    return paint


def room(texture: Callable[[], Picture], back: Paint, skirting: Colour, view: View, turned: bool = False) -> Paint:
    """A room's wall and floor in focus, for what stands on the ground."""

    def paint(side: int) -> Picture:
        scaled, edge = View(side, view.horizon, view.at, view.wide, view.lens), 0.58
        rows = np.linspace(0, 1, side, dtype=np.float32)[:, None] * np.ones((1, side), np.float32)
        ground = surfaces.floor(texture(), scaled, turned) * pool(side, (0.3, 0.8), (0.8, 0.5), 0.6)[..., None]
        ground = ground * (1 - 0.35 * np.exp(-np.clip(rows - edge, 0, 1) / 0.02))[..., None]
        made = back(side)
        made = made * (1 - 0.12 * np.exp(-np.clip(edge - rows, 0, 1) / 0.10))[..., None]
        board = surfaces.step(rows, edge - 0.047, edge - 0.045)
        lip = 1 - 0.35 * np.exp(-(((rows - edge + 0.046) / 0.003) ** 2))
        painted = surfaces.plain((side, side), skirting) * (lip * pool(side, (0.3, 0.5), (0.9, 0.9), 0.6))[..., None]
        made = blend(np.asarray(made, np.float32), np.asarray(painted, np.float32), board)
        joined = blend(made, np.asarray(ground, np.float32), surfaces.step(rows, edge - 0.001, edge + 0.001))
        return np.asarray(cv2.GaussianBlur(joined, (0, 0), side * 0.0012), np.float32)

    return paint


def above(texture: Callable[[], Picture], light: tuple[float, float] = (0.25, 0.2), least: float = 0.62) -> Paint:
    """A surface seen from above."""

    def paint(side: int) -> Picture:
        seen = cv2.resize(
            texture()[: 60 * surfaces.TEXELS, : 60 * surfaces.TEXELS], (side, side), interpolation=cv2.INTER_AREA
        )
        return np.asarray(seen * pool(side, light, (1.0, 1.0), least)[..., None], np.float32)

    return paint
