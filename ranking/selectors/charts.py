"""Reliability and learning curves as places in an SVG's box; the template draws them, a table beside says the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 320.0, 240.0
TICKS = 4  # above the lowest
LEFT, RIGHT, TOP, BOTTOM = 40.0, 300.0, 10.0, 206.0  # room for half of the last tick's label


@dataclass(frozen=True)
class Mark:
    """A point with its interval, in the box's units; `said` is what a hover tells."""

    x: float
    y: float
    low: float | None
    high: float | None
    said: str


@dataclass(frozen=True)
class Line:
    """One series: its name, the points of its polyline as SVG wants them, and its marks; `place` chooses its looks."""

    name: str
    points: str
    marks: list[Mark]
    place: int


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Everything that a chart's template needs; `across` and `up` are the axes' ticks."""

    title: str
    lines: list[Line]
    across: list[Tick]
    up: list[Tick]
    x_label: str
    y_label: str
    diagonal: str = ""  # of a reliability plot: where prediction and outcome agree

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, RIGHT, TOP, BOTTOM


def reliability_chart(points: Sequence[dict[str, Any]]) -> Chart | None:
    """Predicted against observed pass rates; None without points. Each is {"predicted", "observed", "low", "high"}."""
    if not points:
        return None
    most = _round_up(max(max(_top(one), one["predicted"]) for one in points))
    marks = [
        Mark(
            _x(one["predicted"] / most),
            _y(one["observed"] / most),
            None if one.get("low") is None else _y(one["low"] / most),
            None if one.get("high") is None else _y(one["high"] / most),
            f"predicted {one['predicted']:.1%}, passed {one['observed']:.1%}",
        )
        for one in points
    ]
    line = Line("This ranker", _polyline(marks), marks, 0)
    ticks = [share * most for share in (0, 0.25, 0.5, 0.75, 1)]
    return Chart(
        "Reliability: what was predicted, and what passed",
        [line],
        [Tick(_x(value / most), f"{value:.0%}") for value in ticks],
        [Tick(_y(value / most), f"{value:.0%}") for value in ticks],
        "Predicted",
        "Passed",
        f"{_x(0)},{_y(0)} {_x(1)},{_y(1)}",
    )


def learning_chart(curve: Sequence[dict[str, Any]], y_label: str) -> Chart | None:
    """A figure against the number of labels, on a logarithmic axis; None below two counts.

    Each point is {"name", "labels", "value", "low", "high"}; those without a value are left out.
    """
    told = [one for one in curve if one.get("value") is not None]
    counts = sorted({one["labels"] for one in told})
    if len(counts) < 2:
        return None
    low, high = _band(told)

    def x(labels: int) -> float:
        return _x((math.log(labels) - math.log(counts[0])) / (math.log(counts[-1]) - math.log(counts[0])))

    def y(value: float) -> float:
        return _y((value - low) / (high - low))

    lines = []
    for place, name in enumerate(dict.fromkeys(one["name"] for one in told)):
        own = sorted((one for one in told if one["name"] == name), key=lambda one: int(one["labels"]))
        marks = [
            Mark(
                x(one["labels"]),
                y(one["value"]),
                None if one.get("low") is None else y(max(one["low"], low)),
                None if one.get("high") is None else y(min(one["high"], high)),
                f"{name}, {one['labels']:,} labels: {one['value']:.3f}",
            )
            for one in own
        ]
        lines.append(Line(name, _polyline(marks), marks, place % 4))
    up = [low + (high - low) * step / TICKS for step in range(TICKS + 1)]
    return Chart(
        "Learning curve",
        lines,
        [Tick(x(count), f"{count:,}") for count in counts],
        [Tick(y(value), f"{value:.2f}") for value in up],
        "Labels",
        y_label,
    )


def _band(told: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """The values' range with a little room, in four steps of whole hundredths, so that ticks say where they are."""
    values = [one["value"] for one in told]
    middle, half = (min(values) + max(values)) / 2, max((max(values) - min(values)) / 2 * 1.4, 0.02)
    low = math.floor(round((middle - half) * 100, 6))
    steps = math.ceil(round(((middle + half) * 100 - low) / TICKS, 6))
    return low / 100, (low + TICKS * steps) / 100


def _top(point: dict[str, Any]) -> float:
    return float(point["high"] if point.get("high") is not None else point["observed"])


def _round_up(value: float) -> float:
    """To the next tenth, at least one and at most ten of them."""
    return min(max(math.ceil(value * 10) / 10, 0.1), 1.0)


def _x(share: float) -> float:
    return round(LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT), 1)


def _y(share: float) -> float:
    return round(BOTTOM - min(max(share, 0.0), 1.0) * (BOTTOM - TOP), 1)


def _polyline(marks: Sequence[Mark]) -> str:
    return " ".join(f"{mark.x},{mark.y}" for mark in marks)
