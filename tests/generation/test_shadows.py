"""Where a thing touches the ground, read from its outline."""

import cv2
import numpy as np
import pytest

from generation import shadows
from tests.factories.cutouts import lit_from

SIDE = 128
Outline = list[list[tuple[int, int]]]


def drawn(parts: Outline) -> np.ndarray:
    """Polygons of (x, y) as alpha."""
    alpha = np.zeros((SIDE, SIDE), np.float32)
    for part in parts:
        cv2.fillPoly(alpha, [np.array(part, np.int32)], 1.0)
    return alpha


def circle(radius: int) -> list[tuple[int, int]]:
    turns = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return [(round(64 + radius * np.cos(turn)), round(60 + radius * np.sin(turn))) for turn in turns]


BOX = [(40, 50), (90, 50), (90, 100), (40, 100)]
LAMP = [[(60, 40), (68, 40), (68, 100), (60, 100)], [(10, 60), (30, 30), (98, 30), (118, 60)]]
GOBLET = [[(44, 92), (84, 92), (84, 100), (44, 100)], [(20, 20), (108, 20), (70, 92), (58, 92)]]
# Its parts, a column away from its lowest pixel, and whether it touches the ground there.
STANDS = {
    "a block, near its corner": ([BOX], 42, True),
    "a shoe seen from above, at its heel": ([[(20, 60), (40, 30), (110, 60), (110, 90), (90, 100)]], 30, True),
    "the same the other way round": ([[(108, 60), (88, 30), (18, 60), (18, 90), (38, 100)]], 98, True),
    "a carton by its edge, at both sides": ([[(14, 70), (64, 100), (114, 70), (114, 40), (14, 40)]], 24, True),
    "a teapot, at its spout": ([BOX, [(90, 80), (120, 52), (120, 58), (90, 92)]], 112, False),
    "a ball, at its side": ([circle(40)], 34, False),
    "a lamp, under its shade": (LAMP, 24, False),
    "a goblet, under its cup": (GOBLET, 28, False),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "column", "touches"), STANDS.values(), ids=STANDS)
def test_where_it_touches_the_ground(parts: Outline, column: int, touches: bool) -> None:
    near = shadows.foot_of(drawn(parts)).near
    assert near.max() > 0.9
    assert bool(near[column] > 0.9) is touches
    if not touches:
        assert near[column] < 0.2


@pytest.mark.parametrize("name", ["a shoe seen from above, at its heel", "a teapot, at its spout"])
def test_the_ground_is_dark_where_it_touches_and_not_where_it_hovers(name: str) -> None:
    parts, column, touches = STANDS[name]
    alpha = drawn(parts)
    below = int(np.flatnonzero(alpha[:, column])[-1]) + 2
    shade = shadows.standing(alpha, lit_from(0), floor_from=0.1)
    assert bool(shade[below, column] > 0.25) is touches


def test_nothing_of_a_column_without_product_is_near() -> None:
    foot = shadows.foot_of(drawn([BOX]))
    assert foot.near[:40].max() == 0
    assert foot.near[91:].max() == 0
    assert (foot.left, foot.right, foot.top, foot.bottom) == (40, 91, 50, 100)


@pytest.mark.parametrize("raised", [0.0, 0.02, 0.05])
def test_what_lies_higher_throws_its_shadow_further(raised: float) -> None:
    alpha = drawn([BOX])
    shade = shadows.lying(alpha, lit_from(-60), raised=raised)
    outside = shade * (alpha == 0)
    middle = (outside.sum(axis=0) * np.arange(SIDE)).sum() / outside.sum()
    assert middle >= 64.5
    if raised:
        lower = shadows.lying(alpha, lit_from(-60), raised=0.0) * (alpha == 0)
        assert middle > (lower.sum(axis=0) * np.arange(SIDE)).sum() / lower.sum()
