"""The place without its props: floor, wall, sky and the sweep between floor and wall, met by rays in closed form."""

from dataclasses import dataclass

import torch
from torch import Tensor

from generation.world.solids import Surface

FLOOR, WALL, SKY = 0, 1, 2
FAR = 60.0


@dataclass(frozen=True)
class Room:
    """The wall stands at z = `wall_at`, or there is none and the sky is seen. `sweep`: radius of the bend
    from floor to wall. `water`: beyond this z the floor is water. `ground`: the height of the floor, below 0 where the
    product stands on a table.
    """

    floor: Surface
    wall: Surface
    wall_at: float = -1.5
    outdoors: bool = False
    sweep: float = 0.0
    water: float | None = None
    ground: float = 0.0


@dataclass
class Backdrop:
    """Where rays meet the room: the way there [r], the surface's direction [3, r], and floor, wall or sky [r]."""

    way: Tensor
    normal: Tensor
    part: Tensor


def meet(room: Room, origins: Tensor, directions: Tensor) -> Backdrop:
    """Where each ray meets floor, sweep or wall; the sky is `FAR` away."""
    x, y, z = directions[0], directions[1], directions[2]
    far = torch.full_like(x, FAR)
    to_floor = torch.where(y < -1e-6, (room.ground - origins[1]) / y.clamp(max=-1e-6), far).clamp(0, FAR)
    if room.outdoors:
        part = torch.where(to_floor < FAR, FLOOR, SKY)
        up = torch.stack([torch.zeros_like(x), (part == FLOOR).float(), (part == SKY).float()])
        return Backdrop(to_floor, up, part)
    to_wall = torch.where(z < -1e-6, (room.wall_at - origins[2]) / z.clamp(max=-1e-6), far)
    to_wall = torch.where(to_wall > 0, to_wall, far).clamp(max=FAR)
    way = torch.minimum(to_floor, to_wall)
    part = torch.where(to_floor <= to_wall, FLOOR, WALL)
    normal = torch.stack([torch.zeros_like(x), (part == FLOOR).float(), (part == WALL).float()])
    if room.sweep:
        _bend(room, origins, directions, way, normal)
    return Backdrop(way, normal, part)


def _bend(room: Room, origins: Tensor, directions: Tensor, way: Tensor, normal: Tensor) -> None:
    """Move what lies behind the bend onto it, in place: a quarter of a cylinder seen from its inside."""
    radius = room.sweep
    oy, oz = origins[1] - radius, origins[2] - room.wall_at - radius
    y, z = directions[1], directions[2]
    square, half = y * y + z * z, oy * y + oz * z
    root = (half * half - square * (oy * oy + oz * oz - radius * radius)).clamp(min=0).sqrt()
    to_bend = (root - half) / square
    at_y, at_z = oy + y * to_bend, oz + z * to_bend
    on_bend = (at_y < 0) & (at_z < 0) & (to_bend > 0)
    way.copy_(torch.where(on_bend, to_bend, way))
    normal[1] = torch.where(on_bend, -at_y / radius, normal[1])
    normal[2] = torch.where(on_bend, -at_z / radius, normal[2])
