"""Parts and bodies: boxes around them, moving, turning, and what the workshop builds."""

import math

import numpy as np
import pytest
import torch

from generation.world.families import product
from generation.world.march import distance
from generation.world.sampling import sample_thing
from generation.world.scenes import FAMILIES
from generation.world.solids import Body, Part, Surface, Workshop, bounds, moved, pack, rotation, scaled_sizes


def workshop() -> Workshop:
    """A box on the ground, a bent handle at its side and a rod across."""
    make = Workshop()
    make.group()
    paint = make.paint(Surface((1.0, 0.0, 0.0)))
    make.box((0.0, 0.2, 0.0), (0.3, 0.2, 0.1), paint)
    make.arc((0.3, 0.2, 0.0), (0.1, 0.02, 1.5), paint)
    make.tube((-0.5, 0.1, 0.0), (0.5, 0.3, 0.2), 0.03, paint)
    return make


@pytest.mark.parametrize(
    ("turn", "point", "expected"),
    [
        ((math.pi / 2, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((0, math.pi / 2, 0), (0, 0, 1), (1, 0, 0)),
        ((0, 0, math.pi / 2), (1, 0, 0), (0, 1, 0)),
        ((math.pi / 2, math.pi / 2, 0), (0, 1, 0), (1, 0, 0)),
    ],
    ids=["x", "y", "z", "x then y"],
)
def test_turns(turn: tuple[float, float, float], point: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert rotation(turn) @ np.array(point) == pytest.approx(np.array(expected), abs=1e-9)


@pytest.mark.parametrize(
    ("start", "end"),
    [((0, 0, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, 0)), ((0.2, 0, 0.1), (-0.4, 0.5, 0.9)), ((0, 0, 0), (1, 0, 0))],
    ids=["up", "down", "aslant", "level"],
)
def test_a_tube_reaches_from_its_start_to_its_end(start: tuple[float, ...], end: tuple[float, ...]) -> None:
    make = Workshop()
    make.group()
    make.tube((start[0], start[1], start[2]), (end[0], end[1], end[2]), 0.1, 0)
    ends = torch.tensor([start, end], dtype=torch.float32).T
    found = distance(pack(make.groups[0]), ends)
    assert found.tolist() == pytest.approx([-0.1, -0.1], abs=1e-5)


def test_equal_surfaces_have_one_number() -> None:
    make = Workshop()
    red, blue = Surface((1.0, 0.0, 0.0)), Surface((0.0, 0.0, 1.0))
    assert [make.paint(red), make.paint(blue), make.paint(Surface((1.0, 0.0, 0.0)))] == [0, 1, 0]


def corner_distances(body: Body) -> list[float]:
    corners = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    points = [[float((body.high if at else body.low)[axis]) for axis, at in enumerate(corner)] for corner in corners]
    return [float(value) for value in distance(body, torch.tensor(points).T)]


@pytest.mark.parametrize(("yaw", "scale"), [(0.0, 1.0), (0.7, 1.0), (-2.0, 0.4)])
def test_a_body_lies_within_its_box(yaw: float, scale: float) -> None:
    body = pack(workshop().groups[0], yaw=yaw, scale=scale)
    points = torch.rand(3, 5000, generator=torch.Generator().manual_seed(2)) * 3 - 1.2
    inside = points[:, distance(body, points) < 0]
    assert (inside >= body.low[:, None] - 1e-6).all()
    assert (inside <= body.high[:, None] + 1e-6).all()
    assert min(corner_distances(body)) > -1e-5


def test_moved_parts_are_larger_and_higher() -> None:
    parts = workshop().groups[0]
    low, high = bounds(parts)
    new_low, new_high = bounds(moved(parts, 3.0, -1.0))
    lift = np.array([0.0, -1.0, 0.0])
    assert new_low == pytest.approx(low * 3 + lift)
    assert new_high == pytest.approx(high * 3 + lift)


def test_an_angle_is_not_scaled() -> None:
    assert scaled_sizes(Part("arc", (0, 0, 0), (0, 0, 0), (0.5, 0.1, 1.5), 0), 2.0) == (1.0, 0.2, 1.5)


def test_a_body_without_parts_is_told() -> None:
    empty = Body({}, torch.zeros(0), torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match="Add a part"):
        distance(empty, torch.zeros(3, 1))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_product_stands_on_the_ground_and_fills_a_unit(family: str, seed: int) -> None:
    body, surfaces, scale, height = product(sample_thing(seed, family), 0.3)
    assert -0.08 < float(body.low[1]) <= 0.03
    assert float(body.high[1]) == pytest.approx(height, abs=1e-5)
    assert 0.3 < height <= 1.0 + 1e-6
    assert 0.4 < scale < 2.5
    assert int(body.surfaces.max()) < len(surfaces)
    assert body.product


@pytest.mark.parametrize("family", FAMILIES)
def test_genes_shape_a_product(family: str) -> None:
    volumes = set()
    for seed in range(4):
        body, *_ = product(sample_thing(seed, family), 0.0)
        points = torch.rand(3, 4000, generator=torch.Generator().manual_seed(3)) * 1.4 - 0.7
        points[1] += 0.7
        volumes.add(int((distance(body, points) < 0).sum()))
    assert len(volumes) == 4
