"""Patterns, grains and marks as functions of a place on a surface; each gives a share of another colour, 0 to 1."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

TAU = 2 * math.pi


def flat_place(points: Tensor, normal: Tensor) -> tuple[Tensor, Tensor]:
    """Two coordinates on the side that a point lies on, by the axis its normal is nearest to."""
    size = normal.abs()
    on_top = (size[1] >= size[0]) & (size[1] >= size[2])
    on_side = ~on_top & (size[0] > size[2])
    return torch.where(on_side, points[2], points[0]), torch.where(on_top, points[2], points[1])


def wrapped_place(points: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Two coordinates round the upright axis: a whole number of repeats goes round, so that a pattern closes."""
    turns = max(round(scale * 2.2), 4)
    angle = torch.atan2(points[0], points[2]) / TAU
    return angle * turns / scale + 0.25 / scale, points[1]


def noise(u: Tensor, v: Tensor) -> Tensor:
    """Smooth value noise, 0 to 1, one lattice cell a unit."""
    left, low = u.floor(), v.floor()
    across, up = u - left, v - low
    across, up = across * across * (3 - 2 * across), up * up * (3 - 2 * up)
    below = _hash(left, low) * (1 - across) + _hash(left + 1, low) * across
    above = _hash(left, low + 1) * (1 - across) + _hash(left + 1, low + 1) * across
    return below * (1 - up) + above * up


def _hash(i: Tensor, j: Tensor) -> Tensor:
    # Whole numbers in int64: a sine of large floats differs between machines.
    mixed = (i.long() * 73856093) ^ (j.long() * 19349663)
    mixed = (mixed ^ (mixed >> 13)) * 1274126177
    return ((mixed ^ (mixed >> 16)) & 0xFFFF).float() / 65535.0


def striped(u: Tensor, _v: Tensor) -> Tensor:
    """Upright stripes."""
    return (torch.frac(u + 64.25) < 0.5).float()


def banded(_u: Tensor, v: Tensor) -> Tensor:
    """Lying stripes."""
    return (torch.frac(v + 64.0) < 0.45).float()


def checked(u: Tensor, v: Tensor) -> Tensor:
    """A chessboard."""
    return ((torch.floor(u * 2 + 0.5) + torch.floor(v * 2)) % 2).abs()


def dotted(u: Tensor, v: Tensor) -> Tensor:
    """Round dots, every second row moved by half."""
    line = torch.floor(v * 1.5)
    across, up = torch.frac(u * 1.5 + 64.0 + 0.5 * (line % 2)) - 0.5, torch.frac(v * 1.5 + 64.0) - 0.5
    return (across * across + up * up < 0.085).float()


def speckled(u: Tensor, v: Tensor) -> Tensor:
    """Small irregular flecks."""
    return (noise(u * 17, v * 17) * 0.6 + noise(u * 41 + 7, v * 41) * 0.4 > 0.71).float()


def marbled(u: Tensor, v: Tensor) -> Tensor:
    """Thin wandering veins."""
    bend = 2.6 * noise(u * 1.3, v * 1.3) + 1.2 * noise(u * 3.1 + 5, v * 3.1)
    return (1 - torch.sin((u + 0.6 * v) * 2.4 + bend * 2.2).abs()) ** 5


def planks(u: Tensor, v: Tensor) -> Tensor:
    """Boards along u, with seams and a tone of their own."""
    line = torch.floor(v)
    tone = _hash(line, torch.floor(u / 4 + line * 0.37))
    seam = torch.maximum((torch.frac(v + 64) < 0.03).float(), (torch.frac(u / 4 + line * 0.37 + 64) < 0.006).float())
    streak = noise(u * 1.2 + line * 9, v * 14)
    return (0.45 * tone + 0.35 * streak + 0.8 * seam).clamp(0, 1)


def tiles(u: Tensor, v: Tensor) -> Tensor:
    """Square tiles: only their joints."""
    return ((torch.frac(u + 64) < 0.045) | (torch.frac(v + 64) < 0.045)).float()


def chequered(u: Tensor, v: Tensor) -> Tensor:
    """Square tiles of two tones."""
    return ((torch.floor(u) + torch.floor(v)) % 2).abs()


def bricks(u: Tensor, v: Tensor) -> Tensor:
    """Brickwork: joints, and a little difference from brick to brick."""
    line = torch.floor(v * 2)
    across = u * 0.9 + 0.5 * (line % 2)
    joint = ((torch.frac(v * 2 + 64) < 0.10) | (torch.frac(across + 64) < 0.045)).float()
    return (joint + (1 - joint) * 0.35 * _hash(torch.floor(across), line)).clamp(0, 1)


def grass(u: Tensor, v: Tensor) -> Tensor:
    """Blades and patches."""
    return (0.45 * noise(u * 1.2, v * 1.2) + 0.55 * noise(u * 14, v * 9)).clamp(0, 1)


def sand(u: Tensor, v: Tensor) -> Tensor:
    """Ripples and grains."""
    ripple = 0.5 + 0.5 * torch.sin((v + 0.35 * noise(u, v * 0.8)) * 7)
    return (0.4 * ripple + 0.3 * noise(u * 30, v * 30) + 0.3 * noise(u * 1.1, v * 1.1)).clamp(0, 1)


def carpet(u: Tensor, v: Tensor) -> Tensor:
    """A short pile."""
    return 0.6 * noise(u * 40, v * 40) + 0.4 * noise(u * 2, v * 2)


def wood(u: Tensor, v: Tensor) -> Tensor:
    """Grain along v."""
    bend = noise(u * 2.0, v * 0.8)
    rings = 0.5 + 0.5 * torch.sin((u * 3.2 + 1.4 * bend) * TAU)
    return 0.55 * rings + 0.45 * noise(u * 30, v * 2.5)


def weave(u: Tensor, v: Tensor) -> Tensor:
    """A basket weave of threads."""
    across, up = torch.sin(u * TAU * 9), torch.sin(v * TAU * 9)
    over = (torch.floor(u * 18) + torch.floor(v * 18)) % 2
    return torch.where(over > 0.5, across.abs(), up.abs())


PATTERN_SHARES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    function.__name__: function
    for function in (
        striped,
        banded,
        checked,
        dotted,
        speckled,
        marbled,
        planks,
        tiles,
        chequered,
        bricks,
        grass,
        sand,
        carpet,
    )
}
GRAIN_SHARES = {"wood": wood, "weave": weave}


def mark_share(mark: str, u: Tensor, v: Tensor) -> Tensor:
    """1 inside a logo mark that spans -1 to 1 both ways."""
    radius, angle = (u * u + v * v).sqrt(), torch.atan2(u, v)
    depth = {
        "circle": lambda: 1 - radius,
        "square": lambda: 0.82 - torch.maximum(u.abs(), v.abs()),
        "triangle": lambda: torch.minimum(v + 0.62, 0.46 - v * 0.5 - u.abs() * 0.86),
        "ring": lambda: 0.24 - (radius - 0.74).abs(),
        "cross": lambda: torch.maximum(
            torch.minimum(0.3 - u.abs(), 0.95 - v.abs()), torch.minimum(0.3 - v.abs(), 0.95 - u.abs())
        ),
        "star": lambda: 0.66 + 0.34 * torch.cos(angle * 5) - radius,
    }[mark]()
    return (depth > 0).float()
