"""Marching: where rays hit, which way surfaces face, what is in shadow, and how open points are."""

import pytest
import torch
from torch import Tensor

from generation.world.march import COARSE, FINE, Care, enter_box, lit, normals, openness, trace
from generation.world.solids import Body, Surface, Workshop, pack


@pytest.fixture
def ball() -> Body:
    """A ball of radius 0.5 whose middle is 1 above the ground."""
    make = Workshop()
    make.group()
    make.ball((0.0, 1.0, 0.0), (0.5, 0.5, 0.5), make.paint(Surface((1.0, 1.0, 1.0))))
    return pack(make.groups[0])


def column(*values: float) -> Tensor:
    return torch.tensor(values)[:, None]


@pytest.mark.parametrize("care", [FINE, COARSE], ids=["fine", "coarse"])
@pytest.mark.parametrize(
    ("origin", "direction", "expected"),
    [
        ((0.0, 1.0, 4.0), (0.0, 0.0, -1.0), 3.5),
        ((0.3, 1.0, 4.0), (0.0, 0.0, -1.0), 3.6),
        ((0.0, 3.0, 0.0), (0.0, -1.0, 0.0), 1.5),
        ((0.6, 1.0, 4.0), (0.0, 0.0, -1.0), torch.inf),
        ((0.0, 1.0, 4.0), (0.0, 0.0, 1.0), torch.inf),
    ],
    ids=["middle", "aside", "from above", "past it", "away from it"],
)
def test_rays_hit_where_the_ball_is(
    ball: Body, care: Care, origin: tuple[float, ...], direction: tuple[float, ...], expected: float
) -> None:
    found = trace(ball, column(*origin), column(*direction), torch.tensor([60.0]), care)
    assert found.item() == pytest.approx(expected, abs=0.006)


def test_what_lies_behind_the_limit_is_not_hit(ball: Body) -> None:
    found = trace(ball, column(0.0, 1.0, 4.0), column(0.0, 0.0, -1.0), torch.tensor([2.0]))
    assert found.item() == torch.inf


def test_many_rays_hit_as_each_alone(ball: Body) -> None:
    spread = torch.linspace(-0.7, 0.7, 40)
    origins = torch.stack([spread, torch.ones(40), torch.full((40,), 3.0)])
    ways = torch.tensor([0.0, 0.0, -1.0])[:, None].expand(3, 40).contiguous()
    limit = torch.full((40,), 60.0)
    together = trace(ball, origins, ways, limit)
    alone = torch.cat([trace(ball, origins[:, [i]], ways[:, [i]], limit[[i]]) for i in range(40)])
    torch.testing.assert_close(together, alone)


def test_normals_point_out_of_the_ball(ball: Body) -> None:
    points = torch.tensor([[0.5, 1.0, 0.0], [0.0, 1.5, 0.0], [0.0, 1.3, 0.4]]).T
    outwards = (points - torch.tensor([[0.0], [1.0], [0.0]])) / 0.5
    torch.testing.assert_close(normals(ball, points), outwards, atol=2e-3, rtol=0)


@pytest.mark.parametrize(
    ("point", "low", "high"),
    [
        ((0.0, 0.0, 0.0), 0.0, 0.02),
        ((0.52, 0.0, 0.0), 0.1, 0.9),
        ((2.0, 0.0, 0.0), 1.0, 1.0),
        ((0.0, 2.0, 0.0), 1.0, 1.0),
    ],
    ids=["below the ball", "at the shadow's edge", "beside it", "above it"],
)
def test_light_from_above(ball: Body, point: tuple[float, ...], low: float, high: float) -> None:
    found = lit([ball], column(*point), column(0.0, 1.0, 0.0), sharpness=6.0).item()
    assert low <= found <= high


def test_a_softer_light_has_a_wider_edge(ball: Body) -> None:
    across = torch.linspace(0.3, 0.9, 30)
    points = torch.stack([across, torch.zeros(30), torch.zeros(30)])
    up = torch.tensor([[0.0], [1.0], [0.0]]).expand(3, 30).contiguous()
    partly = [
        int(((share > 0.02) & (share < 0.98)).sum()) for share in (lit([ball], points, up, k) for k in (4.0, 20.0))
    ]
    assert partly[0] > partly[1] > 0


def test_openness_falls_near_things_and_above_floors(ball: Body) -> None:
    points = torch.tensor([[0.0, 0.45, 0.0], [3.0, 0.45, 0.0], [3.0, 0.02, 0.0]]).T
    up = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]).T
    under, alone, over_floor = openness([ball], points, up, torch.tensor([-9.0, -9.0, 0.0])).tolist()
    assert alone == pytest.approx(1.0)
    assert under < 0.9
    assert over_floor < 0.6


def test_a_box_is_entered_and_left(ball: Body) -> None:
    near, far = enter_box(ball, column(0.0, 1.0, 4.0), column(0.0, 0.0, -1.0))
    assert (near.item(), far.item()) == pytest.approx((3.5, 4.5), abs=1e-5)
    near, far = enter_box(ball, column(2.0, 1.0, 4.0), column(0.0, 0.0, -1.0))
    assert near.item() > far.item()
    near, far = enter_box(ball, column(0.55, 1.0, 4.0), column(0.0, 0.0, -1.0), margin=0.1)
    assert near.item() < far.item()
