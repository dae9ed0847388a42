"""The plots of review, one function each: figures in, a `Plot` out. Specifications are those of `charts`, by Altair.

What several plots have in common is in `plotting`; templates show one with `{% plot found %}`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from review.plotting import Column, Plot, Row, chart, nothing, told

if TYPE_CHECKING:
    from review.figures import Line, QuestionTable, Week

MOST_LINES = 20  # of a plot: more cannot be read
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
    return Plot(name, title, words, columns, tuple(rows), chart("lines"))


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
    return Plot(name, title, words, columns, tuple(rows), chart("answers"), palette=_ANSWER_COLOURS)


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
    return Plot(name, title, words, columns, told(rows), chart("time"))


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
    left = {"questions": f"the first {MOST_LINES}", "types": f"the {MOST_LINES} with the most products"}
    more = "".join(
        f" Of {len(result[key]):,} {key}, {which}." for key, which in left.items() if len(result[key]) > MOST_LINES
    )
    words = (
        f"Differences of pass rates with 95 % intervals; where one crosses the dashed line, neither is better.{more}"
    )
    return Plot(name, title, words, columns, tuple(rows), chart("differences"))


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
    return Plot(name, title, words, columns, tuple(rows), chart("scatter", metric))


def reliability(ranker: str, points: Sequence[Row], *, name: str) -> Plot:
    """What a ranker predicted against what passed, in groups: {"predicted", "value", "low", "high", "of"}."""
    title = f"{ranker}: predicted and passed"
    if not points:
        return nothing(name, title, "This score is no probability, or no judged image has one.")
    columns = (Column("predicted", "Predicted", "share"), *_RATE, Column("of", "Images", "number"))
    words = "On the dashed line, as many pass as were predicted to."
    return Plot(name, title, words, columns, tuple(points), chart("reliability"))


def drift(ranker: str, weeks: Sequence[Row], *, name: str) -> Plot:
    """Pass rate of a ranker's picks week by week, and what it predicted: {"week", "value", "low", "high", "said"}."""
    title = f"{ranker}: picks week by week"
    if len(weeks) < 2:
        return nothing(name, title, "Its picks were judged within one week: there is no course to draw.")
    columns = (Column("week", "Week of", "day"), *_RATE, Column("predicted", "Predicted", "share"),
               Column("of", "Images", "number"))  # fmt: skip
    words = "The line is what passed, with its 95 % interval; the dashed line what was predicted of the same images."
    return Plot(name, title, words, columns, told(weeks), chart("drift"))


def power(points: Sequence[Row], wanted: float) -> Plot:
    """The share of studies that find the difference, by their number of products: {"products", "power", "ratings"}."""
    if not points:
        return nothing("power", "Power by number of products", "There is no study to draw.")
    columns = (Column("products", "Products", "number"), Column("power", "Power", "share"),
               Column("ratings", "Ratings", "number"))  # fmt: skip
    words = f"The share of simulated studies that find the difference; the dashed line is the {wanted:.0%} asked for."
    rows = tuple({**one, "wanted": wanted} for one in points)
    return Plot("power", "Power by number of products", words, columns, rows, chart("power"))
