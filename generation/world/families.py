"""The six product families: from a thing's genes to its parts. Each stands on the ground at the origin and faces +z."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from generation.world.primitives import bezier_powers
from generation.world.scenes import PALETTE, Thing
from generation.world.solids import Body, Surface, Triple, Workshop, bounds, pack

# Roughness, metal, grain, softness of each material.
MATERIAL_LOOKS = {
    "matte": (0.75, 0.0, "", 0.0),
    "glossy": (0.18, 0.0, "", 0.0),
    "metal": (0.30, 1.0, "", 0.0),
    "wooden": (0.55, 0.0, "wood", 0.0),
    "woven": (0.95, 0.0, "weave", 0.25),
}
# Where a family bears its mark: middle x and y and half size, before scaling.
MARK_PLACES: dict[str, Triple] = {
    "chair": (0.0, 0.84, 0.11),
    "mug": (0.0, 0.42, 0.17),
    "vase": (0.0, 0.40, 0.15),
    "bag": (0.0, 0.34, 0.15),
}
WRAPPED = ("lamp", "mug", "vase")
QUARTER = math.pi / 2


@dataclass(frozen=True)
class Paints:
    """The numbers of a product's surfaces: its main one, its trim in the second colour, a small accent, metal."""

    main: int
    trim: int
    accent: int
    steel: int


class Genes:
    """Reads lengths and choices out of genes by their place."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = values

    def between(self, index: int, low: float, high: float) -> float:
        """The gene as a length in a range."""
        return low + (high - low) * self.values[index]

    def choice(self, index: int, count: int) -> int:
        """The gene as one of so many choices."""
        return min(int(self.values[index] * count), count - 1)


def product(thing: Thing, azimuth: float, device: str = "cpu") -> tuple[Body, list[Surface], float, float]:
    """The product's body turned by azimuth, its surfaces, its scale, and its height once scaled.

    The scale makes the greatest of height, 0.85 width and 0.85 depth 1, so that all families fill a picture alike.
    """
    workshop = Workshop()
    workshop.group()
    paints = _paints(workshop, thing)
    BUILDERS[thing.family](workshop, Genes(thing.genes), paints)
    low, high = bounds(workshop.groups[0])
    extent = (high - low) * np.array([0.85, 1.0, 0.85])
    scale = float(1.0 / extent.max())
    body = pack(workshop.groups[0], yaw=azimuth, scale=scale, product=True, device=device)
    return body, workshop.surfaces, scale, float(high[1]) * scale


def _paints(workshop: Workshop, thing: Thing) -> Paints:
    genes = Genes(thing.genes)
    roughness, metal, grain, soft = MATERIAL_LOOKS[thing.material]
    main = Surface(
        colour=PALETTE[thing.colour],
        second=PALETTE[thing.second_colour],
        pattern=thing.pattern,
        scale=genes.between(9, 2.6, 4.2),
        roughness=roughness,
        metal=metal,
        grain=grain,
        fine=2.4 if grain == "weave" else 1.0,
        soft=soft,
        wrapped=thing.family in WRAPPED,
        mark=thing.mark,
        mark_colour=PALETTE[thing.mark_colour],
        mark_place=MARK_PLACES.get(thing.family, (0.0, 0.0, 0.0)),
    )
    trim_grain = "wood" if grain == "wood" else ""
    trim = Surface(PALETTE[thing.second_colour], roughness=max(roughness, 0.25), metal=metal, grain=trim_grain)
    accent = Surface(PALETTE[thing.mark_colour], roughness=0.5)
    steel = Surface((0.75, 0.75, 0.76), roughness=0.25, metal=1.0)
    return Paints(*(workshop.paint(surface) for surface in (main, trim, accent, steel)))


def _chair(make: Workshop, genes: Genes, paints: Paints) -> None:
    half, seat, back = genes.between(0, 0.25, 0.33), genes.between(1, 0.40, 0.50), genes.between(2, 0.24, 0.36)
    thick = genes.between(3, 0.03, 0.065)
    make.box((0, seat, 0), (half, thick, half), paints.main, rounding=thick * 0.85)
    style = genes.choice(4, 3)
    if style == 0:
        width = half * genes.between(5, 0.85, 1.0)
        make.box(
            (0, seat + back + 0.06, -half + 0.02), (width, back, 0.04), paints.main, rounding=0.035, turn=(-0.12, 0, 0)
        )
    elif style == 1:
        for side in (-1, 1):
            make.tube(
                (side * half * 0.85, seat, -half + 0.04),
                (side * half * 0.9, seat + 2 * back, -half - 0.04),
                0.026,
                paints.trim,
            )
        for level in (0.75, 1.3, 1.85):
            lean = -0.04 * level / 1.85
            make.box(
                (0, seat + back * level, -half + 0.04 + lean),
                (half * 0.9, back * 0.19, 0.022),
                paints.main,
                rounding=0.02,
            )
    else:
        for side in (-1, 0, 1):
            make.tube(
                (side * half * 0.6, seat, -half + 0.05),
                (side * half * 0.7, seat + 2 * back - 0.1, -half - 0.03),
                0.022,
                paints.trim,
            )
        make.box(
            (0, seat + 2 * back - 0.06, -half - 0.02),
            (half, 0.12, 0.035),
            paints.main,
            rounding=0.03,
            turn=(-0.1, 0, 0),
        )
    if genes.values[7] > 0.62:
        for side in (-1, 1):
            make.box((side * half, seat + 0.2, 0.02), (0.035, 0.028, half * 0.88), paints.trim, rounding=0.025)
            make.tube((side * half, seat, half * 0.7), (side * half, seat + 0.2, half * 0.7), 0.022, paints.trim)
    _chair_base(make, genes, paints, half, seat)


def _chair_base(make: Workshop, genes: Genes, paints: Paints, half: float, seat: float) -> None:
    if genes.values[8] < 0.76:
        splay, radius = genes.between(6, 0.78, 1.12), genes.between(5, 0.024, 0.042)
        for side in (-1, 1):
            for depth in (-1, 1):
                foot = (side * half * splay, 0.015, depth * half * splay)
                make.tube((side * half * 0.78, seat, depth * half * 0.78), foot, radius, paints.trim, tip=radius * 0.7)
    else:
        make.cone((0, seat / 2, 0), (seat / 2, 0.035, 0.035), paints.trim)
        make.cone((0, 0.022, 0), (0.022, half * 0.95, half * 0.85), paints.trim, rounding=0.02)


def _table(make: Workshop, genes: Genes, paints: Paints) -> None:
    half, height, thick = genes.between(0, 0.45, 0.6), genes.between(1, 0.44, 0.64), genes.between(2, 0.022, 0.05)
    deep = genes.between(3, 0.32, 0.45)
    if genes.values[4] < 0.5:
        make.box((0, height, 0), (half, thick, deep), paints.main, rounding=0.02)
    else:
        half = deep = half * 0.9
        make.cone((0, height, 0), (thick, half, half), paints.main, rounding=0.02)
    if genes.values[5] < 0.33:
        make.lathe(
            (0, 0.02, 0), height - 0.02, _radii(genes, 0.12, 0.05, 0.07, 0.04, 0.09, 0.05, 0.14), paints.trim, wall=0.03
        )
        make.cone((0, 0.025, 0), (0.025, half * 0.62, half * 0.5), paints.trim, rounding=0.02)
        return
    splay, radius = genes.between(6, 0.78, 1.08), genes.between(7, 0.024, 0.048)
    for side in (-1, 1):
        for end in (-1, 1):
            foot = (side * half * 0.76 * splay, 0.015, end * deep * 0.76 * splay)
            make.tube(
                (side * half * 0.76, height - radius, end * deep * 0.76), foot, radius, paints.trim, tip=radius * 0.7
            )
    if genes.values[8] > 0.6:
        make.box((0, height * 0.4, 0), (half * 0.74, 0.018, deep * 0.74), paints.accent, rounding=0.012)


def _lamp(make: Workshop, genes: Genes, paints: Paints) -> None:
    height, wide = genes.between(0, 0.52, 0.74), genes.between(1, 0.24, 0.36)
    shade = genes.between(3, 0.26, 0.38)
    narrow = wide * genes.between(2, 0.42, 1.0)
    bulge = genes.between(10, -0.03, 0.09)
    radii = [wide + (narrow - wide) * step / 6 + bulge * math.sin(math.pi * step / 6) for step in range(7)]
    make.lathe((0, height, 0), shade, radii, paints.main, wall=0.016)
    make.ball((0, height + shade * 0.45, 0), (0.07, 0.09, 0.07), paints.accent)
    style = genes.choice(4, 3)
    make.tube((0, 0.03 if style < 2 else height * 0.7, 0), (0, height + shade * 0.4, 0), 0.022, paints.trim)
    if style == 0:
        foot = genes.between(5, 0.16, 0.25)
        make.cone((0, 0.025, 0), (0.025, foot, foot * 0.85), paints.trim, rounding=0.02)
    elif style == 1:
        belly = genes.between(5, 0.13, 0.24)
        make.lathe(
            (0, 0.0, 0),
            height * 0.82,
            (belly * 0.6, belly * 1.1, belly * 1.5, belly, belly * 0.3, 0.03, 0.03),
            paints.trim,
        )
        make.cone((0, 0.02, 0), (0.02, belly * 0.68, belly * 0.62), paints.trim)
    else:
        for leg in range(3):
            angle = leg * math.tau / 3 + 0.5
            foot_at = (0.26 * math.sin(angle), 0.015, 0.26 * math.cos(angle))
            make.tube((0, height * 0.95, 0), foot_at, 0.022, paints.trim, tip=0.016)


def _mug(make: Workshop, genes: Genes, paints: Paints) -> None:
    radius, height = genes.between(0, 0.27, 0.37), genes.between(1, 0.58, 0.9)
    foot, belly = genes.between(2, 0.72, 1.12), genes.between(3, -0.06, 0.09)
    radii = tuple(radius * (foot + (1 - foot) * step / 6) + belly * math.sin(math.pi * step / 6) for step in range(7))
    make.lathe((0, 0, 0), height, radii, paints.main, wall=0.045)
    make.cone((0, 0.025, 0), (0.025, radii[0], radii[0]), paints.main)
    level = 0.8
    drink = _radius_at(radii, level) - 0.01
    make.cone((0, height * level, 0), (0.01, drink, drink), paints.accent)
    ring = genes.between(4, 0.17, 0.27) * height
    middle = genes.between(6, 0.46, 0.56)
    at = min(_radius_at(radii, middle + side * ring / height) for side in (-1, 1))
    make.arc((at, height * middle, 0), (ring, genes.between(5, 0.032, 0.05), QUARTER), paints.trim)


def _vase(make: Workshop, genes: Genes, paints: Paints) -> None:
    height = genes.between(0, 0.72, 1.0)
    ranges = ((0.13, 0.24), (0.16, 0.46), (0.26, 0.52), (0.16, 0.46), (0.02, 0.26), (0.06, 0.14), (0.10, 0.24))
    radii = tuple(genes.between(index + 1, low, high) for index, (low, high) in enumerate(ranges))
    make.lathe((0, 0, 0), height, radii, paints.main, wall=0.04)
    make.cone((0, 0.02, 0), (0.02, radii[0], radii[0]), paints.main)
    if genes.values[8] > 0.66:
        for index, (aside, ahead, up) in enumerate(((-0.15, 0.04, 0.2), (0.14, 0.08, 0.26), (0.0, -0.1, 0.32))):
            top = (aside, height + up, ahead)
            make.tube((0, height * 0.6, 0), top, 0.013, paints.trim)
            size = 0.075 - 0.006 * index
            make.ball((aside, height + up + 0.03, ahead), (size, size * 0.8, size), paints.accent)
    elif genes.values[10] > 0.62:
        low, ring = _radius_at(radii, 0.5), 0.16 * height
        for side in (0.0, math.pi):
            reach = low * math.cos(side)
            make.arc((reach * 0.98, height * 0.6, 0), (ring, 0.03, QUARTER + 0.25), paints.trim, turn=(0, side, 0))


def _bag(make: Workshop, genes: Genes, paints: Paints) -> None:
    half, tall, deep = genes.between(0, 0.30, 0.42), genes.between(1, 0.24, 0.34), genes.between(2, 0.10, 0.17)
    make.box((0, tall, 0), (half, tall, deep), paints.main, rounding=genes.between(3, 0.03, 0.09))
    ring, thick = half * genes.between(4, 0.42, 0.66), genes.between(5, 0.020, 0.034)
    for side in (-1, 1):
        make.arc((0, 2 * tall - 0.03, side * deep * 0.62), (ring, thick, QUARTER), paints.trim, turn=(0, 0, QUARTER))
    if genes.values[6] > 0.5:
        make.box((0, tall * 1.75, deep * 0.12), (half * 1.015, tall * 0.27, deep * 0.96), paints.trim, rounding=0.04)
        make.box((0, tall * 1.48, deep * 1.06), (0.045, 0.055, 0.02), paints.steel, rounding=0.012)
    elif genes.values[7] > 0.5:
        make.box((0, tall * 0.72, deep), (half * 0.7, tall * 0.5, 0.03), paints.trim, rounding=0.025)


def _radii(genes: Genes, *controls: float) -> tuple[float, ...]:
    """A turned leg's control radii, made thicker or thinner by two genes."""
    return tuple(control * genes.between(6 + index % 2, 0.85, 1.5) for index, control in enumerate(controls))


def _radius_at(radii: tuple[float, ...], share: float) -> float:
    """The radius of a lathe's curve at a share of its height."""
    return sum(power * share**index for index, power in enumerate(bezier_powers(radii)))


BUILDERS: dict[str, Callable[[Workshop, Genes, Paints], None]] = {
    "chair": _chair,
    "table": _table,
    "lamp": _lamp,
    "mug": _mug,
    "vase": _vase,
    "bag": _bag,
}
