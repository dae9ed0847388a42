"""Six solids as distance functions, all of a kind at once: parameters [n, k] and points [3, r] give distances [n, r].

Each row of parameters starts with the 3x4 matrix that takes a point of the world into the solid's own frame (12
numbers), then its sizes. One matrix product serves all solids of a kind, and what follows is a dozen operations on
[n, r]: at these sizes a picture costs what torch's calls cost, so there are few. Distances of box, tube and arc are
exact; those of cone, ball and lathe are good near the surface.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

FRAME = 12
# Names of the sizes that follow the frame; lengths but for `half_angle` (radians). Tubes and lathes begin at 0.
SIZES = {
    "box": ("half_x", "half_y", "half_z", "rounding"),
    "cone": ("half_height", "bottom", "top", "rounding"),
    "tube": ("length", "start", "end"),
    "ball": ("half_x", "half_y", "half_z"),
    "arc": ("radius", "thickness", "half_angle"),
    "lathe": ("height", "wall", "c0", "c1", "c2", "c3", "c4", "c5", "c6"),
}


def own_frame(rows: Tensor, points: Tensor) -> Tensor:
    """The points in each solid's frame: [n, 3, r]."""
    frames = rows[:, :FRAME].reshape(-1, 4)
    return torch.addmm(frames[:, 3:], frames[:, :3], points).view(len(rows), 3, -1)


def from_axis(local: Tensor) -> Tensor:
    """The distance from the frame's y axis: [n, r]."""
    return torch.addcmul(local[:, 0].square(), local[:, 2], local[:, 2]).sqrt_()


def rounded_corner(across: Tensor, along: Tensor) -> Tensor:
    """The distance to the corner x <= 0, y <= 0 of a plane."""
    inside = torch.maximum(across, along).clamp_(max=0)
    return torch.addcmul(across.relu().square_(), along.relu(), along.relu()).sqrt_().add_(inside)


def box(rows: Tensor, points: Tensor) -> Tensor:
    """A box with rounded edges."""
    rounding = rows[:, 15:16]
    beyond = own_frame(rows, points).abs_().sub_((rows[:, 12:15] - rounding)[:, :, None])
    inside = beyond.amax(1).clamp_(max=0)
    return beyond.relu_().square_().sum(1).sqrt_().add_(inside).sub_(rounding)


def cone(rows: Tensor, points: Tensor) -> Tensor:
    """An upright cut cone, or a cylinder where both radii are one, with rounded edges."""
    local = own_frame(rows, points)
    half, bottom, top, rounding = rows[:, 12:13], rows[:, 13:14], rows[:, 14:15], rows[:, 15:16]
    slope = (top - bottom) / (2 * half)
    y = local[:, 1]
    radius = torch.addcmul((bottom + top) / 2, torch.clamp(y, -half, half), slope)
    across = from_axis(local).sub_(radius).mul_((1 + slope * slope).rsqrt()).add_(rounding)
    return rounded_corner(across, y.abs().sub_(half - rounding)).sub_(rounding)


def tube(rows: Tensor, points: Tensor) -> Tensor:
    """A round rod up its frame's y axis, whose radius changes evenly from start to end."""
    local = own_frame(rows, points)
    length, start, end = rows[:, 12:13], rows[:, 13:14], rows[:, 14:15]
    along = torch.clamp(local[:, 1], torch.zeros_like(length), length)
    local[:, 1] -= along
    return local.square_().sum(1).sqrt_().sub_(start).addcmul_(along, (start - end) / length)


def ball(rows: Tensor, points: Tensor) -> Tensor:
    """An ellipsoid, to first order: the implicit function over the length of its gradient."""
    local = own_frame(rows, points)
    inverse = rows[:, 12:15].reciprocal()[:, :, None]
    local *= inverse
    level = local.square().sum(1).sqrt_()
    steepness = (local * inverse).square_().sum(1).sqrt_().clamp_(min=1e-6)
    return (level - 1).mul_(level).div_(steepness)


def arc(rows: Tensor, points: Tensor) -> Tensor:
    """A bent rod: part of a circle in its frame's x-y plane, `half_angle` to both sides of x; π closes the ring."""
    local = own_frame(rows, points)
    x, y, z = local[:, 0], local[:, 1].abs(), local[:, 2]
    radius, half_angle = rows[:, 12:13], rows[:, 14:15]
    to_ring = (x.square() + y.square()).sqrt_() - radius
    to_end = ((x - radius * half_angle.cos()).square_() + (y - radius * half_angle.sin()).square_()).sqrt_()
    in_plane = torch.where(torch.atan2(y, x) <= half_angle, to_ring, to_end)
    return torch.addcmul(in_plane.square(), z, z).sqrt_().sub_(rows[:, 13:14])


def lathe(rows: Tensor, points: Tensor) -> Tensor:
    """A turned wall, open at both ends: its radius is a polynomial of the height's share, lowest power first.

    `wall` is half its thickness; its rims are rounded.
    """
    local = own_frame(rows, points)
    height, half_wall = rows[:, 12:13], rows[:, 13:14] / 2
    share = (local[:, 1] / height).clamp_(0, 1)
    radius = rows[:, 20:21].expand_as(share)
    slope = torch.zeros_like(share)
    for power in range(19, 13, -1):
        slope = torch.addcmul(radius, slope, share)
        radius = torch.addcmul(rows[:, power : power + 1], radius, share)
    steepness = (slope / height).square_().add_(1).rsqrt_()
    across = (from_axis(local) - radius).abs_().mul_(steepness).sub_(half_wall)
    return rounded_corner(across, (local[:, 1] - height / 2).abs_().sub_(height / 2)).sub_(half_wall)


DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "box": box,
    "cone": cone,
    "tube": tube,
    "ball": ball,
    "arc": arc,
    "lathe": lathe,
}


def bezier_powers(controls: tuple[float, ...]) -> tuple[float, ...]:
    """The polynomial (lowest power first) of the Bézier curve over seven values, whose range it never leaves."""
    differences, powers, ways = list(controls), [], (1, 6, 15, 20, 15, 6, 1)
    for way in ways:
        powers.append(way * differences[0])
        differences = [after - before for before, after in pairwise(differences)]
    return tuple(powers)
