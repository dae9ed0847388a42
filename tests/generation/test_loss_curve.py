"""The loss curve: what is drawn lies inside the drawing, and nothing is drawn of nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.loss_curve import BOTTOM, HEIGHT, LEFT, MOST_POINTS, RIGHT, TOP, WIDTH, Curve, curve_of

LOSSES = st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e6, 1e6)), min_size=2, max_size=40)


def places(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in points.split())]


@pytest.mark.parametrize("loss", [[], [(1, 0.5)], [(1, 0.5), (2, math.nan)], [(1, math.inf), (2, math.nan)]])
def test_fewer_than_two_numbers_are_no_curve(loss: list[tuple[int, float]]) -> None:
    assert curve_of(loss) is None


@given(LOSSES.map(sorted))
def test_everything_lies_inside_the_drawing(loss: list[tuple[int, float]]) -> None:
    curve = curve_of(loss)
    assert curve is not None
    for x, y in places(curve.points) + places(curve.smooth):
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1


def test_known_figures() -> None:
    curve = curve_of([(0, 1.0), (50, 0.25), (100, 0.5)])
    assert curve is not None
    assert (curve.first, curve.last, curve.lowest) == (1.0, 0.5, 0.25)
    assert [tick.label for tick in curve.steps] == ["0", "25", "50", "75", "100"]
    (left, top), (_, lowest), _ = places(curve.points)
    assert left == LEFT
    assert top < lowest


def test_a_long_training_is_thinned() -> None:
    curve = curve_of([(step, 1 / (step + 1)) for step in range(100_000)])
    assert isinstance(curve, Curve)
    assert len(places(curve.points)) <= MOST_POINTS


def test_a_flat_loss_has_room_around_it() -> None:
    curve = curve_of([(1, 0.0), (2, 0.0)])
    assert curve is not None
    assert curve.values[0].at > curve.values[-1].at
