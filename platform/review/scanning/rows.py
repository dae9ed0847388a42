"""Sums over products of any choice of images, added up by the database from their rows: quick where they are few."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Cast, TruncWeek

from review.counting.facts import KINDS, LANE, MOST_BITS
from review.filters import MOST_PASSING, Filters
from review.models import MOST_QUESTIONS, JudgedImage, Verdicts
from review.statistics.rates import Sums
from review.totals import OVER_PRODUCTS, WEEK, OneQuestion, Whole, whole_of

_MASK = (1 << LANE) - 1


def added(filters: Filters, columns: Sequence[str]) -> dict[str, dict[Any, Whole]]:
    """For each column, by its values; for "", by None, all. Within each, images are added up by product first."""
    rows = filters.rows()
    if WEEK in columns:
        rows = rows.annotate(week=TruncWeek("day"))
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
        found[column][_day(key) if column == WEEK else key] = whole_of(values)
    return found


def questions(filters: Filters, question_set: int, count: int) -> list[OneQuestion]:
    """Of each of the set's `count` questions."""
    rows = filters.rows().filter(question_set=question_set)
    failing = rows.filter(alone__isnull=False).order_by().values_list("alone").annotate(n=Count("pk"))
    alone: dict[int | None, int] = dict(failing)
    answers = _answers(rows, count)
    return [
        OneQuestion(place, sums, alone.get(place, 0), answers[place])
        for place, sums in enumerate(_questions(rows, min(count, MOST_BITS)))
    ]


def of_questions(filters: Filters, question_set: int, count: int) -> list[Sums]:
    """The sums of each of the set's first MOST_BITS questions, in one scan; zeros for those behind them."""
    found = _questions(filters.rows().filter(question_set=question_set), min(count, MOST_BITS))
    return found + [Sums()] * (count - len(found))


def _day(value: Any) -> date:
    """SQLite has no days of its own: what it truncates comes as text."""
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value.date() if isinstance(value, datetime) else value


def _of_products(column: str) -> str:
    """A statement over `cells`: the column's name, its value, and the sums of a Whole."""
    least = [f"SUM(CASE WHEN k >= {least} THEN 1 ELSE 0 END)" for least in range(1, MOST_PASSING + 1)]
    wanted = ", ".join([*(one.format(n="n", k="k") for one in OVER_PRODUCTS.values()), *least])
    key, own, group = (column, f"{column}, ", f" GROUP BY {column}") if column else ("NULL", "", "")
    products = (
        f"SELECT {own}item, SUM(n) AS n, SUM(k) AS k, SUM(u) AS u, SUM(r) AS r, SUM(ms) AS ms FROM cells"  # noqa: S608
        f" GROUP BY {own}item"
    )
    return f"SELECT '{column}', {key}, {wanted}, SUM(u), SUM(r), SUM(ms) FROM ({products}) AS products{group}"  # noqa: S608


def _questions(rows: QuerySet[JudgedImage], count: int) -> list[Sums]:
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
        for one in OVER_PRODUCTS.values()
    )
    rows_found = _over(products, [f"SELECT {wanted} FROM cells"])  # noqa: S608 - all written here
    values = rows_found[0] if rows_found else (0,) * len(OVER_PRODUCTS) * count
    width = len(OVER_PRODUCTS)
    return [Sums(*(int(value or 0) for value in values[width * place : width * (place + 1)])) for place in range(count)]


def _answers(rows: QuerySet[JudgedImage], count: int) -> list[tuple[int, ...]]:
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
