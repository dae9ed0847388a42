"""What images add up to, product by product: the plain values that `sums` gives and `figures` makes figures of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from review.filters import MOST_PASSING
from review.statistics.rates import Sums

WEEK = "week"  # as a column of images: the Monday of its day
# For products with n images of which k pass, in the order of Sums.
OVER_PRODUCTS = {
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
class OneQuestion:
    """Sums of one question: its place in the set, images it alone kept from passing, answers of each of KINDS."""

    place: int
    sums: Sums
    alone: int
    answers: tuple[int, ...]


@dataclass(frozen=True)
class Parts:
    """The sums of all images chosen, and apart for each method, type and question set.

    `questions` has those of each set's questions where they were told along the way.
    """

    whole: Whole
    methods: dict[int, Whole]
    types: dict[int, Whole]
    sets: dict[int, Asked]
    questions: dict[int, list[OneQuestion]] = field(default_factory=dict)


def whole_of(values: Sequence[int | None]) -> Whole:
    """Of the sums of OVER_PRODUCTS, products with at least 1 … MOST_PASSING passing images, and the three others."""
    numbers = [int(value or 0) for value in values]
    first, last = len(OVER_PRODUCTS), len(OVER_PRODUCTS) + MOST_PASSING
    return Whole(Sums(*numbers[:first]), tuple(numbers[first:last]), *numbers[last:])
