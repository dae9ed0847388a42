"""Rooms: floor, wall, sky and the bend between, where rays meet them."""

import math

import pytest
import torch

from generation.world.room import FAR, FLOOR, SKY, WALL, Room, meet
from generation.world.solids import Surface

PAPER = Surface((0.9, 0.9, 0.9))
INDOORS = Room(PAPER, PAPER, wall_at=-2.0)
OUTDOORS = Room(PAPER, PAPER, outdoors=True)
LOW = Room(PAPER, PAPER, wall_at=-2.0, ground=-1.0)


@pytest.mark.parametrize(
    ("room", "direction", "way", "part"),
    [
        (INDOORS, (0.0, -1.0, 0.0), 1.0, FLOOR),
        (INDOORS, (0.0, 0.0, -1.0), 6.0, WALL),
        (INDOORS, (0.0, -0.6, -0.8), 1 / 0.6, FLOOR),
        (OUTDOORS, (0.0, 0.0, -1.0), FAR, SKY),
        (OUTDOORS, (0.0, 1.0, 0.0), FAR, SKY),
        (OUTDOORS, (0.0, -1.0, 0.0), 1.0, FLOOR),
        (LOW, (0.0, -1.0, 0.0), 2.0, FLOOR),
    ],
    ids=["floor", "wall", "floor before wall", "horizon", "zenith", "lawn", "a floor below a table"],
)
def test_where_a_ray_meets_the_room(room: Room, direction: tuple[float, ...], way: float, part: int) -> None:
    found = meet(room, torch.tensor([[0.0], [1.0], [4.0]]), torch.tensor(direction)[:, None])
    assert found.way.item() == pytest.approx(way, abs=1e-4)
    assert found.part.item() == part


def test_the_bend_is_smooth_from_floor_to_wall() -> None:
    room = Room(PAPER, PAPER, wall_at=-2.0, sweep=1.0)
    angles = torch.linspace(-0.45, 0.2, 400)
    ways = torch.stack([torch.zeros(400), angles.sin(), -angles.cos()])
    origins = torch.tensor([[0.0], [1.0], [3.0]]).expand(3, 400)
    found = meet(room, origins, ways)
    assert (found.normal.square().sum(0) - 1).abs().max() < 1e-4
    turns = (found.normal[:, 1:] * found.normal[:, :-1]).sum(0)
    assert turns.min() > math.cos(0.1)
    points = origins + ways * found.way
    assert points[1].min() >= -1e-4
    assert points[2].min() >= -2.0 - 1e-4
