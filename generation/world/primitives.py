"""Six solids as distance functions, all of a kind at once: parameters [n, k] and points [3, r] give distances [n, r].

Each row of parameters starts with the 3x4 matrix that takes a point of the world into the solid's own frame (12 numbers),
then its sizes. The distances of box, tube, arc and of the flat cone are exact; those of ball and lathe are good near the surface.
"""

import torch
from torch import Tensor

FRAME = 12
# Names of the sizes that follow the frame; lengths but for `half_angle` (radians).
SIZES = {
    "box": ("half_x", "half_y", "half_z", "rounding"),
    "cone": ("half_height", "bottom", "top", "rounding"),
    "tube": ("along_x", "along_y", "along_z", "start", "end"),
    "ball": ("half_x", "half_y", "half_z"),
    "arc": ("radius", "thickness", "half_angle"),
    "lathe": ("height", "wall", "c0", "c1", "c2", "c3", "c4", "c5", "c6"),
}
TINY = 1e-12


def own_frame(rows: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The points in each solid's frame: x, y and z, each [n, r]."""
    x, y, z = points[0], points[1], points[2]
    first = rows[:, 0:1] * x + rows[:, 1:2] * y + rows[:, 2:3] * z + rows[:, 3:4]
    second = rows[:, 4:5] * x + rows[:, 5:6] * y + rows[:, 6:7] * z + rows[:, 7:8]
    third = rows[:, 8:9] * x + rows[:, 9:10] * y + rows[:, 10:11] * z + rows[:, 11:12]
    return first, second, third


def length(*parts: Tensor) -> Tensor:
    """The Euclidean length of a vector given by its parts."""
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = total + part * part
    return (total + TINY).sqrt()


def rounded_corner(across: Tensor, along: Tensor) -> Tensor:
    """The distance to the corner x <= 0, y <= 0 of a plane."""
    return length(across.relu(), along.relu()) + torch.maximum(across, along).clamp(max=0)


def box(rows: Tensor, points: Tensor) -> Tensor:
    """A box with rounded edges."""
    x, y, z = own_frame(rows, points)
    rounding = rows[:, 15:16]
    x = x.abs() - rows[:, 12:13] + rounding
    y = y.abs() - rows[:, 13:14] + rounding
    z = z.abs() - rows[:, 14:15] + rounding
    inside = torch.maximum(x, torch.maximum(y, z)).clamp(max=0)
    return length(x.relu(), y.relu(), z.relu()) + inside - rounding


def cone(rows: Tensor, points: Tensor) -> Tensor:
    """An upright cut cone, or a cylinder where both radii are one, with rounded edges."""
    x, y, z = own_frame(rows, points)
    half, bottom, top, rounding = rows[:, 12:13], rows[:, 13:14], rows[:, 14:15], rows[:, 15:16]
    share = (y / half * 0.5 + 0.5).clamp(0, 1)
    slope = (top - bottom) / (2 * half)
    across = (length(x, z) - bottom - (top - bottom) * share) * (1 + slope * slope).rsqrt() + rounding
    return rounded_corner(across, y.abs() - half + rounding) - rounding


def tube(rows: Tensor, points: Tensor) -> Tensor:
    """A round rod from its frame's origin, whose radius changes evenly from start to end."""
    x, y, z = own_frame(rows, points)
    ax, ay, az = rows[:, 12:13], rows[:, 13:14], rows[:, 14:15]
    share = ((x * ax + y * ay + z * az) / (ax * ax + ay * ay + az * az)).clamp(0, 1)
    return (
        length(x - share * ax, y - share * ay, z - share * az)
        - rows[:, 15:16]
        - share * (rows[:, 16:17] - rows[:, 15:16])
    )


def ball(rows: Tensor, points: Tensor) -> Tensor:
    """An ellipsoid, to first order: the implicit function over the length of its gradient."""
    x, y, z = own_frame(rows, points)
    x, y, z = x / rows[:, 12:13], y / rows[:, 13:14], z / rows[:, 14:15]
    level = length(x, y, z)
    return level * (level - 1) / length(x / rows[:, 12:13], y / rows[:, 13:14], z / rows[:, 14:15])


def arc(rows: Tensor, points: Tensor) -> Tensor:
    """A bent rod: part of a circle in its frame's x-y plane, `half_angle` to both sides of the x axis; π closes the ring."""
    x, y, z = own_frame(rows, points)
    radius, half_angle = rows[:, 12:13], rows[:, 14:15]
    end_x, end_y = radius * half_angle.cos(), radius * half_angle.sin()
    y = y.abs()
    beside = torch.atan2(y, x) <= half_angle
    in_plane = torch.where(beside, length(x, y) - radius, length(x - end_x, y - end_y))
    return length(in_plane, z) - rows[:, 13:14]


def lathe(rows: Tensor, points: Tensor) -> Tensor:
    """A turned wall, open at both ends: its radius is a polynomial of the height's share, lowest power first."""
    x, y, z = own_frame(rows, points)
    height, wall = rows[:, 12:13], rows[:, 13:14]
    share = (y / height).clamp(0, 1)
    radius, slope = rows[:, 20:21], torch.zeros_like(rows[:, 20:21])
    for power in range(19, 13, -1):
        slope = slope * share + radius
        radius = radius * share + rows[:, power : power + 1]
    slope = slope / height
    across = (length(x, z) - radius).abs() * (1 + slope * slope).rsqrt() - wall * 0.5
    return rounded_corner(across, (y - height * 0.5).abs() - height * 0.5) - wall * 0.5


DISTANCES = {"box": box, "cone": cone, "tube": tube, "ball": ball, "arc": arc, "lathe": lathe}


def nearest(kind: str, rows: Tensor, points: Tensor) -> Tensor:
    """The distance to the nearest of all solids of a kind: [r]."""
    return DISTANCES[kind](rows, points).amin(0)


def bezier_powers(controls: tuple[float, ...]) -> tuple[float, ...]:
    """The polynomial (lowest power first) of the Bézier curve over seven control values, which it never leaves."""
    differences, powers, ways = list(controls), [], (1, 6, 15, 20, 15, 6, 1)
    for way in ways:
        powers.append(way * differences[0])
        differences = [after - before for before, after in zip(differences, differences[1:], strict=False)]
    return tuple(powers)
