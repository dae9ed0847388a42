"""Two methods or more, paired by product: for workers and commands, as it reaches numpy and scipy.

Numbers are read as the overview reads them, so that both say the same of the same images: each method in one reading of
the blocks, or in two queries where images are few, whatever the number of types and questions. Of a ranker's best they
are not the same images: here each method's own, on the overview those of all methods together.

One rule says who is better, in the sentence, at a question and at a type: the interval of the difference leaves zero
out, and the p-value, corrected by Holm for everything looked at beside it, is under 5 %.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from catalog.models import ProductType
from review import columns
from review.columns import Column, Counts, Side
from review.filters import Filters, apart
from review.models import UNTYPED
from review.statistics import paired, planning
from review.statistics.exceptions import CannotCompare
from review.statistics.paired import Compared, Pairs

MOST_TYPES = 60  # product types that are each compared: those with the most products
FEWEST = 5  # products of a type, under which it is not compared by itself
ALPHA = 0.05
Progress = Callable[..., None]


@dataclass(frozen=True)
class Moved:
    """Products that pass under one method only, by item."""

    gained: tuple[int, ...]
    lost: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A comparison of one type's images, or of one question. `p` is corrected for all parts looked at (Holm)."""

    name: str
    key: int
    products: int
    compared: Compared
    p: float | None = None
    winner: str = ""


@dataclass(frozen=True)
class Comparison:
    """The second method less the first, the baseline. `winner` is the better one's name, or empty: nobody can be told.

    `types_left` are types that were not compared by themselves: too few products, or too many types.
    """

    first: str
    second: str
    products: int
    images: int
    only_first: int  # products judged under one method only, which say nothing here
    only_second: int
    per_image: Compared
    per_product: Compared
    p: tuple[float | None, float | None]  # of both, corrected for all methods compared
    winner: str
    winner_per_product: str
    moved: Moved
    questions: tuple[Part, ...]
    types: tuple[Part, ...]
    types_left: int
    icc: float | None
    sentence: str


@dataclass(frozen=True)
class _Drawing:
    """How intervals are drawn."""

    seed: int
    draws: int


def compare(
    filters: Filters,
    methods: Sequence[str],
    *,
    seed: int = 0,
    draws: int = paired.DRAWS,
    progress: Progress = lambda *_: None,
) -> tuple[Comparison, ...]:
    """Each method against the first, on the products that both have judged images of.

    A ranker's best are each method's own: were they those of all methods, only products would be compared of which both
    have such images, and of the worse method the best ones alone.

    Raises CannotCompare for fewer than two methods, one named twice, or fewer than two products in common.
    """
    if not 2 <= len(set(methods)) == len(methods):
        raise CannotCompare(
            f"A comparison is of different methods, 2 or more; these are {', '.join(methods) or 'none'}."
        )
    steps = 2 * len(methods)
    filters = apart(filters)
    asked = columns.asked(filters, methods)
    sides = []
    for number, method in enumerate(methods):
        progress(number, steps, f"reading {method}")
        sides.append(columns.side(filters.but(method=method), asked))
    drawing, found = _Drawing(seed, draws), []
    for number, other in enumerate(sides[1:]):
        progress(len(methods) + number, steps, f"{other.name} against {methods[0]}")
        found.append(_compare(filters, (sides[0], other), asked[1], drawing))
    return _judged(found)


def pairs_of(filters: Filters, first: str, second: str) -> tuple[Pairs, list[int], tuple[int, int]]:
    """Counts of the products judged under both, second method first; their items; and how many have one alone."""
    filters = apart(filters)
    pairs, items, alone = _paired(
        columns.whole(filters.but(method=second))[0], columns.whole(filters.but(method=first))[0]
    )
    return pairs, items.tolist(), alone


def winner_of(found: Compared, p: float | None, methods: tuple[str, str]) -> str:
    """The better one of (baseline, method) by the one rule; empty where nobody can be told. `p`: corrected."""
    if not found.better or (p is not None and p >= ALPHA):
        return ""
    return methods[1] if found.better == "first" else methods[0]


def sentence(found: Comparison, looks: int = 1) -> str:
    """Who is better, in a sentence; where nobody can be told, why, and what it would take to know."""
    difference = found.per_image.difference
    low, high, value = difference.low, difference.high, difference.value or 0.0
    if low is None or high is None:
        return f"No winner: {difference.said or 'there is no interval.'}"
    if found.winner:
        worse = found.first if found.winner == found.second else found.second
        points = _points(value, low, high) if found.winner == found.second else _points(-value, -high, -low)
        return f"{found.winner} is better than {worse}: its pass rate per image is higher by {points}."
    points = _points(value, low, high)
    why = f"the interval of the difference, {points}, holds zero."
    if found.per_image.better:
        how = f"corrected for {looks} looks, " if looks > 1 else ""
        why = f"the interval, {points}, leaves zero out, but {how}p = {found.p[0]:.3f} is not under {ALPHA:.2f}."
    return f"No winner: {why} {_needed(found, looks)}"


def _needed(found: Comparison, looks: int) -> str:
    if found.per_image.products_needed is None:
        return "The two pass alike, so no number of products would tell them apart."
    times = [NormalDist().inv_cdf(1 - ALPHA / 2 / many) + NormalDist().inv_cdf(paired.POWER) for many in (1, looks)]
    needed = math.ceil(found.per_image.products_needed * (times[1] / times[0]) ** 2)
    more = max(0, needed - found.products)
    images = math.ceil(more * found.images / found.products)
    return (
        f"Were the difference what it looks like, about {needed:,} products would tell (power 80 %): {more:,} more,"
        f" which are {images:,} more images with as many of each."
    )


def _points(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})".replace("-", "\N{MINUS SIGN}")


def _compare(filters: Filters, sides: tuple[Side, Side], topics: Sequence[str], drawing: _Drawing) -> Comparison:
    first, second = sides
    pairs, items, alone = _paired(second.whole, first.whole)
    types, left = _types(sides, drawing) if filters.type is None else ((), 0)
    return Comparison(
        first=first.name,
        second=second.name,
        products=len(pairs),
        images=int(pairs.images.sum() + pairs.other_images.sum()),
        only_first=alone[1],
        only_second=alone[0],
        per_image=paired.per_image(pairs, seed=drawing.seed, draws=drawing.draws),
        per_product=paired.per_product(pairs, filters.least, seed=drawing.seed, draws=drawing.draws),
        p=(None, None),
        winner="",
        winner_per_product="",
        moved=_moved(pairs, items, filters.least),
        questions=_questions(sides, topics, drawing),
        types=types,
        types_left=left,
        icc=planning.observed_icc(pairs.other_images, pairs.other_passed),
        sentence="",
    )


def _judged(found: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """With p-values corrected for all methods looked at, and what they and the intervals say together."""
    images = paired.holm([_p(one.per_image) for one in found])
    products = paired.holm([_p(one.per_product) for one in found])
    questions = _corrected([one.questions for one in found])
    types = _corrected([one.types for one in found])
    told = []
    for place, one in enumerate(found):
        methods = (one.first, one.second)
        judged = replace(
            one,
            p=(images[place], products[place]),
            winner=winner_of(one.per_image, images[place], methods),
            winner_per_product=winner_of(one.per_product, products[place], methods),
            questions=_won(questions[place], methods),
            types=_won(types[place], methods),
        )
        told.append(replace(judged, sentence=sentence(judged, len(found))))
    return tuple(told)


def _corrected(groups: Sequence[tuple[Part, ...]]) -> list[tuple[Part, ...]]:
    """Holm's p over the parts of all groups together."""
    corrected = paired.holm([_p(part.compared) for parts in groups for part in parts])
    ends = np.cumsum([0, *(len(parts) for parts in groups)]).tolist()
    return [
        tuple(replace(part, p=p) for part, p in zip(parts, corrected[start:end], strict=True))
        for parts, (start, end) in zip(groups, pairwise(ends), strict=True)
    ]


def _won(parts: Sequence[Part], methods: tuple[str, str]) -> tuple[Part, ...]:
    return tuple(replace(part, winner=winner_of(part.compared, part.p, methods)) for part in parts)


def _paired(first: Column, second: Column) -> tuple[Pairs, Counts, tuple[int, int]]:
    both, here, there = np.intersect1d(first.items, second.items, assume_unique=True, return_indices=True)
    alone = (len(first.items) - len(both), len(second.items) - len(both))
    pairs = Pairs(first.images[here], first.passed[here], second.images[there], second.passed[there])
    return pairs, both, alone


def _moved(pairs: Pairs, items: Counts, least: int) -> Moved:
    now, before = pairs.passed >= least, pairs.other_passed >= least
    return Moved(tuple(items[now & ~before].tolist()), tuple(items[~now & before].tolist()))


def _questions(sides: tuple[Side, Side], topics: Sequence[str], drawing: _Drawing) -> tuple[Part, ...]:
    both = zip(sides[1].questions, sides[0].questions, strict=True)
    parts = [_part(topic, place, two, drawing) for place, (topic, two) in enumerate(zip(topics, both, strict=True))]
    return tuple(part for part in parts if part is not None)


def _types(sides: tuple[Side, Side], drawing: _Drawing) -> tuple[tuple[Part, ...], int]:
    """Types that both methods have, those with the most products; and how many were left out."""
    first, second = sides[0].types, sides[1].types
    both = sorted(first.keys() & second.keys(), key=lambda kind: (-_common(first[kind], second[kind]), kind))
    names = dict(ProductType.objects.filter(pk__in=both).values_list("pk", "name"))
    names[UNTYPED] = "without a type"
    parts = [
        _part(names.get(kind, f"type {kind}, gone"), kind, (second[kind], first[kind]), drawing)
        for kind in both[:MOST_TYPES]
    ]
    found = tuple(part for part in parts if part is not None)
    return found, len(both) - len(found)


def _common(first: Column, second: Column) -> int:
    return len(np.intersect1d(first.items, second.items, assume_unique=True))


def _part(name: str, key: int, two: tuple[Column, Column], drawing: _Drawing) -> Part | None:
    """None where too few products are common to both."""
    if _common(*two) < FEWEST:
        return None
    pairs = _paired(*two)[0]
    return Part(name, key, len(pairs), paired.per_image(pairs, seed=drawing.seed, draws=drawing.draws, brief=True))


def _p(compared: Compared) -> float | None:
    return compared.tests[0].p
