"""Draws soft-shaded solids and the scene around them with Pillow alone, for the sample catalogue and tests.

Lengths are shares of the picture's side: x to the right, heights upwards, both from the point on the floor where the
thing stands. Colours are (red, green, blue) from 0 to 255.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Profile = Callable[[float], float]  # height share 0..1 -> radius
_STRIP = 256  # samples of the shading around a solid of revolution
_AMBIENT = 0.42


class Block(NamedTuple):
    """A cuboid: near left bottom corner and size, in shares of the picture's side; z is up."""

    x: float
    y: float
    z: float
    width: float
    depth: float
    height: float
    colour: Colour


class Scene:
    """A square picture with a wall, a floor and one light; `light` from -1 (left) to 1 (right)."""

    def __init__(self, side: int, *, wall: Colour, floor: Colour, light: float, zoom: float = 1.0) -> None:
        self.side, self.light, self.zoom = side, light, zoom
        self.foot = (side * 0.5, side * 0.8)
        self.image = _backdrop(side, wall, floor, light)

    def shadow(self, width: float, *, strength: float = 0.5, depth: float = 0.3, soft: float = 0.012) -> None:
        """A contact shadow under a foot of that width, blurred by `soft`, and a long one away from the light."""
        for spread, blur, share in ((1.05, soft, 0.75), (1.7, 0.05, 0.5)):
            mask = Image.new("L", (self.side, self.side), 0)
            reach = width * spread * self._unit() / 2
            shift = -self.light * reach * (spread - 1) * 0.8
            x, y = self.foot[0] + shift, self.foot[1]
            box = (x - reach, y - reach * depth, x + reach, y + reach * depth)
            ImageDraw.Draw(mask).ellipse(box, fill=int(255 * strength * share))
            mask = mask.filter(ImageFilter.GaussianBlur(self.side * blur))
            self.image.paste((38, 30, 26), (0, 0), mask)

    def turned(
        self, profile: Profile, colour: Callable[[float], Colour], *, bottom: float, top: float, gloss: float = 0.35
    ) -> None:
        """A solid of revolution as ellipses stacked from `bottom` to `top`; `colour` may change with the height."""
        rows = max(2, int((top - bottom) * self._unit()))
        last: tuple[Colour, int, Image.Image] | None = None
        for row in range(rows + 1):
            share = row / rows
            radius = max(1, int(profile(share) * self._unit()))
            paint = colour(share)
            if last is None or last[:2] != (paint, radius):
                last = (paint, radius, self._strip(paint, gloss).resize((2 * radius, 1), Image.Resampling.BILINEAR))
            self._ellipse(last[2], radius, bottom + (top - bottom) * share)

    def disc(self, radius: float, height: float, colour: Colour, *, reverse: bool = False) -> None:
        """A lying disc, such as a rim or the inside of a mug (`reverse`: lit from the other side)."""
        pixels = max(1, int(radius * self._unit()))
        strip = self._strip(colour, 0.0)
        if reverse:
            strip = strip.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        self._ellipse(strip.resize((2 * pixels, 1), Image.Resampling.BILINEAR), pixels, height)

    def tube(self, path: Sequence[tuple[float, float]], thickness: float, colour: Colour) -> None:
        """A bent round bar along (x, height) points: a handle or a lamp's arm."""
        points = [self._at(x, height) for x, height in path]
        for inset, shade, shift in ((1.0, 0.62, 0.0), (0.8, 0.82, 0.12), (0.5, 1.0, 0.24), (0.18, 1.16, 0.3)):
            radius = thickness * self._unit() * inset / 2
            move = thickness * self._unit() * shift / 2
            pen = ImageDraw.Draw(self.image)
            for across, down in _dense(points):
                x, y = across + self.light * move, down - move
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shaded(colour, shade))

    def blocks(self, blocks: Sequence[Block], *, turn: float = 0.5) -> None:
        """Cuboids from the back to the front, seen from above at a corner; `turn` is the angle in radians."""
        for block in sorted(blocks, key=lambda each: (each.z, -each.y, -each.x)):
            for face, shade in _faces(block, self.light):
                self._face([self._project(point, turn) for point in face], block.colour, shade)

    def finished(self, size: int) -> Image.Image:
        """The picture at `size` pixels a side, with a lens's soft corners."""
        corners = Image.radial_gradient("L").resize(self.image.size).point(lambda value: max(0, value - 150) // 2)
        self.image.paste((30, 24, 20), (0, 0), corners)
        return self.image.resize((size, size), Image.Resampling.LANCZOS)

    def _unit(self) -> float:
        return self.side * self.zoom

    def _at(self, x: float, height: float) -> tuple[float, float]:
        return self.foot[0] + x * self._unit(), self.foot[1] - height * self._unit()

    def _strip(self, colour: Colour, gloss: float) -> Image.Image:
        """The colours around a round body from its left to its right edge: Lambert's law, and a highlight."""
        strip = Image.new("RGB", (_STRIP, 1))
        angle = self.light * 0.9
        for index in range(_STRIP):
            across = (index + 0.5) / _STRIP * 2 - 1
            towards = across * math.sin(angle) + math.sqrt(1 - across**2) * math.cos(angle)
            lit = _AMBIENT + (1.08 - _AMBIENT) * max(0.0, towards)
            shine = gloss * max(0.0, towards) ** 40
            strip.putpixel((index, 0), shaded(colour, lit, shine))
        return strip

    def _ellipse(self, strip: Image.Image, radius: int, height: float) -> None:
        flat = max(1, int(radius * 0.24))
        mask = Image.new("L", (2 * radius, 2 * flat), 0)
        ImageDraw.Draw(mask).ellipse((0, 0, 2 * radius - 1, 2 * flat - 1), fill=255)
        x, y = self._at(0, height)
        self.image.paste(strip.resize(mask.size), (int(x) - radius, int(y) - flat), mask)

    def _project(self, point: tuple[float, float, float], turn: float) -> tuple[float, float]:
        x, y, z = point
        across = x * math.cos(turn) - y * math.sin(turn)
        away = x * math.sin(turn) + y * math.cos(turn)
        return self._at(across, z * 0.94 + away * 0.34)

    def _face(self, corners: list[tuple[float, float]], colour: Colour, shade: float) -> None:
        """A flat face, a little darker towards its lower edge, as if light bounced less there."""
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        box = mask.getbbox()
        if box is None:
            return
        fade = Image.linear_gradient("L").resize((box[2] - box[0], box[3] - box[1])).point(lambda value: value // 3)
        body = Image.new("RGB", fade.size, shaded(colour, shade))
        body.paste(shaded(colour, shade * 0.72), (0, 0), fade)
        self.image.paste(body, box[:2], mask.crop(box))


def shaded(colour: Colour, light: float, shine: float = 0.0) -> Colour:
    """The colour under that much light (1: as it is), with `shine` of white on top."""
    red, green, blue = (min(255, int(min(255.0, part * light) + 255 * shine)) for part in colour)
    return red, green, blue


def _backdrop(side: int, wall: Colour, floor: Colour, light: float) -> Image.Image:
    """A wall that is brighter on the light's side, running softly into the floor."""
    image = Image.new("RGB", (side, side), shaded(wall, 0.86))
    glow = ImageChops.invert(Image.radial_gradient("L")).resize((int(side * 1.8), int(side * 1.5)))
    image.paste(shaded(wall, 1.1), (int(side * (-0.4 + light * 0.4)), int(-side * 0.5)), glow)
    ground = Image.linear_gradient("L").resize((side, side // 2)).point(lambda value: 90 + value * 165 // 255)
    seam = Image.new("L", (side, side), 0)
    seam.paste(ground, (0, int(side * 0.62)))
    image.paste(floor, (0, 0), seam.filter(ImageFilter.GaussianBlur(side * 0.025)))
    return image


def _dense(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The path with a point at least every pixel or so, so that circles along it leave no gap."""
    found = []
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(1, int(math.dist((x0, y0), (x1, y1))))
        found += [(x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps) for step in range(steps)]
    return [*found, points[-1]]


def _faces(block: Block, light: float) -> list[tuple[list[tuple[float, float, float]], float]]:
    """The three faces that are seen, each with how bright it is: left, right, top."""
    x, y, z, far_x, far_y, top = (
        block.x, block.y, block.z, block.x + block.width, block.y + block.depth, block.z + block.height,
    )  # fmt: skip
    left, right = 0.82 - 0.16 * light, 0.82 + 0.16 * light
    return [
        ([(x, y, z), (x, far_y, z), (x, far_y, top), (x, y, top)], left),
        ([(x, y, z), (far_x, y, z), (far_x, y, top), (x, y, top)], right),
        ([(x, y, top), (far_x, y, top), (far_x, far_y, top), (x, far_y, top)], 1.1),
    ]
