"""Two methods or more, paired by product: for workers and commands, as it reaches numpy and scipy.

Numbers are read by the same sums as the overview's, so that both say the same of the same images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db.models import Count, F, IntegerField, Q, Sum
from django.db.models.functions import Cast

from review import figures
from review.filters import Filters
from review.models import Item, Verdicts
from review.statistics import paired, planning
from review.statistics.exceptions import CannotCompare
from review.statistics.paired import Compared, Pairs

MOST_PARTS = 40  # product types, or questions, that are each compared
FEWEST = 5  # products of a type, under which it is not compared by itself


@dataclass(frozen=True)
class Moved:
    """Products that pass under one method only, by item."""

    gained: tuple[int, ...]
    lost: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A comparison of a part of the images, or of one question. `p` is corrected for the parts looked at (Holm)."""

    name: str
    key: int
    compared: Compared
    p: float | None


@dataclass(frozen=True)
class Comparison:
    """The second method less the first, the baseline. `sentence` says who is better, or that nobody can be told."""

    first: str
    second: str
    products: int
    images: int
    only_first: int  # products judged under one method only, which say nothing here
    only_second: int
    per_image: Compared
    per_product: Compared
    p: tuple[float | None, float | None]  # of both, corrected for all methods compared
    moved: Moved
    questions: tuple[Part, ...]
    types: tuple[Part, ...]
    icc: float | None
    sentence: str


@dataclass(frozen=True)
class _Column:
    """One method's counts by item."""

    images: dict[int, int]
    passed: dict[int, int]


def compare(
    filters: Filters, methods: Sequence[str], *, seed: int = 0, draws: int = paired.DRAWS
) -> tuple[Comparison, ...]:
    """Each method against the first, on the products that both have judged images of.

    Raises CannotCompare for fewer than two methods, one named twice, or fewer than two products in common.
    """
    if not 2 <= len(set(methods)) == len(methods):
        raise CannotCompare(
            f"A comparison is of different methods, 2 or more; these are {', '.join(methods) or 'none'}."
        )
    found = [_compare(filters, methods[0], other, seed=seed, draws=draws) for other in methods[1:]]
    images = paired.holm([_p(one.per_image) for one in found])
    products = paired.holm([_p(one.per_product) for one in found])
    return tuple(replace(one, p=both) for one, both in zip(found, zip(images, products, strict=True), strict=True))


def pairs_of(filters: Filters, first: str, second: str) -> tuple[Pairs, list[int], tuple[int, int]]:
    """Counts of the products judged under both, second method first; their items; and how many have one alone."""
    return _paired(_column(filters.but(method=second)), _column(filters.but(method=first)))


def sentence(first: str, second: str, found: Compared, products: int) -> str:
    """Who is better, in a sentence; where the interval crosses zero, nobody, and what it would take to know."""
    low, high = found.difference.low, found.difference.high
    if low is None or high is None:
        return f"No winner: {found.difference.said or 'there is no interval.'}"
    value = found.difference.value or 0.0
    if found.better == "first":
        return f"{second} is better than {first}: its pass rate per image is higher by {_points(value, low, high)}."
    if found.better == "second":
        return f"{first} is better than {second}: its pass rate per image is higher by {_points(-value, -high, -low)}."
    points = _points(value, low, high)
    if found.products_needed is None:
        return f"No winner: the two pass alike, {points}."
    more = max(0, found.products_needed - products)
    return (
        f"No winner: the interval of the difference, {points}, holds zero. Were the difference what it looks like,"
        f" about {found.products_needed:,} products ({more:,} more) with as many images each would tell (power 80 %)."
    )


def _points(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"


def _compare(filters: Filters, first: str, second: str, *, seed: int, draws: int) -> Comparison:
    pairs, items, alone = pairs_of(filters, first, second)
    per_image = paired.per_image(pairs, seed=seed, draws=draws)
    per_product = paired.per_product(pairs, filters.least, seed=seed, draws=draws)
    return Comparison(
        first=first,
        second=second,
        products=len(pairs),
        images=int(pairs.images.sum() + pairs.other_images.sum()),
        only_first=alone[1],
        only_second=alone[0],
        per_image=per_image,
        per_product=per_product,
        p=(None, None),
        moved=_moved(pairs, items, filters.least),
        questions=_questions(filters, first, second, seed=seed, draws=draws),
        types=_types(filters, first, second, seed=seed, draws=draws),
        icc=planning.observed_icc(pairs.other_images, pairs.other_passed),
        sentence=sentence(first, second, per_image, len(pairs)),
    )


def _column(filters: Filters) -> _Column:
    rows = filters.rows().exclude(verdict=Verdicts.UNDECIDED).order_by().values("item")
    counted = rows.annotate(n=Count("pk"), k=Count("pk", filter=Q(verdict=Verdicts.PASSED)))
    found = list(counted.values_list("item", "n", "k"))
    return _Column({item: n for item, n, _ in found}, {item: k for item, _, k in found})


def _question_column(filters: Filters, question_set: int, place: int) -> _Column:
    def bit(name: str) -> Sum:
        return Sum(Cast(F(name).bitrightshift(place).bitand(1), IntegerField()))

    rows = filters.rows().filter(question_set=question_set).order_by().values("item")
    found = rows.annotate(k=bit("passes"), f=bit("fails")).values_list("item", "k", "f")
    there = [(item, k, k + f) for item, k, f in found if k + f]
    return _Column({item: n for item, _, n in there}, {item: k for item, k, _ in there})


def _paired(first: _Column, second: _Column) -> tuple[Pairs, list[int], tuple[int, int]]:
    both = sorted(first.images.keys() & second.images.keys())
    alone = (len(first.images) - len(both), len(second.images) - len(both))
    columns = (first.images, first.passed, second.images, second.passed)
    return Pairs(*(np.array([column[item] for item in both], np.int64) for column in columns)), both, alone


def _moved(pairs: Pairs, items: Sequence[int], least: int) -> Moved:
    now, before = pairs.passed >= least, pairs.other_passed >= least
    where = np.array(items)
    return Moved(tuple(map(int, where[now & ~before])), tuple(map(int, where[~now & before])))


def _questions(filters: Filters, first: str, second: str, *, seed: int, draws: int) -> tuple[Part, ...]:
    table = figures.questions(filters.but(method=second))
    if table.question_set is None:
        return ()
    parts = []
    for place, row in enumerate(table.rows[:MOST_PARTS]):
        columns = [
            _question_column(filters.but(method=method), table.question_set, place) for method in (second, first)
        ]
        parts.append((row.topic, place, columns))
    return _parts(parts, seed=seed, draws=draws)


def _types(filters: Filters, first: str, second: str, *, seed: int, draws: int) -> tuple[Part, ...]:
    if filters.type is not None:
        return ()
    parts = []
    for line in figures.by_type(filters.but(method=second))[:MOST_PARTS]:
        if line.link is not None and line.link.type is not None:
            inside = filters.but(type=line.link.type)
            columns = [_column(inside.but(method=method)) for method in (second, first)]
            parts.append((line.name, line.link.type, columns))
    return _parts(parts, seed=seed, draws=draws)


def _parts(parts: Sequence[tuple[str, int, Sequence[_Column]]], *, seed: int, draws: int) -> tuple[Part, ...]:
    """Those with products enough, with p-values for having looked at all of them."""
    found = []
    for name, key, (first, second) in parts:
        if len(first.images.keys() & second.images.keys()) >= FEWEST:
            found.append((name, key, paired.per_image(_paired(first, second)[0], seed=seed, draws=draws)))
    corrected = paired.holm([_p(one) for _, _, one in found])
    return tuple(Part(name, key, one, p) for (name, key, one), p in zip(found, corrected, strict=True))


def _p(compared: Compared) -> float | None:
    return compared.tests[0].p


def names_of(items: Sequence[int]) -> dict[int, Item]:
    """The products that changed sides."""
    return Item.objects.in_bulk(items)
