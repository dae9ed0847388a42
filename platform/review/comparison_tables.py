"""The tables of a comparison for files and the API, out of what was kept when it was computed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from review.models import Comparison, Item
from review.writing import Column, Row, Table, table

_BATCH = 5_000
_HEADER = (
    "method baseline part name products:integer baseline_rate:number rate:number difference:number low:number"
    " high:number ratio:number ratio_low:number ratio_high:number p:number winner"
)


def differences(found: Comparison) -> Table:
    """Differences of each method to the first: per image, per product, by question and by type; p is corrected."""

    def rows() -> Iterable[Row]:
        for one in found.result or []:
            yield _row(one, "whole", "per image", one["products"], one["per_image"], one["p"][0], one["winner"])
            won = one["winner_per_product"]
            yield _row(one, "whole", "per product", one["products"], one["per_product"], one["p"][1], won)
            for kind in ("questions", "types"):
                for part in one[kind]:
                    told = (part["name"], part["products"], part["compared"], part["p"], part["winner"])
                    yield _row(one, kind.removesuffix("s"), *told)

    return table(_HEADER, rows)


def moved(found: Comparison) -> Table:
    """Every product that passes under one of two methods only."""
    columns = (Column("method"), Column("baseline"), Column("passes_with"), Column("item", "integer"),
               Column("product", "integer"), Column("name"))  # fmt: skip
    return Table(columns, lambda: _moved(found))


TABLES = {"differences": differences, "moved": moved}


def _moved(found: Comparison) -> Iterator[list[Row]]:
    baseline = found.methods[0]
    for method, sides in (found.moved or {}).items():
        for side, passes_with in (("gained", method), ("lost", baseline)):
            for start in range(0, len(sides[side]), _BATCH):
                items = Item.objects.in_bulk(sides[side][start : start + _BATCH])
                yield [(method, baseline, passes_with, pk, one.product, one.name) for pk, one in items.items()]


def _row(  # noqa: PLR0913, PLR0917 - in the order of the columns
    one: Mapping[str, Any], part: str, name: str, products: int, compared: Mapping[str, Any], p: float | None,
    winner: str,
) -> Row:  # fmt: skip
    difference, ratio = compared["difference"], compared["ratio"]
    return (
        one["second"], one["first"], part, name, products, compared["second"], compared["first"], difference["value"],
        difference["low"], difference["high"], ratio["value"], ratio["low"], ratio["high"], p, winner,
    )  # fmt: skip
