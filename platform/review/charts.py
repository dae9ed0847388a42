"""The specifications of review's plots, made by Altair and kept in charts.json: `manage.py review charts` writes it.

Altair is 50 MB and takes a second or more to load, and what it makes of these charts never changes: pages read the
file. A test holds the two together.
"""

from typing import Any, cast

import altair as alt

ANSWERS = ("yes", "maybe", "no", "unclear")
METRIC = "{metric}"  # stands where a plot's own words go
_ROW = 34  # pixels of a line
_HEIGHT = 260
_NO_DATA = {"name": "empty"}  # what Altair writes for a chart without data


def build() -> dict[str, dict[str, Any]]:
    """All specifications by name, without data."""
    return {name.__name__.removeprefix("_"): name() for name in (
        _lines, _answers, _time, _drift, _differences, _scatter, _reliability, _power,
    )}  # fmt: skip


def _lines() -> dict[str, Any]:
    base = alt.Chart().encode(
        y=alt.Y("name:N", sort=None, title=None),
        yOffset=alt.YOffset("figure:N", sort=None),
        tooltip=_tooltip("name:N", "figure:N", value="Pass rate", low="from", high="to"),
    )
    across = alt.X("low:Q", title="Pass rate", axis=alt.Axis(format=".0%"), scale=alt.Scale(domainMin=0, nice=True))
    ranges, dots = _ranges_and_dots(base, across, "figure:N")
    layers = (ranges + dots).resolve_legend(shape="independent")
    return _without_data(layers.properties(width="container", height=alt.Step(_ROW, **{"for": "position"})))


def _answers() -> dict[str, Any]:
    bars = alt.Chart().mark_bar().encode(
        y=alt.Y("name:N", sort=None, title=None),
        x=alt.X("value:Q", stack="zero", title="Share of answers", axis=alt.Axis(format=".0%"),
                scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("answer:N", sort=list(ANSWERS), title=None),
        order=alt.Order("place:Q"),
        tooltip=_tooltip("name:N", "answer:N", value="Share"),
    )  # fmt: skip
    placed = bars.transform_calculate(place="indexof(['yes', 'maybe', 'no', 'unclear'], datum.answer)")
    return _without_data(placed.properties(width="container", height=alt.Step(_ROW - 6)))


def _time() -> dict[str, Any]:
    layers, _ = _course("Pass rate")
    return _without_data(layers.properties(width="container", height=_HEIGHT))


def _drift() -> dict[str, Any]:
    layers, weeks = _course("Pass rate")
    predicted = alt.Chart().mark_line(style="reference", point=False).encode(x=weeks, y="predicted:Q")
    return _without_data((layers + predicted).properties(width="container", height=_HEIGHT))


def _differences() -> dict[str, Any]:
    base = alt.Chart().encode(
        y=alt.Y("name:N", sort=None, title=None),
        tooltip=_tooltip("name:N", value="Difference", low="from", high="to"),
    )
    axis = alt.Axis(labelExpr="format(datum.value * 100, '+.3~g')")
    ranges, dots = _ranges_and_dots(base, alt.X("low:Q", title="Points", axis=axis), "part:N")
    zero = alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(style="reference").encode(x="zero:Q")
    layers = (zero + ranges + dots).resolve_legend(shape="independent")
    return _without_data(layers.properties(width="container", height=alt.Step(_ROW - 8)))


def _scatter() -> dict[str, Any]:
    across = alt.X("x:Q", title=METRIC, scale=alt.Scale(zero=False))
    up = alt.Y("y:Q", title="Share of yes, and pass rate", axis=alt.Axis(format=".0%"))
    images = alt.Chart().transform_filter("datum.kind == 'image'").mark_point(style="faint", size=28).encode(
        x=across, y=up, color=alt.Color("verdict:N", title=None, sort=["passed", "failed"]),
        shape=alt.Shape("verdict:N", legend=None, sort=["passed", "failed"]),
        tooltip=[alt.Tooltip("x:Q", title=METRIC, format=".4~g"), alt.Tooltip("y:Q", format=".0%"), "verdict:N"],
    )  # fmt: skip
    groups = alt.Chart().transform_filter("datum.kind == 'group'")
    band = groups.mark_area().encode(x=across, y="low:Q", y2="high:Q")
    line = groups.mark_line(point=True).encode(x=across, y="value:Q")
    layers = (images + band + line).resolve_legend(shape="independent")
    return _without_data(layers.properties(width="container", height=_HEIGHT))


def _reliability() -> dict[str, Any]:
    axis = alt.Axis(format=".0%")
    across = alt.X("predicted:Q", title="Predicted", axis=axis)
    diagonal = alt.Chart(alt.InlineData([{"at": 0}, {"at": 1}])).mark_line(style="reference", clip=True)
    base = alt.Chart().encode(x=across, tooltip=_tooltip(predicted="Predicted", value="Passed", low="from", high="to"))
    layers = (
        diagonal.encode(x=alt.X("at:Q", title="Predicted"), y=alt.Y("at:Q", title="Passed", axis=axis))
        + base.mark_rule(style="interval").encode(y="low:Q", y2="high:Q")
        + base.mark_point().encode(y="value:Q")
    )
    return _without_data(layers.properties(width="container", height=_HEIGHT))


def _power() -> dict[str, Any]:
    across = alt.X("products:Q", title="Products", scale=alt.Scale(nice=True))
    up = alt.Y("power:Q", title="Power", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    tooltip = [alt.Tooltip("products:Q", format=","), *_tooltip(power="Power"), alt.Tooltip("ratings:Q", format=",")]
    line = alt.Chart().mark_line(point=True).encode(x=across, y=up, tooltip=tooltip)
    wanted = alt.Chart().mark_line(style="reference", point=False).encode(x=across, y="wanted:Q")
    return _without_data((wanted + line).properties(width="container", height=_HEIGHT))


def _ranges_and_dots(base: Any, across: Any, series: str) -> tuple[Any, Any]:
    """Intervals and values of series, which colour and shape tell apart; the legend is the colours'."""
    coloured = base.encode(color=alt.Color(series, sort=None, title=None))
    dots = coloured.mark_point().encode(x="value:Q", shape=alt.Shape(series, sort=None, legend=None))
    return coloured.mark_rule(style="interval").encode(x=across, x2="high:Q"), dots


def _course(title: str) -> tuple[Any, Any]:
    """A rate over weeks with its band, and the weeks' axis."""
    weeks = alt.X("week:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d %b", tickCount=6))
    up = alt.Y("low:Q", title=title, axis=alt.Axis(format=".0%"), scale=alt.Scale(domainMin=0))
    band = alt.Chart().mark_area().encode(x=weeks, y=up, y2="high:Q")
    tooltip = [alt.Tooltip("week:T", title="Week of"), *_tooltip(value="Pass rate", low="from", high="to")]
    line = alt.Chart().mark_line(point=True).encode(x=weeks, y="value:Q", tooltip=tooltip)
    return band + line, weeks


def _tooltip(*names: str, **shares: str) -> list[Any]:
    return [*(alt.Tooltip(name) for name in names),
            *(alt.Tooltip(f"{key}:Q", title=title, format=".1%") for key, title in shares.items())]  # fmt: skip


def _without_data(chart: Any) -> dict[str, Any]:
    """An Altair chart as a specification whose data is put in later: layers without data of their own share it."""
    spec = cast("dict[str, Any]", chart.to_dict())
    for part in (spec, *spec.get("layer", ())):
        if part.get("data") == _NO_DATA:
            del part["data"]
    kept = {name: rows for name, rows in spec.pop("datasets", {}).items() if name != _NO_DATA["name"]}
    del spec["config"]
    return spec | ({"datasets": kept} if kept else {})
