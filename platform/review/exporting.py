"""Review's tables for files and the API: those of the overview, and the images and products behind them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet, Sum

from review import figures
from review.filters import Filters
from review.models import JudgedImage, Verdicts
from review.product_figures import PASSING
from review.statistics.rates import Rate
from review.writing import Row, Table, columns_of, table

BATCH = 10_000
_RATE = ("value", "low", "high", "of", "passed", "products", "said")
_RATE_KINDS = ("number", "number", "number", "integer", "integer", "integer", "text")
IMAGES = (
    "task:integer campaign:integer campaign_name product:integer item type method prompt day:day voters verdict"
    " ratings:integer seconds:number candidate:integer"
)
PRODUCTS = (
    "item:integer product:integer name type images:integer passed:integer rate:number undecided:integer"
    " ratings:integer seconds:number passes"
)
# Django's ORM would join nothing here, as judged images hold plain numbers.
_IMAGE_ROWS = """
    SELECT judged.task_id, judged.campaign, campaign.name, item.product, item.name, kind.name, method.text, prompt.text,
           judged.day, judged.voters, judged.verdict, judged.ratings, judged.active_ms, judged.candidate
    FROM ({chosen}) AS judged
    JOIN review_item item ON item.id = judged.item
    JOIN review_name method ON method.id = judged.method
    JOIN review_name prompt ON prompt.id = judged.prompt
    JOIN raters_campaign campaign ON campaign.id = judged.campaign
    LEFT JOIN catalog_producttype kind ON kind.id = judged.type
    ORDER BY judged.task_id"""
_PRODUCT_ROWS = """
    SELECT item.id, item.product, item.name, kind.name, judged.n, judged.k, judged.u, judged.r, judged.ms
    FROM ({chosen}) AS judged
    JOIN review_item item ON item.id = judged.item
    LEFT JOIN catalog_producttype kind ON kind.id = judged.kind
    ORDER BY item.id"""
_COLUMNS = ("task_id", "campaign", "item", "type", "method", "prompt", "day", "voters", "verdict", "ratings",
            "active_ms", "candidate")  # fmt: skip
_WORDS = {verdict.value: verdict.name.lower() for verdict in Verdicts}


def images(filters: Filters, after: int = 0, most: int | None = None) -> Table:
    """Judged images by task, those behind the task `after`; all of them, or only so many."""
    return images_of(filters.rows().filter(pk__gt=after), most)


def images_of(rows: QuerySet[JudgedImage], most: int | None = None) -> Table:
    """These judged images by task; all of them, or only so many."""
    chosen = rows.order_by() if most is None else rows.order_by("pk")[:most]
    values = chosen.values(*_COLUMNS)
    return Table(columns_of(IMAGES), lambda: _streamed(_IMAGE_ROWS, values, _image, whole=most is None))


def products(filters: Filters, after: int = 0, most: int | None = None, *, passing: str = "") -> Table:
    """Products by item with what their images add up to, those behind the item `after`; all, or only so many.

    `passing`, "yes" or "no", keeps those with enough passing images, or those with fewer, as their page does.
    """
    rows = filters.rows().filter(item__gt=after).order_by()
    if most is not None:  # their ids first: the database would add up all that follow before it leaves any out
        following = list(rows.order_by("item").values_list("item", flat=True).distinct()[:most])
        rows = rows.filter(item__lte=following[-1]) if following else rows.none()
    chosen = rows.values("item").annotate(
        n=Count("pk", filter=~Q(verdict=Verdicts.UNDECIDED)),
        k=Count("pk", filter=Q(verdict=Verdicts.PASSED)),
        u=Count("pk", filter=Q(verdict=Verdicts.UNDECIDED)),
        r=Sum("ratings"),
        ms=Sum("active_ms"),
        kind=Max("type"),
    )
    if passing in PASSING:
        chosen = chosen.filter(n__gt=0, **{"k__gte" if PASSING[passing] else "k__lt": filters.least})

    def told(row: Row) -> Row:
        images, passed, undecided, ratings, active_ms = row[4:]
        rate = passed / images if images else None
        passes = "" if not images else "yes" if passed >= filters.least else "no"
        return *row[:4], images, passed, rate, undecided, int(ratings), int(active_ms) / 1000, passes

    return Table(columns_of(PRODUCTS), lambda: _streamed(_PRODUCT_ROWS, chosen, told, whole=most is None))


def overview(filters: Filters) -> Table:
    """The two pass rates."""

    def rows() -> Iterable[Row]:
        found = figures.overview(filters)
        rates = [("per_image", found.per_image), (f"per_product_{filters.least}", found.per_product)]
        return [(name, *_rate(rate)) for name, rate in rates]

    return table(f"figure {_rate_columns()}", rows)


def questions(filters: Filters) -> Table:
    """The questions of the set that is asked for, else of the one with the most images."""

    def rows() -> Iterable[Row]:
        return [
            (row.key, row.topic, *_rate(row.rate), row.answers.maybe, row.answers.no, row.answers.unclear,
             row.answers.of, row.alone, row.alone_images)
            for row in figures.overview(filters).questions.rows
        ]  # fmt: skip

    shares = "maybe:number no:number unclear:number answers:integer alone:number alone_images:integer"
    return table(f"question topic {_rate_columns()} {shares}", rows)


def methods(filters: Filters) -> Table:
    """Pass rates by method."""
    return _lines("method", lambda: figures.overview(filters).methods)


def types(filters: Filters) -> Table:
    """Pass rates by product type."""
    return _lines("type", lambda: figures.overview(filters).types)


def agreement(filters: Filters) -> Table:
    """How far raters agree, as last computed."""

    def rows() -> Iterable[Row]:
        return [tuple(vars(line).values()) for line in figures.overview(filters).agreement]

    header = "campaign:integer name question topic value:number low:number high:number images:integer why"
    return table(header, rows)


def weeks(filters: Filters) -> Table:
    """The pass rate per image week by week, by the Monday that each begins with."""
    return table(
        f"week:day {_rate_columns()}", lambda: [(one.begins, *_rate(one.rate)) for one in figures.weeks(filters)]
    )


TABLES: dict[str, Callable[[Filters], Table]] = {
    "overview": overview,
    "questions": questions,
    "methods": methods,
    "types": types,
    "agreement": agreement,
    "weeks": weeks,
    "images": images,
    "products": products,
}
# Tables that have no end; they are read on from a row's first value.
LONG: dict[str, Callable[[Filters, int, int], Table]] = {"images": images, "products": products}


def page(filters: Filters, name: str, after: int, size: int) -> tuple[list[dict[str, Any]], int | None]:
    """Some rows of a table, and what to read on after; None at its end. Raises KeyError for a table there is not."""
    if name not in LONG:
        return list(TABLES[name](filters).rows()), None
    found = LONG[name](filters, after, size + 1)
    rows = list(found.rows())
    last = rows[size - 1][found.columns[0].name] if len(rows) > size else None
    return rows[:size], last


def _streamed(
    statement: str, chosen: QuerySet[Any, Any], tell: Callable[[Row], Row], *, whole: bool
) -> Iterator[list[Row]]:
    """The rows of a statement over the images chosen, in batches, by a cursor that the database keeps.

    `whole`: they are all that there are, not the few of a page.
    """
    try:
        inner, values = chosen.query.sql_with_params()
    except EmptyResultSet:  # Django sees that no row can fit, such as for a method that there is not
        return
    with transaction.atomic():
        if whole and connection.vendor == "postgresql":
            with connection.cursor() as cursor:  # all rows are read, so the plan for the first tenth is the wrong one
                cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
        with connection.chunked_cursor() as cursor:
            cursor.execute(statement.format(chosen=inner), values)
            while batch := cursor.fetchmany(BATCH):
                yield [tell(row) for row in batch]


def _image(row: Row) -> Row:
    *first, verdict, ratings, active_ms, candidate = row
    return *first, _WORDS[verdict], ratings, active_ms / 1000, candidate


def _lines(name: str, lines: Callable[[], Sequence[figures.Line]]) -> Table:
    def rows() -> Iterable[Row]:
        return [(one.name, *_rate(one.per_image), *_rate(one.per_product), one.undecided) for one in lines()]

    header = f"{name} {_rate_columns('image_')} {_rate_columns('product_')} undecided:integer"
    return table(header, rows)


def _rate_columns(before: str = "") -> str:
    return " ".join(f"{before}{name}:{kind}" for name, kind in zip(_RATE, _RATE_KINDS, strict=True))


def _rate(rate: Rate) -> tuple[Any, ...]:
    return tuple(getattr(rate, name) for name in _RATE)
