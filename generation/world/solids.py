"""A scene's solids as data: parts with a place, a turn, sizes and a surface, in groups, and packed for evaluation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generation.world.primitives import SIZES, bezier_powers

Triple = tuple[float, float, float]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Surface:
    """What a part's outside looks like. Colours are sRGB; `scale` is a pattern's repeats for each unit of length,
    `fine` a grain's.

    `wrapped` patterns run round the product's upright axis, others lie flat on the side they are on. `soft` parts
    lighten at their edges as cloth does; `glow` is light of its own, as a share of the colour.
    """

    colour: Triple
    second: Triple = (0.0, 0.0, 0.0)
    pattern: str = "plain"
    scale: float = 6.0
    roughness: float = 0.6
    metal: float = 0.0
    grain: str = ""
    fine: float = 1.0
    glow: float = 0.0
    soft: float = 0.0
    wrapped: bool = False
    mark: str = ""
    mark_colour: Triple = (0.0, 0.0, 0.0)
    mark_place: Triple = (0.0, 0.0, 0.0)  # x, y of its middle, and its half size, in the product's frame
    facing: float = 0.35


@dataclass(frozen=True)
class Part:
    """One solid: its kind, the place of its origin, its turn about x, then y, then z, sizes as `SIZES` lists them."""

    kind: str
    place: Triple
    turn: Triple
    sizes: tuple[float, ...]
    surface: int


@dataclass
class Body:
    """Parts that are marched together: rows of each kind, each row's surface in the same order, a box around all."""

    rows: dict[str, Tensor]
    surfaces: Tensor
    low: Tensor
    high: Tensor
    product: bool = False


@dataclass
class Workshop:
    """Builds parts in groups; the groups share one list of surfaces."""

    surfaces: list[Surface] = field(default_factory=list)
    groups: list[list[Part]] = field(default_factory=list)

    def group(self) -> None:
        """Put what follows into a group of its own: things that stand close together, apart from the rest."""
        self.groups.append([])

    def paint(self, surface: Surface) -> int:
        """The number of a surface."""
        if surface in self.surfaces:
            return self.surfaces.index(surface)
        self.surfaces.append(surface)
        return len(self.surfaces) - 1

    def add(self, kind: str, place: Triple, sizes: Sequence[float], surface: int, turn: Triple = (0, 0, 0)) -> None:
        """One more part in the last group."""
        self.groups[-1].append(Part(kind, place, turn, tuple(sizes), surface))

    def box(
        self, place: Triple, half: Triple, surface: int, *, rounding: float = 0.02, turn: Triple = (0, 0, 0)
    ) -> None:
        """A box around its place."""
        self.add("box", place, (*half, min(rounding, *half)), surface, turn)

    def cone(
        self, place: Triple, sizes: Triple, surface: int, *, rounding: float = 0.01, turn: Triple = (0, 0, 0)
    ) -> None:
        """An upright cut cone around its place: half height, radius below, radius above."""
        self.add("cone", place, (*sizes, min(rounding, sizes[0], max(sizes[1:]))), surface, turn)

    def tube(self, start: Triple, end: Triple, radius: float, surface: int, *, tip: float | None = None) -> None:
        """A rod between two points."""
        x, y, z = (b - a for a, b in zip(start, end, strict=True))
        length = math.sqrt(x * x + y * y + z * z)
        turn = (math.acos(max(-1.0, min(1.0, y / length))), math.atan2(x, z), 0.0)
        self.add("tube", start, (length, radius, radius if tip is None else tip), surface, turn)

    def ball(self, place: Triple, half: Triple, surface: int, turn: Triple = (0, 0, 0)) -> None:
        """An ellipsoid around its place."""
        self.add("ball", place, half, surface, turn)

    def arc(self, place: Triple, sizes: Triple, surface: int, turn: Triple = (0, 0, 0)) -> None:
        """A bent rod: radius, thickness, half angle; it opens away from its frame's x axis."""
        self.add("arc", place, sizes, surface, turn)

    def lathe(self, place: Triple, height: float, radii: Sequence[float], surface: int, *, wall: float = 0.03) -> None:
        """A turned wall, twice `wall` thick, on its place; seven radii steer its curve from below to above."""
        self.add("lathe", place, (height, wall, *radii), surface)


def rotation(turn: Triple) -> Matrix:
    """The matrix that turns about x, then y, then z (radians)."""
    (sx, sy, sz), (cx, cy, cz) = (tuple(map(f, turn)) for f in (math.sin, math.cos))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    turned: Matrix = about_z @ about_y @ about_x
    return turned


def half_extents(part: Part) -> tuple[Matrix, Matrix]:
    """The middle and the half sizes of a box around a part, in the part's own frame."""
    sizes = part.sizes
    middle = np.zeros(3)
    if part.kind in ("box", "ball"):
        half = np.array(sizes[:3])
    elif part.kind == "cone":
        radius = max(sizes[1:3])
        half = np.array([radius, sizes[0], radius])
    elif part.kind == "tube":
        radius = max(sizes[1:])
        middle, half = np.array([0, sizes[0] / 2, 0]), np.array([radius, sizes[0] / 2 + radius, radius])
    elif part.kind == "arc":
        half = np.array([sizes[0] + sizes[1], sizes[0] + sizes[1], sizes[1]])
    else:
        radius = max(sizes[2:]) + sizes[1]
        middle, half = np.array([0, sizes[0] / 2, 0]), np.array([radius, sizes[0] / 2 + sizes[1], radius])
    return middle, half


def bounds(parts: Sequence[Part], frame: Matrix | None = None) -> tuple[Matrix, Matrix]:
    """The lowest and highest corner of a box around parts, turned by a matrix."""
    frame = np.eye(3) if frame is None else frame
    lows, highs = [], []
    for part in parts:
        turned = frame @ rotation(part.turn)
        middle, half = half_extents(part)
        centre, reach = frame @ np.array(part.place) + turned @ middle, np.abs(turned) @ half
        lows.append(centre - reach)
        highs.append(centre + reach)
    return np.min(lows, axis=0), np.max(highs, axis=0)


def scaled_sizes(part: Part, scale: float) -> tuple[float, ...]:
    """The part's sizes times a scale: all but an arc's angle are lengths."""
    return tuple(size if part.kind == "arc" and place == 2 else size * scale for place, size in enumerate(part.sizes))


def moved(parts: Sequence[Part], scale: float, lift: float) -> list[Part]:
    """The parts scaled about the origin, then lifted."""
    return [
        Part(
            part.kind,
            (part.place[0] * scale, part.place[1] * scale + lift, part.place[2] * scale),
            part.turn,
            scaled_sizes(part, scale),
            part.surface,
        )
        for part in parts
    ]


def row(part: Part, frame: Matrix, scale: float) -> list[float]:
    """A part's parameters once its whole group is turned by a matrix and scaled."""
    turned = frame @ rotation(part.turn)
    inverse = turned.T
    offset = -inverse @ (frame @ np.array(part.place)) * scale
    sizes = list(scaled_sizes(part, scale))
    if part.kind == "lathe":
        sizes[2:] = bezier_powers(tuple(sizes[2:]))
    return [*np.column_stack([inverse, offset]).ravel().tolist(), *sizes]


def pack(
    parts: Sequence[Part], *, yaw: float = 0.0, scale: float = 1.0, product: bool = False, device: str = "cpu"
) -> Body:
    """The parts as a body, turned about the upright axis and scaled."""
    frame = rotation((0.0, yaw, 0.0))
    rows: dict[str, Tensor] = {}
    surfaces: list[int] = []
    for kind in SIZES:
        of_kind = [part for part in parts if part.kind == kind]
        if of_kind:
            rows[kind] = torch.tensor([row(part, frame, scale) for part in of_kind], dtype=torch.float32, device=device)
            surfaces += [part.surface for part in of_kind]
    low, high = bounds(parts, frame)
    return Body(
        rows=rows,
        surfaces=torch.tensor(surfaces, device=device),
        low=torch.tensor(low * scale, dtype=torch.float32, device=device),
        high=torch.tensor(high * scale, dtype=torch.float32, device=device),
        product=product,
    )
