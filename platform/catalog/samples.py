"""Pictures of made-up products, drawn by code: a sample catalogue that is ours to give away, and photos for tests."""

import colorsys
import math
import random
from collections.abc import Callable
from itertools import pairwise

from PIL import Image

from catalog.sample_drawing import Block, Colour, Scene, shaded

_SUPERSAMPLED = 2  # drawn that much larger, then reduced: smooth edges
_WOODS: tuple[Colour, ...] = ((176, 128, 84), (142, 98, 62), (205, 164, 116), (104, 72, 50))
_GLAZES: tuple[Colour, ...] = (
    (196, 92, 66), (38, 84, 96), (222, 184, 98), (92, 122, 96), (232, 224, 208), (58, 66, 92),
    (206, 150, 140), (128, 60, 72), (146, 172, 180), (224, 138, 80), (70, 70, 72), (168, 152, 190),
)  # fmt: skip
_WALLS = ((0.10, 0.10), (0.58, 0.10), (0.38, 0.09), (0.03, 0.12), (0.72, 0.07))  # hue, saturation


class _Product:
    """What stays the same in every photo of one product: its colours and proportions."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)  # noqa: S311 - pictures, not secrets
        self.main, self.second = draw.sample(_GLAZES, 2)
        self.wood = draw.choice(_WOODS)
        self.wide = draw.uniform(0.88, 1.14)
        self.tall = draw.uniform(0.9, 1.12)
        self.banded = draw.random() < 0.6
        self.band = (draw.uniform(0.2, 0.45), draw.uniform(0.55, 0.8))

    def paint(self, share: float) -> Colour:
        """The colour at a height: a band of the second colour round some products."""
        return self.second if self.banded and self.band[0] < share < self.band[1] else self.main


def kinds() -> list[str]:
    """The nouns that `render_product_photo` knows, in order of the alphabet."""
    return sorted(_PAINTERS)


def render_product_photo(kind: str, seed: int, size: int = 800, *, view: int = 0) -> Image.Image:
    """An RGB picture of product number `seed` of that kind, `size` pixels a side; same arguments, same picture.

    Another `view` is another photo of the same product: other wall, light and distance.
    Raises ValueError for a kind that is not one of `kinds()`.
    """
    if kind not in _PAINTERS:
        raise ValueError(f"There is no sample picture of {kind!r}; there are {', '.join(kinds())}.")
    draw = random.Random(f"{kind} {seed} {view}")  # noqa: S311 - pictures, not secrets
    hue, saturation = draw.choice(_WALLS)
    wall = _colour(hue, saturation, draw.uniform(0.84, 0.95))
    floor = shaded(draw.choice(_WOODS), 1.25) if draw.random() < 0.4 else shaded(wall, 0.9)
    scene = Scene(
        size * _SUPERSAMPLED,
        wall=wall,
        floor=floor,
        light=draw.choice((-1, 1)) * draw.uniform(0.45, 0.85),
        zoom=draw.uniform(0.86, 1.04),
    )
    _PAINTERS[kind](scene, _Product(seed))
    return scene.finished(size)


def _mug(scene: Scene, product: _Product) -> None:
    radius, height = 0.17 * product.wide, 0.36 * product.tall
    scene.shadow(2 * radius)
    side = -1 if scene.light > 0 else 1
    arc = [math.radians(degrees) for degrees in range(-80, 81, 8)]
    handle = [(side * (radius * 0.92 + math.cos(a) * 0.1), height * 0.52 + math.sin(a) * height * 0.3) for a in arc]
    scene.tube(handle, 0.042, product.main)
    scene.turned(lambda t: radius * min(1.0, 0.9 + t), product.paint, bottom=0.0, top=height)
    scene.disc(radius, height, shaded(product.main, 1.1))
    scene.disc(radius * 0.91, height - 0.004, shaded(product.main, 0.6), reverse=True)
    scene.disc(radius * 0.84, height - 0.022, (84, 56, 40), reverse=True)


def _bowl(scene: Scene, product: _Product) -> None:
    radius, height = 0.3 * product.wide, 0.2 * product.tall
    scene.shadow(1.1 * radius)
    scene.turned(lambda t: radius * (0.38 + 0.62 * math.sqrt(t)), product.paint, bottom=0.0, top=height)
    scene.disc(radius, height, shaded(product.main, 1.1))
    scene.disc(radius * 0.94, height - 0.004, shaded(product.second, 0.8), reverse=True)


def _bottle(scene: Scene, product: _Product) -> None:
    radius, height = 0.12 * product.wide, 0.6 * product.tall
    scene.shadow(2 * radius)
    scene.turned(
        lambda t: _through(t, (radius, radius, radius * 0.98, radius * 0.42, radius * 0.38), (0, 0.05, 0.58, 0.78, 1)),
        lambda t: (240, 236, 228) if 0.16 < t < 0.46 else product.main,
        bottom=0.0,
        top=height,
        gloss=0.6,
    )
    scene.turned(lambda _: radius * 0.44, lambda _: shaded(product.second, 0.8), bottom=height, top=height + 0.055)
    scene.disc(radius * 0.44, height + 0.055, product.second)


def _vase(scene: Scene, product: _Product) -> None:
    radius, height = 0.17 * product.wide, 0.48 * product.tall
    scene.shadow(1.4 * radius)
    shape = tuple(radius * part for part in (0.6, 0.95, 1.05, 0.72, 0.42, 0.56))
    scene.turned(
        lambda t: _through(t, shape, (0, 0.25, 0.45, 0.72, 0.9, 1)), product.paint, bottom=0.0, top=height, gloss=0.5
    )
    scene.disc(radius * 0.56, height, shaded(product.main, 1.1))
    scene.disc(radius * 0.46, height - 0.003, shaded(product.main, 0.35), reverse=True)


def _candle(scene: Scene, product: _Product) -> None:
    radius, height = 0.15 * product.wide, 0.24 * product.tall
    scene.shadow(2 * radius)
    label = (0.25, 0.7)
    scene.turned(
        lambda _: radius,
        lambda t: product.second if label[0] < t < label[1] else product.main,
        bottom=0.0,
        top=height,
        gloss=0.5,
    )
    scene.disc(radius, height, shaded(product.main, 1.12))
    scene.disc(radius * 0.92, height - 0.005, (247, 240, 224))
    scene.tube([(0.0, height), (0.004, height + 0.035)], 0.008, (60, 48, 40))
    scene.turned(
        lambda t: 0.013 * math.sin(math.pi * min(1.0, 0.15 + t * 0.85)),
        lambda t: (255, int(232 - 60 * t), 130),
        bottom=height + 0.03,
        top=height + 0.09,
        gloss=0.0,
    )


def _lamp(scene: Scene, product: _Product) -> None:
    foot, height = 0.13 * product.wide, 0.36 * product.tall
    scene.shadow(2 * foot)
    scene.turned(lambda t: foot * (1 - 0.12 * t), lambda _: product.wood, bottom=0.0, top=0.03)
    scene.disc(foot * 0.88, 0.03, shaded(product.wood, 1.1))
    scene.turned(lambda t: 0.02 + 0.028 * math.sin(math.pi * t) ** 2, lambda _: product.wood, bottom=0.03, top=height)
    shade = product.main
    scene.turned(
        lambda t: (0.22 - 0.09 * t) * product.wide,
        lambda t: shaded(shade, 1.18 - 0.2 * t),
        bottom=height - 0.02,
        top=height + 0.25,
        gloss=0.1,
    )
    scene.disc(0.13 * product.wide, height + 0.25, (255, 244, 214))


def _box(scene: Scene, product: _Product) -> None:
    side, height = 0.34 * product.wide, 0.28 * product.tall
    scene.shadow(0.5, depth=0.4, soft=0.035)
    lid = 0.07
    scene.blocks(
        [
            Block(-side / 2, -side / 2, 0, side, side, height - lid, product.main),
            Block(-side / 2 - 0.012, -side / 2 - 0.012, height - lid, side + 0.024, side + 0.024, lid, product.second),
        ],
        turn=0.6,
    )


def _chair(scene: Scene, product: _Product) -> None:
    seat, width, leg = 0.25 * product.tall, 0.3 * product.wide, 0.028
    scene.shadow(0.44, strength=0.36, depth=0.36, soft=0.035)
    near, far = -width / 2, width / 2 - leg
    legs = [Block(x, y, 0, leg, leg, seat, product.wood) for x in (near, far) for y in (near, far)]
    cushion = Block(near - 0.01, near - 0.01, seat, width + 0.02, width + 0.02, 0.045, product.main)
    posts = [Block(x, far, seat + 0.045, leg, leg, 0.3, product.wood) for x in (near, far)]
    back = Block(near, far - 0.004, seat + 0.14, width, 0.03, 0.19, product.main)
    for part in (legs, [cushion], posts, [back]):
        scene.blocks(part)


def _table(scene: Scene, product: _Product) -> None:
    height, width, depth, leg = 0.28 * product.tall, 0.46 * product.wide, 0.3, 0.03
    scene.shadow(0.56, strength=0.36, depth=0.36, soft=0.035)
    xs, ys = (-width / 2 + 0.02, width / 2 - 0.05), (-depth / 2 + 0.02, depth / 2 - 0.05)
    scene.blocks([Block(x, y, 0, leg, leg, height, shaded(product.wood, 0.9)) for x in xs for y in ys])
    scene.blocks([Block(-width / 2, -depth / 2, height, width, depth, 0.03, product.wood)])


def _stool(scene: Scene, product: _Product) -> None:
    radius, height = 0.17 * product.wide, 0.38 * product.tall
    scene.shadow(2.4 * radius, strength=0.34, soft=0.03)
    for top, foot, depth in ((-0.5, -0.85, 0.03), (0.5, 0.85, 0.03), (-0.3, -0.5, -0.03), (0.3, 0.5, -0.03)):
        scene.tube([(radius * foot, depth), (radius * top, height)], 0.032, product.wood)
    scene.tube([(-radius * 0.62, height * 0.34), (radius * 0.62, height * 0.34)], 0.018, product.wood)
    scene.turned(lambda _: radius, lambda _: product.main, bottom=height, top=height + 0.05, gloss=0.2)
    scene.disc(radius, height + 0.05, shaded(product.main, 1.12))


_PAINTERS: dict[str, Callable[[Scene, _Product], None]] = {
    "bottle": _bottle,
    "bowl": _bowl,
    "box": _box,
    "candle": _candle,
    "chair": _chair,
    "lamp": _lamp,
    "mug": _mug,
    "stool": _stool,
    "table": _table,
    "vase": _vase,
}


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _through(share: float, radii: tuple[float, ...], at: tuple[float, ...]) -> float:
    """A smooth curve through the given radii at the given shares of the height."""
    for (start, low), (end, high) in pairwise(zip(at, radii, strict=True)):
        if share <= end:
            along = (share - start) / (end - start)
            return low + (high - low) * (1 - math.cos(math.pi * along)) / 2
    return radii[-1]
