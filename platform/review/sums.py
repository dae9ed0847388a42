"""Sums over products for any choice of images: kept tallies where these are of exactly that choice, else one scan.

Both give the same numbers; `figures` makes figures of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, TruncWeek

from raters.models import Campaign, Ruling
from raters.models.ratings import Outcome
from review.counting.facts import KINDS, LANE, MOST_BITS
from review.counting.tallies import WHOLE
from review.filters import MOST_PASSING, Filters, tally_key
from review.models import ALL, MOST_QUESTIONS, JudgedImage, Tally, Verdicts
from review.models import Counter as Counted
from review.statistics.rates import Sums

_MASK = (1 << LANE) - 1
# For products with n images of which k pass.
_OVER_PRODUCTS = {
    "products": "SUM(CASE WHEN {n} > 0 THEN 1 ELSE 0 END)",
    "images": "SUM({n})",
    "passed": "SUM({k})",
    "images_squared": "SUM({n} * {n})",
    "passed_squared": "SUM({k} * {k})",
    "images_passed": "SUM({n} * {k})",
}


@dataclass(frozen=True)
class Whole:
    """Sums of whole images. `with_least[j - 1]` are products with at least j passing images."""

    sums: Sums = field(default_factory=Sums)
    with_least: tuple[int, ...] = (0,) * MOST_PASSING
    undecided: int = 0
    ratings: int = 0
    active_ms: int = 0


@dataclass(frozen=True)
class Asked:
    """Of the images that were asked one question set: how many there are, and how many failed."""

    images: int
    failed: int


@dataclass(frozen=True)
class Parts:
    """The sums of all images chosen, and apart for each method, type and question set."""

    whole: Whole
    methods: dict[int, Whole]
    types: dict[int, Whole]
    sets: dict[int, Asked]


@dataclass(frozen=True)
class OneQuestion:
    """Sums of one question: its place in the set, images it alone kept from passing, answers of each of KINDS."""

    place: int
    sums: Sums
    alone: int
    answers: tuple[int, ...]


def whole(filters: Filters) -> Whole:
    """Of all images chosen."""
    if not _are_kept(filters):
        return _scanned(filters.rows(), ("",))[""].get(None, Whole())
    return _kept_whole(filters)


def _are_kept(filters: Filters) -> bool:
    """Whether tallies say it: not for every choice, and not while everything is counted anew."""
    return filters.is_kept and not Counted.objects.filter(pk=1, partial=True).exists()


def _kept_whole(filters: Filters) -> Whole:
    row = Tally.objects.filter(**tally_key(filters), question_set=ALL, question=WHOLE).first()
    return Whole() if row is None else _kept(row)


def by(filters: Filters, column: str) -> dict[int, Whole]:
    """As `whole`, apart for each "method", "type" or "campaign" of the images chosen."""
    if not _are_kept(filters):
        return _scanned(filters.rows(), (column,))[column]
    return _kept_by(filters, column)


def _kept_by(filters: Filters, column: str) -> dict[int, Whole]:
    where = tally_key(filters)
    chosen = where.pop(column)
    rows = Tally.objects.filter(**where, question_set=ALL, question=WHOLE).exclude(**{column: ALL})
    if chosen != ALL:
        rows = rows.filter(**{column: chosen})
    return {getattr(row, column): _kept(row) for row in rows}


def parts(filters: Filters) -> Parts:
    """All that an overview tells apart. Of images that are scanned for, in one scan."""
    if not _are_kept(filters):
        found = _scanned(filters.rows(), ("", "method", "type", "question_set"))
        sets = {pk: Asked(one.sums.images + one.undecided, _failed(one)) for pk, one in found["question_set"].items()}
        return Parts(found[""].get(None, Whole()), found["method"], found["type"], sets)
    return Parts(_kept_whole(filters), _kept_by(filters, "method"), _kept_by(filters, "type"), _kept_sets(filters))


def questions(filters: Filters, question_set: int, count: int) -> list[OneQuestion]:
    """Of each of the set's `count` questions."""
    if _are_kept(filters):
        kept = Tally.objects.filter(**tally_key(filters), question_set=question_set, question__gte=0)
        found = {row.question: row for row in kept}
        return [_kept_question(place, found.get(place)) for place in range(count)]
    rows = filters.rows().filter(question_set=question_set)
    failing = rows.filter(alone__isnull=False).order_by().values_list("alone").annotate(n=Count("pk"))
    alone: dict[int | None, int] = dict(failing)
    answers = _scanned_answers(rows, count)
    return [
        OneQuestion(place, sums, alone.get(place, 0), answers[place])
        for place, sums in enumerate(_scanned_questions(rows, min(count, MOST_BITS)))
    ]


def by_week(filters: Filters) -> dict[date, Whole]:
    """Of each week, by its Monday; an image is of the week of its newest rating. Always a scan."""
    found = _scanned(filters.rows().annotate(week=TruncWeek("day")), ("week",))["week"]
    return {_day(week): one for week, one in found.items()}


def _day(value: Any) -> date:
    """SQLite has no days of its own: what it truncates comes as text."""
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value.date() if isinstance(value, datetime) else value


def ruled_otherwise(filters: Filters) -> int:
    """How many of the images chosen have a newest ruling that is not what the votes say."""
    newest = Ruling.objects.filter(task=OuterRef("pk")).order_by("-id").values("outcome")[:1]
    rows = filters.rows().filter(task__in=Ruling.objects.order_by().values("task")).annotate(ruled=Subquery(newest))
    alike = Q(ruled=Outcome.PASSED, verdict=Verdicts.PASSED) | Q(ruled=Outcome.FAILED, verdict=Verdicts.FAILED)
    return rows.exclude(alike).count()


def _kept(row: Tally) -> Whole:
    with_least = tuple(getattr(row, f"with_{least}") for least in range(1, MOST_PASSING + 1))
    return Whole(_sums_of(row), with_least, row.undecided, row.ratings, row.active_ms)


def _kept_question(place: int, row: Tally | None) -> OneQuestion:
    if row is None:
        return OneQuestion(place, Sums(), 0, (0,) * len(KINDS))
    return OneQuestion(place, _sums_of(row), row.alone, tuple(getattr(row, kind) for kind in KINDS))


def _sums_of(row: Tally) -> Sums:
    return Sums(**{name: getattr(row, name) for name in _OVER_PRODUCTS})


def _kept_sets(filters: Filters) -> dict[int, Asked]:
    rows = Tally.objects.filter(**tally_key(filters), question=0)
    images = {row.question_set: row.images + row.undecided for row in rows}
    failed: Counter[int] = Counter()
    campaigns = _kept_by(filters, "campaign")
    for pk, question_set in Campaign.objects.filter(pk__in=campaigns).values_list("pk", "question_set"):
        failed[question_set] += _failed(campaigns[pk])
    return {pk: Asked(number, failed[pk]) for pk, number in images.items() if number}


def _failed(one: Whole) -> int:
    return one.sums.images - one.sums.passed


def _scanned(rows: QuerySet[JudgedImage], columns: Sequence[str]) -> dict[str, dict[Any, Whole]]:
    """For each column, by its values; for "", by None, all. Within each, images are added up by product first."""
    told = [column for column in columns if column]
    cells = (
        rows.order_by()
        .values("item", *told)
        .annotate(
            n=Count("pk", filter=~Q(verdict=Verdicts.UNDECIDED)),
            k=Count("pk", filter=Q(verdict=Verdicts.PASSED)),
            u=Count("pk", filter=Q(verdict=Verdicts.UNDECIDED)),
            r=Sum("ratings"),
            ms=Sum("active_ms"),
        )
    )
    found: dict[str, dict[Any, Whole]] = {column: {} for column in columns}
    for column, key, *values in _over(cells, [_of_products(column) for column in columns]):
        numbers = [int(value or 0) for value in values]
        first, last = len(_OVER_PRODUCTS), len(_OVER_PRODUCTS) + MOST_PASSING
        found[column][key] = Whole(Sums(*numbers[:first]), tuple(numbers[first:last]), *numbers[last:])
    return found


def _of_products(column: str) -> str:
    """A statement over `cells`: the column's name, its value, and the sums of a Whole."""
    least = [f"SUM(CASE WHEN k >= {least} THEN 1 ELSE 0 END)" for least in range(1, MOST_PASSING + 1)]
    wanted = ", ".join([*(one.format(n="n", k="k") for one in _OVER_PRODUCTS.values()), *least])
    key, own, group = (column, f"{column}, ", f" GROUP BY {column}") if column else ("NULL", "", "")
    products = (
        f"SELECT {own}item, SUM(n) AS n, SUM(k) AS k, SUM(u) AS u, SUM(r) AS r, SUM(ms) AS ms FROM cells"  # noqa: S608
        f" GROUP BY {own}item"
    )
    return f"SELECT '{column}', {key}, {wanted}, SUM(u), SUM(r), SUM(ms) FROM ({products}) AS products{group}"  # noqa: S608


def _scanned_questions(rows: QuerySet[JudgedImage], count: int) -> list[Sums]:
    if not count:
        return []
    bits: dict[str, Any] = {}
    for place in range(count):
        bits[f"p{place}"] = Sum(_bits("passes", place, 1))
        bits[f"f{place}"] = Sum(_bits("fails", place, 1))
    products = rows.order_by().values("item").annotate(**bits)
    wanted = ", ".join(
        one.format(n=f"(p{place} + f{place})", k=f"p{place}")
        for place in range(count)
        for one in _OVER_PRODUCTS.values()
    )
    rows_found = _over(products, [f"SELECT {wanted} FROM cells"])  # noqa: S608 - all written here
    values = rows_found[0] if rows_found else (0,) * len(_OVER_PRODUCTS) * count
    width = len(_OVER_PRODUCTS)
    return [Sums(*(int(value or 0) for value in values[width * place : width * (place + 1)])) for place in range(count)]


def _scanned_answers(rows: QuerySet[JudgedImage], count: int) -> list[tuple[int, ...]]:
    """For each question, how many answers of each kind."""
    if not 0 < count <= MOST_QUESTIONS:
        return [(0,) * len(KINDS)] * count
    wanted = {f"{kind}_{place}": Sum(_bits(kind, LANE * place, _MASK)) for place in range(count) for kind in KINDS}
    found = rows.aggregate(**wanted)
    return [tuple(int(found[f"{kind}_{place}"] or 0) for kind in KINDS) for place in range(count)]


def _bits(name: str, place: int, mask: int) -> Cast:
    """Some bits of a column as a small number, which databases add up quickest."""
    return Cast(F(name).bitrightshift(place).bitand(mask), IntegerField())


def _over(cells: QuerySet[Any, Any], statements: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows of statements over a query by the name `cells`, which the database runs once."""
    try:
        inner, values = cells.query.sql_with_params()
    except EmptyResultSet:  # Django sees that no row can fit, such as for a method that there is not
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"WITH cells AS ({inner}) {' UNION ALL '.join(statements)}", values)
        return list(cursor.fetchall())
