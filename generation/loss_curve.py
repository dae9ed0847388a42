"""A loss curve as the points of an SVG: computed here, so that the page needs no script and no library."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200  # of the drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 28  # room for the words
MOST_POINTS = 400
TICKS = 4


@dataclass(frozen=True)
class Tick:
    """A line of the grid: its place, and what is written beside it."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """What the template draws. `points` and `smooth` are the attribute `points` of a polyline each."""

    points: str
    smooth: str
    steps: tuple[Tick, ...]
    values: tuple[Tick, ...]
    first: float
    last: float
    lowest: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def curve_of(loss: Sequence[tuple[int, float]]) -> Curve | None:
    """The drawing of (step, loss) pairs; None for fewer than two that are numbers."""
    known = [(step, value) for step, value in loss if math.isfinite(value)]
    if len(known) < 2:
        return None
    known = known[:: max(1, math.ceil(len(known) / MOST_POINTS))]
    smooth = _smoothed([value for _, value in known])
    low, high = min(value for _, value in known), max(value for _, value in known)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    low, high = max(0.0, low - room) if low >= 0 else low - room, high + room
    first_step, last_step = known[0][0], max(known[-1][0], known[0][0] + 1)

    def x(step: float) -> float:
        return LEFT + (step - first_step) / (last_step - first_step) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    steps = [first_step + (last_step - first_step) * index / TICKS for index in range(TICKS + 1)]
    values = [low + (high - low) * index / TICKS for index in range(TICKS + 1)]
    return Curve(
        points=_points((x(step), y(value)) for step, value in known),
        smooth=_points((x(step), y(value)) for (step, _), value in zip(known, smooth, strict=True)),
        steps=tuple(Tick(round(x(step), 1), f"{step:.0f}") for step in steps),
        values=tuple(Tick(round(y(value), 1), f"{value:.3g}") for value in values),
        first=known[0][1],
        last=known[-1][1],
        lowest=min(value for _, value in known),
    )


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _smoothed(values: Sequence[float]) -> list[float]:
    """A running mean that follows a tenth of the curve: single steps are noise."""
    weight = 1 / max(1, len(values) // 10)
    mean, found = values[0], []
    for value in values:
        mean += weight * (value - mean)
        found.append(mean)
    return found
