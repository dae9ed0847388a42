"""Sums over products for any choice of images: kept tallies where these are of exactly that choice, else one scan.

A scan is of rows, by the database, where images are few or not packed, and of blocks where they are many
(`review.scanning`). All give the same numbers; `figures` makes figures of them.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from raters.models import Campaign, Ruling
from raters.models.ratings import Outcome
from review.counting.facts import KINDS
from review.counting.tallies import WHOLE
from review.filters import MOST_PASSING, Filters, tally_key
from review.models import ALL, PACKED, Tally, Verdicts
from review.models import Counter as Counted
from review.scanning import packed as by_blocks
from review.scanning import rows as by_rows
from review.statistics.rates import Sums
from review.totals import OVER_PRODUCTS, WEEK, Asked, OneQuestion, Parts, Whole

FEW = 20_000  # images, up to which rows are scanned: the database adds these up sooner than all blocks are read


class Source(Enum):
    """What sums are read from."""

    KEPT = "tallies"
    ROWS = "rows"
    BLOCKS = "blocks"


def whole(filters: Filters) -> Whole:
    """Of all images chosen."""
    source = source_of(filters)
    if source != Source.KEPT:
        return _scanned(source, filters, ("",))[""].get(None, Whole())
    return _kept_whole(filters)


def source_of(filters: Filters, *, scan: bool = False) -> Source:
    """What says it: sums are kept of some choices, and not while everything is counted anew; with `scan`, images."""
    counter = Counted.objects.filter(pk=1).first()
    if counter is not None and counter.partial:
        return Source.ROWS
    if filters.is_kept and not scan:
        return Source.KEPT
    is_packed = counter is not None and counter.packed == PACKED
    return Source.BLOCKS if is_packed and not _are_few(filters) else Source.ROWS


def _are_few(filters: Filters) -> bool:
    """Whether the images are up to FEW, a ranker's best aside: known without looking at many more of them."""
    if filters.is_of_items:
        return True
    kept = _kept_whole(filters.only(("campaign", "type", "method")))
    if kept.sums.images + kept.undecided <= FEW:
        return True
    return filters.without(("ranker", "top")).rows().order_by()[: FEW + 1].count() <= FEW


def _scanned(source: Source, filters: Filters, columns: Sequence[str]) -> dict[str, dict[Any, Whole]]:
    return by_rows.added(filters, columns) if source == Source.ROWS else by_blocks.added(filters, columns).columns


def _kept_whole(filters: Filters) -> Whole:
    row = Tally.objects.filter(**tally_key(filters), question_set=ALL, question=WHOLE).first()
    return Whole() if row is None else _kept(row)


def by(filters: Filters, column: str) -> dict[int, Whole]:
    """As `whole`, apart for each "method", "type" or "campaign" of the images chosen."""
    source = source_of(filters)
    if source != Source.KEPT:
        return _scanned(source, filters, (column,))[column]
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
    source = source_of(filters)
    questions_too: dict[int, list[OneQuestion]] = {}
    if source == Source.KEPT:
        return Parts(_kept_whole(filters), _kept_by(filters, "method"), _kept_by(filters, "type"), _kept_sets(filters))
    columns = ("", "method", "type", "question_set")
    if source == Source.BLOCKS:
        told = by_blocks.added(filters, columns, with_questions=True)
        found, questions_too = told.columns, told.questions
    else:
        found = by_rows.added(filters, columns)
    sets = {pk: Asked(one.sums.images + one.undecided, _failed(one)) for pk, one in found["question_set"].items()}
    return Parts(found[""].get(None, Whole()), found["method"], found["type"], sets, questions_too)


def of_sets(filters: Filters) -> dict[int, int]:
    """How many images were asked each question set; of few, always a scan."""
    source = source_of(filters, scan=True)
    if source == Source.BLOCKS and filters.is_kept:
        return {pk: one.images for pk, one in _kept_sets(filters).items()}
    found = _scanned(source, filters, ("question_set",))["question_set"]
    return {pk: one.sums.images + one.undecided for pk, one in found.items()}


def questions(filters: Filters, question_set: int, count: int, among: Parts | None = None) -> list[OneQuestion]:
    """Of each of the set's `count` questions; those told `among` other sums are not counted once more."""
    if among is not None and question_set in among.questions:
        return _padded(among.questions[question_set], count)
    source = source_of(filters)
    if source == Source.KEPT:
        kept = Tally.objects.filter(**tally_key(filters), question_set=question_set, question__gte=0)
        found = {row.question: row for row in kept}
        return [_kept_question(place, found.get(place)) for place in range(count)]
    if source == Source.ROWS:
        return by_rows.questions(filters, question_set, count)
    return _padded(by_blocks.added(filters, (), with_questions=True).questions.get(question_set, []), count)


def of_questions(filters: Filters, question_set: int, count: int) -> list[Sums]:
    """The sums of `questions` alone, without answers and what each alone decided: of few images, one scan of three."""
    if source_of(filters) == Source.ROWS:
        return by_rows.of_questions(filters, question_set, count)
    return [one.sums for one in questions(filters, question_set, count)]


def by_week(filters: Filters) -> dict[date, Whole]:
    """Of each week, by its Monday; an image is of the week of its newest rating. Always a scan."""
    return _scanned(source_of(filters, scan=True), filters, (WEEK,))[WEEK]


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
    return Sums(**{name: getattr(row, name) for name in OVER_PRODUCTS})


def _kept_sets(filters: Filters) -> dict[int, Asked]:
    rows = Tally.objects.filter(**tally_key(filters), question=0)
    images = {row.question_set: row.images + row.undecided for row in rows}
    failed: Counter[int] = Counter()
    campaigns = _kept_by(filters, "campaign")
    for pk, question_set in Campaign.objects.filter(pk__in=campaigns).values_list("pk", "question_set"):
        failed[question_set] += _failed(campaigns[pk])
    return {pk: Asked(number, failed[pk]) for pk, number in images.items() if number}


def _padded(found: Sequence[OneQuestion], count: int) -> list[OneQuestion]:
    return [found[place] if place < len(found) else _kept_question(place, None) for place in range(count)]


def _failed(one: Whole) -> int:
    return one.sums.images - one.sums.passed
