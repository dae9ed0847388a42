"""Distances of the six solids: known values, surfaces where they should be, and no distance that overshoots."""

import math

import pytest
import torch
from torch import Tensor

from generation.world.primitives import DISTANCES, SIZES, bezier_powers
from generation.world.solids import Part, half_extents, row

SHAPES: dict[str, tuple[float, ...]] = {
    "box": (0.5, 0.3, 0.2, 0.05),
    "cone": (0.4, 0.3, 0.2, 0.02),
    "tube": (0.8, 0.1, 0.05),
    "ball": (0.5, 0.3, 0.4),
    "arc": (0.4, 0.06, 1.2),
    "lathe": (0.9, 0.04, 0.2, 0.3, 0.45, 0.3, 0.2, 0.2, 0.25),
}
NONE = (0.0, 0.0, 0.0)


def at(
    kind: str, sizes: tuple[float, ...], *points: tuple[float, float, float], turn: tuple[float, float, float] = NONE
) -> Tensor:
    """The distances of points to one solid at the origin."""
    rows = torch.tensor([row(Part(kind, NONE, turn, sizes, 0), torch.eye(3).double().numpy(), 1.0)])
    return DISTANCES[kind](rows, torch.tensor(points).T)[0]


@pytest.mark.parametrize(
    ("kind", "sizes", "point", "expected"),
    [
        ("box", (0.5, 0.3, 0.2, 0.0), (1.5, 0.0, 0.0), 1.0),
        ("box", (0.5, 0.3, 0.2, 0.0), (0.8, 0.7, 0.0), 0.5),
        ("box", (0.5, 0.3, 0.2, 0.0), (0.0, 0.0, 0.0), -0.2),
        ("box", (0.5, 0.3, 0.2, 0.1), (0.0, 0.4, 0.0), 0.1),
        ("cone", (0.5, 0.3, 0.3, 0.0), (1.0, 0.0, 0.0), 0.7),
        ("cone", (0.5, 0.3, 0.3, 0.0), (0.0, 0.9, 0.0), 0.4),
        ("tube", (1.0, 0.1, 0.1), (0.0, 0.5, 0.6), 0.5),
        ("tube", (1.0, 0.1, 0.1), (0.0, 1.5, 0.0), 0.4),
        ("tube", (1.0, 0.2, 0.1), (0.0, -0.5, 0.0), 0.3),
        ("ball", (0.5, 0.5, 0.5), (0.0, 1.5, 0.0), 1.0),
        ("arc", (0.5, 0.1, math.pi), (1.0, 0.0, 0.0), 0.4),
        ("arc", (0.5, 0.1, math.pi), (-1.0, 0.0, 0.0), 0.4),
        ("arc", (0.5, 0.1, math.pi / 2), (-0.5, 0.5, 0.0), 0.4),
        ("arc", (0.5, 0.1, math.pi / 2), (0.0, 0.5, 0.3), 0.2),
        ("lathe", (1.0, 0.1, *(0.4,) * 7), (1.0, 0.5, 0.0), 0.5),
        ("lathe", (1.0, 0.1, *(0.4,) * 7), (0.0, 0.5, 0.0), 0.3),
    ],
)
def test_known_distances(
    kind: str, sizes: tuple[float, ...], point: tuple[float, float, float], expected: float
) -> None:
    assert at(kind, sizes, point).item() == pytest.approx(expected, abs=1e-5)


def cloud(count: int = 20_000) -> Tensor:
    """Points around a solid of length about 1."""
    return torch.rand(3, count, generator=torch.Generator().manual_seed(1)) * 2.4 - 1.0


@pytest.mark.parametrize("kind", SHAPES)
def test_a_distance_grows_no_faster_than_the_way(kind: str) -> None:
    """Marching steps as far as the distance says: one that grew faster would let rays jump through walls."""
    points, step = cloud(), torch.tensor([[0.6], [-0.48], [0.64]]) * 0.01
    rows = torch.tensor([row(Part(kind, NONE, NONE, SHAPES[kind], 0), torch.eye(3).double().numpy(), 1.0)])
    change = (DISTANCES[kind](rows, points + step) - DISTANCES[kind](rows, points)).abs() / 0.01
    assert change.quantile(0.99) < 1.12


@pytest.mark.parametrize("kind", SHAPES)
def test_a_solid_lies_within_its_box(kind: str) -> None:
    points = cloud()
    part = Part(kind, NONE, NONE, SHAPES[kind], 0)
    rows = torch.tensor([row(part, torch.eye(3).double().numpy(), 1.0)])
    inside = points[:, DISTANCES[kind](rows, points)[0] < 0].double().numpy()
    middle, half = half_extents(part)
    assert inside.shape[1] > 3
    assert (abs(inside - middle[:, None]) <= half[:, None] + 1e-6).all()


@pytest.mark.parametrize("kind", SHAPES)
def test_several_of_a_kind_are_measured_as_each_alone(kind: str) -> None:
    frame = torch.eye(3).double().numpy()
    first = row(Part(kind, (0.2, 0.0, 0.1), (0.3, 0.4, 0.5), SHAPES[kind], 0), frame, 1.0)
    second = row(Part(kind, NONE, NONE, SHAPES[kind], 0), frame, 1.5)
    points = cloud(50)
    together = DISTANCES[kind](torch.tensor([first, second]), points)
    alone = [DISTANCES[kind](torch.tensor([each]), points)[0] for each in (first, second)]
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-5, rtol=1e-5)


def test_every_kind_has_sizes() -> None:
    assert set(SIZES) == set(DISTANCES)
    assert {kind: len(names) for kind, names in SIZES.items()} == {kind: len(sizes) for kind, sizes in SHAPES.items()}


@pytest.mark.parametrize(
    ("controls", "share", "expected"),
    [
        ((1.0,) * 7, 0.3, 1.0),
        ((0, 1, 2, 3, 4, 5, 6), 0.5, 3.0),
        ((2, 0, 0, 0, 0, 0, 5), 0.0, 2.0),
        ((2, 0, 0, 0, 0, 0, 5), 1.0, 5.0),
    ],
    ids=["constant", "line", "start", "end"],
)
def test_the_polynomial_of_a_bezier_curve(controls: tuple[float, ...], share: float, expected: float) -> None:
    assert sum(power * share**index for index, power in enumerate(bezier_powers(controls))) == pytest.approx(expected)
