"""The long form: one row for each answer. Its columns are documented in docs/ratings-format.md, in this order."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import QuerySet

from raters.models import Campaign, Rating
from raters.questions import rule_book

BATCH = 1_000


class Column(NamedTuple):
    """A column: its name, its type ("text", "number", "flag" or "time"), and whether an import needs it."""

    name: str
    kind: str
    needed: bool = False
    about: str = ""


COLUMNS = (
    Column("task", "text", True, "the image: its own name, or #number for one that was generated here"),
    Column("rater", "text", True, "a code that says nothing of the person"),
    Column("question", "text", True, "the question's key"),
    Column("answer", "text", True, "one of the question's answers; empty in an import: not answered"),
    Column("subject", "text", False, "what the image is of"),
    Column("method", "text", False, "what made the image"),
    Column("question_seconds", "number", False, "attention that this answer took"),
    Column("seconds", "number", False, "attention that the whole image took, without hidden and idle time"),
    Column("rated_at", "time", False, "ISO 8601 with its offset"),
    Column("changed_at", "time", False, "when the rater last changed an answer of this rating"),
    Column("counts", "flag", False, "false for a rating that was withdrawn or is excluded"),
    Column("gold", "flag", False, "whether the image was a gold item"),
    Column("origin", "text", False, "person, import or simulation"),
    Column("guidelines_version", "number", False, "of the guidelines that the rater had"),
)
NAMES = tuple(column.name for column in COLUMNS)
NEEDED = tuple(column.name for column in COLUMNS if column.needed)


def rows_of(campaign: Campaign) -> Iterator[list[dict[str, Any]]]:
    """All answers of a campaign, in batches of up to BATCH ratings, oldest first."""
    keys = [rule.key for rule in rule_book(campaign.question_set).rules]
    return _in_batches(Rating.objects.filter(campaign=campaign), keys)


def _in_batches(ratings: QuerySet[Rating], keys: list[str]) -> Iterator[list[dict[str, Any]]]:
    after = 0
    rows = ratings.select_related("task__subject", "rater").defer("task__prompt").order_by("pk")
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        after = batch[-1].pk
        yield [row for rating in batch for row in _answers(rating, keys)]


def _answers(rating: Rating, keys: list[str]) -> Iterator[dict[str, Any]]:
    task = rating.task
    shared = {
        "subject": task.subject.name if task.subject else "",
        "method": task.method,
        "seconds": rating.active_ms / 1000 if rating.active_ms else None,
        "rated_at": rating.made_at,
        "changed_at": rating.changed_at,
        "counts": rating.counts,
        "gold": rating.gold,
        "origin": rating.origin,
        "guidelines_version": rating.guidelines_version,
    }
    for key in keys:
        if key not in rating.answers:
            continue
        spent = rating.times.get(key)
        row = {
            "task": task.name or f"#{task.pk}",
            "rater": rating.rater.code,
            "question": key,
            "answer": rating.answers[key],
            "question_seconds": spent / 1000 if spent else None,
            **shared,
        }
        yield {name: row[name] for name in NAMES}
