"""Charts as places in a box: inside it, in the right order, and none without enough to draw."""

from itertools import pairwise
from typing import Any

import pytest

from ranking.selectors.charts import BOTTOM, LEFT, RIGHT, TOP, learning_chart, reliability_chart


def point(predicted: float, observed: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"predicted": predicted, "observed": observed, "low": low, "high": high, "count": 9}


def at(
    name: str, labels: int, value: float | None, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    return {"name": name, "labels": labels, "value": value, "low": low, "high": high}


def test_a_perfect_prediction_lies_on_the_diagonal() -> None:
    chart = reliability_chart([point(0.1, 0.1), point(0.5, 0.5)])
    assert chart is not None
    assert chart.diagonal == f"{LEFT},{BOTTOM} {RIGHT},{TOP}"
    for mark in chart.lines[0].marks:
        along = (mark.x - LEFT) / (RIGHT - LEFT)
        assert (BOTTOM - mark.y) / (BOTTOM - TOP) == pytest.approx(along, abs=0.005)


def test_the_axes_end_at_the_next_tenth() -> None:
    chart = reliability_chart([point(0.05, 0.1, 0.0, 0.23)])
    assert chart is not None
    assert [tick.label for tick in chart.up] == ["0%", "8%", "15%", "22%", "30%"]


def test_intervals_stand_around_their_points() -> None:
    chart = reliability_chart([point(0.3, 0.4, 0.2, 0.6)])
    assert chart is not None
    mark = chart.lines[0].marks[0]
    assert mark.high is not None
    assert mark.low is not None
    assert TOP <= mark.high < mark.y < mark.low <= BOTTOM
    assert mark.said == "predicted 30.0%, passed 40.0%"


@pytest.mark.parametrize("points", [[], ()])
def test_nothing_to_draw_is_no_chart(points: Any) -> None:
    assert reliability_chart(points) is None


def test_a_learning_curve_has_a_line_for_each_ranker_on_a_logarithmic_axis() -> None:
    chart = learning_chart(
        [at("heads", 100, 0.7), at("heads", 1_000, 0.76), at("heads", 10_000, 0.78), at("sum", 100, 0.7)], "AUC"
    )
    assert chart is not None
    assert [line.name for line in chart.lines] == ["heads", "sum"]
    assert [tick.label for tick in chart.across] == ["100", "1,000", "10,000"]
    first, second, third = (mark.x for mark in chart.lines[0].marks)
    assert second - first == pytest.approx(third - second, abs=0.2)
    assert all(TOP <= mark.y <= BOTTOM for line in chart.lines for mark in line.marks)


@pytest.mark.parametrize(
    "curve",
    [[], [at("heads", 100, 0.7)], [at("heads", 100, 0.7), at("sum", 100, 0.6)], [at("a", 1, None), at("a", 9, None)]],
    ids=["nothing", "one point", "one count", "no values"],
)
def test_fewer_than_two_counts_are_no_curve(curve: list[dict[str, Any]]) -> None:
    assert learning_chart(curve, "AUC") is None


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0.70, 0.73), ["0.69", "0.71", "0.73", "0.75", "0.77"]),
        ((0.5, 0.5), ["0.48", "0.49", "0.50", "0.51", "0.52"]),
        ((0.6, 0.9), ["0.54", "0.65", "0.76", "0.87", "0.98"]),
    ],
)
def test_ticks_are_where_they_say(values: tuple[float, float], ticks: list[str]) -> None:
    chart = learning_chart([at("a", 50, values[0]), at("a", 100, values[1])], "AUC")
    assert chart is not None
    assert [tick.label for tick in chart.up] == ticks
    spaces = {round(first.at - second.at, 1) for first, second in pairwise(chart.up)}
    assert max(spaces) - min(spaces) < 0.2


def test_the_last_label_has_room() -> None:
    chart = learning_chart([at("a", 50, 0.7), at("a", 1_000, 0.7)], "AUC")
    assert chart is not None
    assert chart.width - chart.across[-1].at >= 3.5 * len(chart.across[-1].label)


def test_intervals_beyond_the_band_are_cut() -> None:
    chart = learning_chart([at("a", 50, 0.7, 0.1, 0.99), at("a", 100, 0.71)], "AUC")
    assert chart is not None
    mark = chart.lines[0].marks[0]
    assert (mark.low, mark.high) == (BOTTOM, TOP)
