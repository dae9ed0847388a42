"""Tables as files: rows made while they are sent, so that a million take no more memory than ten."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection

from raters.exchange.writing import disarmed
from review.figures import Overview
from review.filters import Filters
from review.models import Verdicts
from review.statistics.rates import Rate

BATCH = 10_000
IMAGES = (
    "task", "campaign", "campaign_name", "product", "item", "type", "method", "prompt", "day", "voters", "verdict",
    "ratings", "seconds", "candidate",
)  # fmt: skip
# Django's ORM would join nothing here, as judged images hold plain numbers; columns are those of IMAGES.
_ROWS = """
    SELECT judged.task_id, judged.campaign, campaign.name, item.product, item.name, kind.name, method.text, prompt.text,
           judged.day, judged.voters, judged.verdict, judged.ratings, judged.active_ms / 1000.0, judged.candidate
    FROM ({chosen}) AS judged
    JOIN review_item item ON item.id = judged.item
    JOIN review_name method ON method.id = judged.method
    JOIN review_name prompt ON prompt.id = judged.prompt
    JOIN raters_campaign campaign ON campaign.id = judged.campaign
    LEFT JOIN catalog_producttype kind ON kind.id = judged.type
    ORDER BY judged.task_id"""
_COLUMNS = ("task_id", "campaign", "item", "type", "method", "prompt", "day", "voters", "verdict", "ratings",
            "active_ms", "candidate")  # fmt: skip
_VERDICT = IMAGES.index("verdict")
_WORDS = {verdict.value: verdict.name.lower() for verdict in Verdicts}
RATE = ("value", "low", "high", "of", "passed", "products", "said")


def images(filters: Filters) -> Iterator[list[Sequence[Any]]]:
    """The images chosen, in batches by task, with the columns of IMAGES."""
    after = 0
    while batch := _batch(filters, after):
        after = batch[-1][0]
        yield batch


def images_csv(filters: Filters) -> Iterator[bytes]:
    """The images chosen as CSV, with a header line."""
    yield from _csv(IMAGES, images(filters))


def table_csv(found: Overview, table: str) -> Iterator[bytes]:
    """A table of the overview as CSV: "overview", "questions", "methods", "types" or "agreement". Raises KeyError."""
    header, rows = TABLES[table](found)
    yield from _csv(header, [list(rows)])


def _overview(found: Overview) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    rates = [("per_image", found.per_image), (f"per_product_{found.filters.least}", found.per_product)]
    return ("figure", *RATE), [(name, *_rate(rate)) for name, rate in rates]


def _questions(found: Overview) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    header = ("question", "topic", *RATE, "maybe", "no", "unclear", "answers", "alone", "alone_images")
    return header, [
        (row.key, row.topic, *_rate(row.rate), row.answers.maybe, row.answers.no, row.answers.unclear, row.answers.of,
         row.alone, row.alone_images)
        for row in found.questions.rows
    ]  # fmt: skip


def _methods(found: Overview) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    return _lines("method", found.methods)


def _types(found: Overview) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    return _lines("type", found.types)


def _agreement(found: Overview) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    header = ("campaign", "name", "question", "topic", "value", "low", "high", "images", "why")
    return header, [tuple(vars(line).values()) for line in found.agreement]


TABLES = {
    "overview": _overview,
    "questions": _questions,
    "methods": _methods,
    "types": _types,
    "agreement": _agreement,
}


def _lines(name: str, lines: Iterable[Any]) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    header = (name, *(f"image_{column}" for column in RATE), *(f"product_{column}" for column in RATE), "undecided")
    return header, [(line.name, *_rate(line.per_image), *_rate(line.per_product), line.undecided) for line in lines]


def _rate(rate: Rate) -> tuple[Any, ...]:
    return tuple(getattr(rate, name) for name in RATE)


def _batch(filters: Filters, after: int) -> list[Sequence[Any]]:
    chosen = filters.rows().filter(pk__gt=after).order_by("pk").values(*_COLUMNS)[:BATCH]
    try:
        inner, values = chosen.query.sql_with_params()
    except EmptyResultSet:  # Django sees that no row can fit, such as for a method that there is not
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(chosen=inner), values)
        return [_told(row) for row in cursor.fetchall()]


def _told(row: Sequence[Any]) -> Sequence[Any]:
    told = list(row)
    told[_VERDICT] = _WORDS[row[_VERDICT]]
    return told


def _csv(header: Sequence[str], batches: Iterable[list[Sequence[Any]]]) -> Iterator[bytes]:
    """UTF-8 with commas. Text that a spreadsheet would run as a formula is disarmed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for batch in batches:
        writer.writerows([[disarmed(value) for value in row] for row in batch])
        yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
