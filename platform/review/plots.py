"""The plots of review, one function each: figures in, a `Plot` out. Specifications are made by Altair, once a process.

What several plots have in common is in `plotting`; templates show one with `{% plot found %}`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from review.plotting import Column, Plot, Row, nothing, told, without_data

if TYPE_CHECKING:
    from review.figures import Line, QuestionTable, Week

MOST_LINES = 20  # of a plot: more cannot be read
_ROW = 34  # pixels of a line
_HEIGHT = 260
_RATE = (Column("value", "Pass rate", "share"), Column("low", "95 % from", "share"), Column("high", "to", "share"))
_ANSWERS = ("yes", "maybe", "no", "unclear")
_ANSWER_COLOURS = ("--plot-1", "--plot-maybe", "--plot-2", "--plot-unclear")


def by_line(lines: Sequence["Line"], what: str) -> Plot:
    """Pass rates per image and per product of each method or type, with their intervals."""
    name, title = f"by-{what}", f"Pass rates by {what}"
    rows = [
        {"name": line.name, "figure": figure, "value": rate.value, "low": rate.low, "high": rate.high, "of": rate.of}
        for line in lines[:MOST_LINES]
        for figure, rate in (("per image", line.per_image), ("per product", line.per_product))
        if rate.value is not None
    ]
    if not rows:
        return nothing(name, title, f"No {what} has a judged image.")
    more = f" The {MOST_LINES} with the most images of {len(lines):,}." if len(lines) > MOST_LINES else ""
    columns = (Column("name", what.capitalize()), Column("figure", "Rate"), *_RATE, Column("of", "Of", "number"))
    words = f"Dots are rates, lines their 95 % intervals.{more}"
    return Plot(name, title, words, columns, tuple(rows), _lines_chart())


def by_question(table: "QuestionTable") -> Plot:
    """How raters answered each question: shares of yes, maybe, no and unclear, stacked."""
    name, title = "by-question", "Answers to each question"
    rows = []
    for row in table.rows:
        shares = {"maybe": row.answers.maybe, "no": row.answers.no, "unclear": row.answers.unclear}
        if row.answers.of:
            shares["yes"] = 1 - sum(one or 0 for one in shares.values())
            rows += [{"name": row.topic, "answer": one, "value": shares[one], "of": row.answers.of} for one in _ANSWERS]
    if not rows:
        return nothing(name, title, "The kinds of answers are not kept for these images.")
    columns = (Column("name", "Question"), Column("answer", "Answer"), Column("value", "Share", "share"),
               Column("of", "Of answers", "number"))  # fmt: skip
    words = "Shares of all answers that raters gave, question by question."
    return Plot(name, title, words, columns, tuple(rows), _answers_chart(), palette=_ANSWER_COLOURS)


def over_time(weeks: Sequence["Week"]) -> Plot:
    """The pass rate per image of each week, with its interval."""
    name, title = "over-time", "Pass rate over time"
    rows = [
        {"week": week.begins, "value": week.rate.value, "low": week.rate.low, "high": week.rate.high,
         "of": week.rate.of}
        for week in weeks
        if week.rate.value is not None
    ]  # fmt: skip
    if len(rows) < 2:
        return nothing(name, title, "These images were judged within one week: there is no course to draw.")
    columns = (Column("week", "Week of", "day"), *_RATE, Column("of", "Images", "number"))
    words = "Images that pass, by the week of their newest rating; the band is the 95 % interval."
    return Plot(name, title, words, columns, told(rows), _time_chart())


def differences(result: Mapping[str, Any], at: int = 1) -> Plot:
    """A comparison as it is kept (`comparing.Comparison` as plain values): whole, by question, by type."""
    name, title = f"differences-{at}", f"{result['second']} less {result['first']}"
    parts = [("whole", "Per image", result["per_image"]), ("whole", "Per product", result["per_product"])]
    parts += [(kind, one["name"], one["compared"]) for kind, key in (("question", "questions"), ("type", "types"))
              for one in result[key][:MOST_LINES]]  # fmt: skip
    rows = [
        {"part": part, "name": label, **{key: one["difference"][key] for key in ("value", "low", "high")}}
        for part, label, one in parts
        if one["difference"]["value"] is not None
    ]
    if not rows:
        return nothing(name, title, "There is no difference to draw.")
    columns = (Column("part", "Of"), Column("name", "What"), Column("value", "Difference", "points"),
               Column("low", "95 % from", "points"), Column("high", "to", "points"))  # fmt: skip
    words = "Differences of pass rates with 95 % intervals; where one crosses the dashed line, neither is better."
    return Plot(name, title, words, columns, tuple(rows), _differences_chart())


def against_people(metric: str, points: Sequence[Row], groups: Sequence[Row], *, name: str, said: str = "") -> Plot:
    """Images by a metric's value and the share of their ratings that accept them; `groups` are tenths of the images.

    points: {"x", "y", "verdict"}; groups: {"x", "value", "low", "high", "of"}.
    """
    title = f"{metric} against people"
    if not points:
        return nothing(name, title, f"No judged image has a value of {metric}.")
    rows = [{"kind": "image", **one} for one in points] + [{"kind": "group", **one} for one in groups]
    columns = (Column("kind", "Row"), Column("x", metric, "number"), Column("y", "Share of yes", "share"),
               Column("verdict", "Verdict"), *_RATE, Column("of", "Images", "number"))  # fmt: skip
    words = f"Dots are images; the line is the pass rate of tenths of them, with its 95 % interval. {said}".strip()
    return Plot(name, title, words, columns, tuple(rows), _scatter_chart(metric))


def reliability(ranker: str, points: Sequence[Row], *, name: str) -> Plot:
    """What a ranker predicted against what passed, in groups: {"predicted", "value", "low", "high", "of"}."""
    title = f"{ranker}: predicted and passed"
    if not points:
        return nothing(name, title, "This score is no probability, or no judged image has one.")
    columns = (Column("predicted", "Predicted", "share"), *_RATE, Column("of", "Images", "number"))
    words = "On the dashed line, as many pass as were predicted to."
    return Plot(name, title, words, columns, tuple(points), _reliability_chart())


def drift(ranker: str, weeks: Sequence[Row], *, name: str) -> Plot:
    """Pass rate of a ranker's picks week by week, and what it predicted: {"week", "value", "low", "high", "said"}."""
    title = f"{ranker}: picks week by week"
    if len(weeks) < 2:
        return nothing(name, title, "Its picks were judged within one week: there is no course to draw.")
    columns = (Column("week", "Week of", "day"), *_RATE, Column("predicted", "Predicted", "share"),
               Column("of", "Images", "number"))  # fmt: skip
    words = "The line is what passed, with its 95 % interval; the dashed line what was predicted of the same images."
    return Plot(name, title, words, columns, told(weeks), _drift_chart())


def power(points: Sequence[Row], wanted: float) -> Plot:
    """The share of studies that find the difference, by their number of products: {"products", "power", "ratings"}."""
    if not points:
        return nothing("power", "Power by number of products", "There is no study to draw.")
    columns = (Column("products", "Products", "number"), Column("power", "Power", "share"),
               Column("ratings", "Ratings", "number"))  # fmt: skip
    words = f"The share of simulated studies that find the difference; the dashed line is the {wanted:.0%} asked for."
    rows = tuple({**one, "wanted": wanted} for one in points)
    return Plot("power", "Power by number of products", words, columns, rows, _power_chart())


@cache
def _lines_chart() -> dict[str, Any]:
    alt = _altair()
    base = alt.Chart().encode(
        y=alt.Y("name:N", sort=None, title=None),
        yOffset=alt.YOffset("figure:N", sort=None),
        tooltip=_tooltip("name:N", "figure:N", value="Pass rate", low="from", high="to"),
    )
    across = alt.X("low:Q", title="Pass rate", axis=alt.Axis(format=".0%"), scale=alt.Scale(domainMin=0, nice=True))
    ranges, dots = _ranges_and_dots(base, across, "figure:N")
    return without_data((ranges + dots).properties(width="container", height=alt.Step(_ROW, **{"for": "position"})))


@cache
def _answers_chart() -> dict[str, Any]:
    alt = _altair()
    bars = alt.Chart().mark_bar().encode(
        y=alt.Y("name:N", sort=None, title=None),
        x=alt.X("value:Q", stack="zero", title="Share of answers", axis=alt.Axis(format=".0%"),
                scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("answer:N", sort=list(_ANSWERS), title=None),
        order=alt.Order("place:Q"),
        tooltip=_tooltip("name:N", "answer:N", value="Share"),
    )  # fmt: skip
    placed = bars.transform_calculate(place="indexof(['yes', 'maybe', 'no', 'unclear'], datum.answer)")
    return without_data(placed.properties(width="container", height=alt.Step(_ROW - 6)))


@cache
def _time_chart() -> dict[str, Any]:
    layers, _ = _course("Pass rate")
    return without_data(layers.properties(width="container", height=_HEIGHT))


@cache
def _drift_chart() -> dict[str, Any]:
    alt = _altair()
    layers, weeks = _course("Pass rate")
    predicted = alt.Chart().mark_line(style="reference", point=False).encode(x=weeks, y="predicted:Q")
    return without_data((layers + predicted).properties(width="container", height=_HEIGHT))


@cache
def _differences_chart() -> dict[str, Any]:
    alt = _altair()
    base = alt.Chart().encode(
        y=alt.Y("name:N", sort=None, title=None),
        tooltip=_tooltip("name:N", value="Difference", low="from", high="to"),
    )
    axis = alt.Axis(labelExpr="format(datum.value * 100, '+.3~g')")
    ranges, dots = _ranges_and_dots(base, alt.X("low:Q", title="Points", axis=axis), "part:N")
    zero = alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(style="reference").encode(x="zero:Q")
    return without_data((zero + ranges + dots).properties(width="container", height=alt.Step(_ROW - 8)))


@cache
def _scatter_chart(metric: str) -> dict[str, Any]:
    alt = _altair()
    across = alt.X("x:Q", title=metric, scale=alt.Scale(zero=False))
    up = alt.Y("y:Q", title="Share of yes, and pass rate", axis=alt.Axis(format=".0%"))
    images = alt.Chart().transform_filter("datum.kind == 'image'").mark_point(style="faint", size=28).encode(
        x=across, y=up, color=alt.Color("verdict:N", title=None, sort=["passed", "failed"]),
        shape=alt.Shape("verdict:N", legend=None, sort=["passed", "failed"]),
        tooltip=[alt.Tooltip("x:Q", title=metric, format=".4~g"), alt.Tooltip("y:Q", format=".0%"), "verdict:N"],
    )  # fmt: skip
    groups = alt.Chart().transform_filter("datum.kind == 'group'")
    band = groups.mark_area().encode(x=across, y="low:Q", y2="high:Q")
    line = groups.mark_line(point=True).encode(x=across, y="value:Q")
    return without_data((images + band + line).properties(width="container", height=_HEIGHT))


@cache
def _reliability_chart() -> dict[str, Any]:
    alt = _altair()
    axis = alt.Axis(format=".0%")
    across = alt.X("predicted:Q", title="Predicted", axis=axis)
    diagonal = alt.Chart(alt.InlineData([{"at": 0}, {"at": 1}])).mark_line(style="reference", clip=True)
    base = alt.Chart().encode(x=across, tooltip=_tooltip(predicted="Predicted", value="Passed", low="from", high="to"))
    layers = (
        diagonal.encode(x=alt.X("at:Q", title="Predicted"), y=alt.Y("at:Q", title="Passed", axis=axis))
        + base.mark_rule(style="interval").encode(y="low:Q", y2="high:Q")
        + base.mark_point().encode(y="value:Q")
    )
    return without_data(layers.properties(width="container", height=_HEIGHT))


@cache
def _power_chart() -> dict[str, Any]:
    alt = _altair()
    across = alt.X("products:Q", title="Products", scale=alt.Scale(nice=True))
    up = alt.Y("power:Q", title="Power", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    tooltip = [alt.Tooltip("products:Q", format=","), *_tooltip(power="Power"), alt.Tooltip("ratings:Q", format=",")]
    line = alt.Chart().mark_line(point=True).encode(x=across, y=up, tooltip=tooltip)
    wanted = alt.Chart().mark_line(style="reference", point=False).encode(x=across, y="wanted:Q")
    return without_data((wanted + line).properties(width="container", height=_HEIGHT))


def _ranges_and_dots(base: Any, across: Any, series: str) -> tuple[Any, Any]:
    """Intervals and values of series, which colour and shape tell apart."""
    alt = _altair()
    coloured = base.encode(color=alt.Color(series, sort=None, title=None))
    dots = coloured.mark_point().encode(x="value:Q", shape=alt.Shape(series, sort=None, legend=None))
    return coloured.mark_rule(style="interval").encode(x=across, x2="high:Q"), dots


def _course(title: str) -> tuple[Any, Any]:
    """A rate over weeks with its band, and the weeks' axis."""
    alt = _altair()
    weeks = alt.X("week:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%-d %b", tickCount=6))
    up = alt.Y("low:Q", title=title, axis=alt.Axis(format=".0%"), scale=alt.Scale(domainMin=0))
    band = alt.Chart().mark_area().encode(x=weeks, y=up, y2="high:Q")
    tooltip = [alt.Tooltip("week:T", title="Week of"), *_tooltip(value="Pass rate", low="from", high="to")]
    line = alt.Chart().mark_line(point=True).encode(x=weeks, y="value:Q", tooltip=tooltip)
    return band + line, weeks


def _tooltip(*names: str, **shares: str) -> list[Any]:
    alt = _altair()
    return [*(alt.Tooltip(name) for name in names),
            *(alt.Tooltip(f"{key}:Q", title=title, format=".1%") for key, title in shares.items())]  # fmt: skip


def _altair() -> Any:
    """Altair is 50 MB and a fifth of a second: only processes that draw load it."""
    import altair  # noqa: PLC0415 - as above

    return altair
