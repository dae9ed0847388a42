"""What is judged of one method, by product, as columns of numpy: of many images from blocks, of few in two queries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, F, IntegerField, Q, Sum
from django.db.models.functions import Cast
from numpy.typing import NDArray

from raters.models import QuestionSet
from raters.questions import rule_book
from review import sums
from review.counting.facts import MOST_BITS
from review.filters import Filters
from review.models import Verdicts
from review.scanning import products
from review.sums import Source

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """Counts by item, which rise: decided images, and those that pass."""

    items: Counts
    images: Counts
    passed: Counts


@dataclass(frozen=True)
class Side:
    """What is read of one method: all images, apart by type, and apart by question."""

    name: str
    whole: Column
    types: dict[int, Column]
    questions: tuple[Column, ...]


def side(filters: Filters, asking: tuple[int | None, Sequence[str]]) -> Side:
    """One method. `asking`: the question set and its topics."""
    question_set, topics = asking
    if sums.source_of(filters, scan=True) == Source.BLOCKS:
        cells, answered = products.read(filters, question_set, len(topics))
    else:
        cells = _cells(filters)
        answered = _answered(filters, question_set, len(topics))
    return Side(filters.method, *_parts(cells), _question_columns(answered, len(topics)))


def whole(filters: Filters) -> tuple[Column, dict[int, Column]]:
    """All images chosen, by item; and apart for each type."""
    from_blocks = sums.source_of(filters, scan=True) == Source.BLOCKS
    return _parts(products.read(filters, None, 0)[0] if from_blocks else _cells(filters))


def _parts(cells: Counts) -> tuple[Column, dict[int, Column]]:
    return _column(cells), {int(kind): _column(cells[cells[:, 3] == kind]) for kind in np.unique(cells[:, 3])}


def _cells(filters: Filters) -> Counts:
    """As `products.read` has decided images."""
    rows = filters.rows().exclude(verdict=Verdicts.UNDECIDED).order_by().values("item", "type")
    counted = rows.annotate(n=Count("pk"), k=Count("pk", filter=Q(verdict=Verdicts.PASSED)))
    return np.array(list(counted.values_list("item", "n", "k", "type")), np.int64).reshape(-1, 4)


def _column(cells: Counts) -> Column:
    """`cells` are rows of (item, images, passed, …); an item that stands twice is added up."""
    items, where = np.unique(cells[:, 0], return_inverse=True)
    sums = np.zeros((len(items), 2), np.int64)
    np.add.at(sums, where, cells[:, 1:3])
    return Column(items, sums[:, 0], sums[:, 1])


def asked(filters: Filters, methods: Sequence[str]) -> tuple[int | None, tuple[str, ...]]:
    """The question set to look at, and its topics: the one chosen, else the one that most images were asked."""
    often: dict[int, int] = {}
    for method in methods:
        for pk, images in sums.of_sets(filters.but(method=method)).items():
            often[pk] = often.get(pk, 0) + images
    most = max(often, key=lambda pk: (often[pk], -pk), default=None)
    chosen = filters.questions if filters.questions in often else most
    found = None if chosen is None else QuestionSet.objects.filter(pk=chosen).first()
    if found is None:
        return None, ()
    return found.pk, tuple(rule.topic for rule in rule_book(found).rules[:MOST_BITS])


def _answered(filters: Filters, question_set: int | None, count: int) -> Counts:
    """As `products.read` has questions."""

    def bit(name: str, place: int) -> Sum:
        return Sum(Cast(F(name).bitrightshift(place).bitand(1), IntegerField()))

    if question_set is None or not count:
        return np.empty((0, 1), np.int64)
    wanted = {f"{name}_{place}": bit(name, place) for place in range(count) for name in ("passes", "fails")}
    rows = filters.rows().filter(question_set=question_set).order_by().values("item").annotate(**wanted)
    return np.array(list(rows.values_list("item", *wanted)), np.int64).reshape(-1, 1 + 2 * count)


def _question_columns(cells: Counts, count: int) -> tuple[Column, ...]:
    columns = []
    for place in range(count):
        passed, failed = cells[:, 1 + 2 * place], cells[:, 2 + 2 * place]
        decided = np.column_stack([cells[:, 0], passed + failed, passed])
        columns.append(_column(decided[decided[:, 1] > 0]))
    return tuple(columns)
