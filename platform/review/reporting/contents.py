"""What a report says: collected once, from the same figures that pages show. No names of raters are in it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.urls import reverse
from django.utils import timezone

from review import figures, moved, plots
from review.definitions import DEFINITIONS
from review.exceptions import CannotReport
from review.filters import Filters, apart
from review.models import Comparison
from review.reporting.document import Block, Document, Grid, Section, Words
from review.reporting.drawing import drawn, strips
from review.services import comparisons
from review.statistics import paired
from review.statistics.rates import Rate
from review.templatetags.review_simulated import simulated
from review.templatetags.review_words import DASH, number, p_value, points, share
from vitrine import __version__

Progress = Callable[..., None]
_WHEN = "%Y-%m-%d %H:%M UTC"
_DIFFERENCE = ("Points", "95 %", "Ratio", "p, corrected", "Better")
_COMPARED = (
    "Only products that people judged under both methods count; they are what is drawn, so they are what is counted."
    f" Intervals are at 95 %: Student's t on products below {paired.BOOTSTRAP_FROM} of them, from there a paired"
    f" cluster bootstrap of {paired.DRAWS:,} draws. Tests are a paired t, a sign-flip test and a logistic GEE on images"
    " by product, and McNemar's exact test on products. p-values are corrected by Holm for everything looked at:"
    " methods, questions and types. A winner is named where the interval of the difference leaves zero out and the"
    " corrected p is under 5 %: per image the p of the paired t test, per product that of McNemar; “open” means that"
    " nobody can be told. Differences are in percentage points."
)
_RATED = (
    "An image counts once for each campaign, as soon as its verdict is final; gold items, withdrawn ratings and those"
    " of excluded raters never count. Intervals are at 95 % and count products, not images: images of one product hang"
    " together. Per image: Wilson's interval for as many independent images as these are worth, with Student's t of"
    " products less one. Per product: Wilson's interval."
)


def of_comparison(found: Comparison, progress: Progress = lambda *_: None) -> Document:
    """A comparison as it was computed, with the products that changed sides."""
    filters, results = comparisons.filters_of(found), found.result or []
    shown, own_best = moved.pictures(results), comparisons.has_own_best(found)
    sections = []
    for place, one in enumerate(results):
        progress(place, len(results), f"{one['second']} against {one['first']}")
        sections += _compared(one, place + 1, shown[place])
    counts = [
        ("Products under both methods", ", ".join(number(one["products"]) for one in results)),
        ("Images", ", ".join(number(one["images"]) for one in results)),
    ]
    query = [
        Words(f"methods = {', '.join(found.methods)}; the first is the baseline", "code"),
        Words(f"seed = {found.pk}, draws = {paired.DRAWS}", "code"),
        *_query(apart(filters) if own_best else filters, found.methods),
    ]
    return Document(
        title=" against ".join([" and ".join(found.methods[1:]), found.methods[0]]),
        lead="A comparison of methods, paired by product.",
        facts=(*_cut(filters, found.computed_at, compared=own_best), *counts),
        sections=(*sections, Section("Method", (Words(_COMPARED),)), Section("The exact query", tuple(query))),
        address=reverse("review:comparison", args=[found.pk]),
    )


def of_overview(filters: Filters, progress: Progress = lambda *_: None) -> Document:
    """The overview of what the filters choose. Raises CannotReport where they choose nothing."""
    progress(0, 2, "counting")
    found = figures.overview(filters)
    if found.is_empty:
        raise CannotReport("No image with a final verdict fits these filters: there is nothing to report.")
    progress(1, 2, "drawing")
    counts = [("Images judged", number(found.per_image.of)), ("Products", number(found.per_image.products)),
              ("Ratings", number(found.cost.ratings)), ("Undecided images", number(found.undecided))]  # fmt: skip
    if found.waiting:
        counts.append(("Changed verdicts not counted yet", number(found.waiting)))
    sections = [Section("Pass rates", (_rates(found),)), _questions(found.questions)]
    for what, lines in (("method", found.methods), ("type", found.types)):
        if len(lines) > 1:
            sections.append(Section(f"By {what}", (drawn(plots.by_line(lines, what)), _lines(what, lines))))
    if found.agreement:
        sections.append(Section("Agreement", (_agreement(found.agreement), Words(DEFINITIONS["agreement"].words))))
    where = f"{reverse('review:overview')}?{filters.query}".rstrip("?")
    method = (Words(_RATED), *(Words(f"{DEFINITIONS[key].title}: {DEFINITIONS[key].words}", "note")
                               for key in ("per_image", "per_product", "alone")))  # fmt: skip
    return Document(
        title="Pass rates" + (f": {_choice(filters)}" if filters.narrowed else " of all judged images"),
        lead="How many images pass, for how many products, how sure that is, and what stands in the way.",
        facts=(*_cut(filters, found.counted_at), *counts),
        sections=(*sections, Section("Method", method), Section("The exact query", tuple(_query(filters)))),
        address=where,
    )


def _compared(one: Mapping[str, Any], at: int, sides: Iterable[moved.MovedSide]) -> list[Section]:
    names = (one["first"], one["second"])
    rates = [_difference("Per image", one["per_image"], one["p"][0], one["winner"]),
             _difference("Per product", one["per_product"], one["p"][1], one["winner_per_product"])]  # fmt: skip
    tests = [
        (label, test["name"], p_value(test["p"]), test["said"])
        for label, key in (("Per image", "per_image"), ("Per product", "per_product"))
        for test in one[key]["tests"]
    ]
    alone = (one["only_first"], one["only_second"])
    left = f"Left out, as judged under one method only: {alone[0]:,} and {alone[1]:,} products." if any(alone) else ""
    whole = (
        Words(one["sentence"], "verdict"),
        Grid(("Pass rate", *names, *_DIFFERENCE), rates, told=True),
        drawn(plots.differences(one, at)),
        Grid(("Of", "Test", "p", "It says"), tests, texts=2, told=True),
        *([Words(left, "note")] if left else []),
    )
    sections = [Section(f"{one['second']} against {one['first']}", whole)]
    for title, key in (("Question by question", "questions"), ("By product type", "types")):
        parts = [_difference(part["name"], part["compared"], part["p"], part["winner"]) for part in one[key]]
        if parts:
            grid = Grid(("Part", *names, *_DIFFERENCE), parts, told=True)
            sections.append(Section(title, (grid,)))
    for side in sides:
        if side.count:
            title = f"Products that pass only with {side.method}: {side.count:,}"
            if side.count > len(side.products):
                title += f", the first {len(side.products)}"
            sections.append(Section(title, (strips(side),)))
    return sections


def _difference(name: str, one: Mapping[str, Any], p: float | None, winner: str) -> tuple[str, ...]:
    difference, ratio = one["difference"], one["ratio"]
    told = DASH if difference["low"] is None else f"{_points(difference['low'])} to {_points(difference['high'])}"
    return (name, share(one["second"]), share(one["first"]), _points(difference["value"]), told, number(ratio["value"]),
            p_value(p), winner or "open")  # fmt: skip


def _points(value: float | None) -> str:
    return points(value).removesuffix(" points")


def _rates(found: figures.Overview) -> Grid:
    least = found.filters.least
    return Grid(
        ("Rate", "Value", "95 %", "Passing", "Of"),
        [
            ("Images that pass", *_told(found.per_image)),
            (f"Products with {least} or more passing images", *_told(found.per_product)),
        ],
    )


def _told(rate: Rate) -> tuple[str, ...]:
    interval = (rate.said or DASH) if rate.low is None else f"{share(rate.low)} to {share(rate.high)}"
    return share(rate.value), interval, number(rate.passed), number(rate.of)


def _questions(table: figures.QuestionTable) -> Section:
    rows = [
        (row.topic, *_told(row.rate)[:2], share(row.answers.maybe), share(row.answers.no), share(row.answers.unclear),
         share(row.alone))
        for row in table.rows
    ]  # fmt: skip
    grid = Grid(("Question", "Passes", "95 %", "Maybe", "No", "Unclear", "Decided alone"), rows)
    blocks: tuple[Block, ...] = (drawn(plots.by_question(table)), grid) if rows else (Words("No question is judged."),)
    return Section("Question by question", blocks)


def _lines(what: str, lines: Sequence[figures.Line]) -> Grid:
    rows = [(one.name, *_told(one.per_image)[:2], *_told(one.per_product)[:2], number(one.per_image.of),
             number(one.per_image.products)) for one in lines]  # fmt: skip
    return Grid((what.capitalize(), "Per image", "95 %", "Per product", "95 %", "Images", "Products"), rows)


def _agreement(lines: Sequence[figures.AgreementLine]) -> Grid:
    rows = [
        (one.name, one.topic or "Whole ratings", number(one.value), DASH if one.low is None else
         f"{number(one.low)} to {number(one.high)}", number(one.images))
        for one in lines
    ]  # fmt: skip
    return Grid(("Campaign", "Of", "Krippendorff's alpha", "95 %", "Images"), rows, texts=2)


def _cut(filters: Filters, counted_at: Any, *, compared: bool = False) -> list[tuple[str, str]]:
    """When, and what: the data cut."""
    counted = counted_at.strftime(_WHEN) if counted_at else DASH
    return [
        ("Made", timezone.now().strftime(_WHEN)),
        ("Figures as of", counted),
        ("Filters", _choice(filters, compared=compared) or "none: all judged images"),
        *([("Ratings", "a simulated crowd is among these")] if simulated(filters) else []),
        ("A product passes from", f"{filters.least} passing image{'s' if filters.least > 1 else ''}"),
        ("Made with", f"Vitrine {__version__}"),
    ]


def _choice(filters: Filters, *, compared: bool = False) -> str:
    return "; ".join(f"{what} {which}" for what, which in figures.words_of(filters, compared=compared))


def _query(filters: Filters, methods: Sequence[str] = ()) -> list[Words]:
    """The filters as an address has them, and the statement that chooses the images, with its values."""
    told = [Words(f"filters = {filters.query or '(none)'}", "code")]
    for one in [filters.but(method=method) for method in methods] or [filters]:
        try:
            statement, values = one.rows().order_by("pk").values("pk").query.sql_with_params()
        except EmptyResultSet:
            told.append(Words(f"{one.method or 'filters'}: no image can fit", "code"))
            continue
        told.append(Words(f"{statement}; values: {', '.join(map(repr, values)) or 'none'}", "code"))
    return told
