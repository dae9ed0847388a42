"""All that a rater has given here, as a file of their own: ratings and what they were before, skips, reports, drafts.

One row for each answer, and one for each image passed over. Nothing in it tells gold items, methods or images.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from raters.exchange import rows
from raters.models import Assignment, Campaign, Rater, Rating, RatingChange
from raters.models.tasks import AssignmentState
from raters.questions import rule_book

Batches = Iterator[list[dict[str, Any]]]
COLUMNS = (
    rows.Column("campaign", "text", about="its name"),
    rows.Column("kind", "text", about="rating, earlier (before a change), withdrawal, skip, report or draft"),
    rows.Column("number", "number", about="the how-manieth image it was for you in the campaign"),
    rows.Column("rater", "text", about="your code"),
    rows.Column("question", "text", about="the question's key; empty for a withdrawal, a skip and a report"),
    rows.Column("answer", "text", about="your answer"),
    rows.Column("question_seconds", "number", about="attention that this answer took"),
    rows.Column("seconds", "number", about="attention that the whole image took"),
    rows.Column(
        "at", "time", about="when you rated, changed, withdrew, skipped or reported; of a draft, when it began"
    ),
    rows.Column("changed_at", "time", about="when you last changed an answer of this rating"),
    rows.Column("counts", "flag", about="false for a rating that was withdrawn or is excluded"),
    rows.Column("guidelines_version", "number", about="of the guidelines that you had"),
    rows.Column("reason", "text", about="in your words"),
)
NAMES = tuple(column.name for column in COLUMNS)
PASSED_OVER = {AssignmentState.SKIPPED: "skip", AssignmentState.REPORTED: "report"}
OWN_CHANGES = {RatingChange.Kind.CHANGED: "earlier", RatingChange.Kind.WITHDRAWN: "withdrawal"}


def rows_by(rater: Rater) -> Batches:
    """What a person may take along, in batches; all rows have NAMES."""
    own = _Own(rater)
    yield from own.ratings()
    yield from own.changes()
    yield from own.passed_over()
    yield from own.drafts()


class _Own:
    """One rater's rows, with the name and questions of each campaign read once.

    A campaign that they enter while the file is written is read when its first row comes.
    """

    def __init__(self, rater: Rater) -> None:
        self._rater = rater
        self._campaigns: dict[int, tuple[str, list[str]]] = {}
        self._read(Campaign.objects.filter(raters__rater=rater))

    def ratings(self) -> Batches:
        found = Rating.objects.filter(rater=self._rater).select_related("assignment")
        for batch in _batches(found):
            yield [
                row for one in batch for row in self._answers(one.assignment, "rating", one.answers, _of_rating(one))
            ]

    def changes(self) -> Batches:
        """What was answered before each change, and why ratings were withdrawn; operators' doings are not theirs."""
        found = RatingChange.objects.filter(rating__rater=self._rater, kind__in=OWN_CHANGES)
        for batch in _batches(found.select_related("rating__assignment")):
            yield [row for one in batch for row in self._change(one)]

    def passed_over(self) -> Batches:
        found = Assignment.objects.filter(rater=self._rater, state__in=PASSED_OVER)
        for batch in _batches(found):
            yield [
                self._row(one, PASSED_OVER[AssignmentState(one.state)], at=one.ended_at, reason=one.reason)
                for one in batch
            ]

    def drafts(self) -> Batches:
        """What was answered of images that were never sent: they are held, went back, or were passed over."""
        for batch in _batches(Assignment.objects.filter(rater=self._rater).exclude(draft={})):
            yield [row for one in batch for row in self._draft(one)]

    def _change(self, one: RatingChange) -> list[dict[str, Any]]:
        kind, shared = OWN_CHANGES[RatingChange.Kind(one.kind)], {"at": one.at, "reason": one.reason}
        assignment = one.rating.assignment
        if kind == "withdrawal":
            return [self._row(assignment, kind, **shared)]
        other = {key: answer for key, answer in one.before.items() if one.after.get(key) != answer}
        return self._answers(assignment, kind, other, shared)

    def _draft(self, one: Assignment) -> list[dict[str, Any]]:
        shared = {"at": one.leased_at, "seconds": one.active_ms / 1000, "times": one.draft.get("times", {})}
        return self._answers(one, "draft", one.draft.get("answers", {}), shared)

    def _answers(
        self, assignment: Assignment, kind: str, answers: dict[str, str], shared: dict[str, Any]
    ) -> list[dict[str, Any]]:
        rest = dict(shared)
        times = rest.pop("times", {})
        return [
            self._row(
                assignment,
                kind,
                question=key,
                answer=answers[key],
                question_seconds=times[key] / 1000 if times.get(key) else None,
                **rest,
            )
            for key in self._campaign(assignment)[1]
            if key in answers
        ]

    def _row(self, assignment: Assignment, kind: str, **values: Any) -> dict[str, Any]:
        name, _ = self._campaign(assignment)
        told = {"campaign": name, "kind": kind, "number": assignment.number, "rater": self._rater.code, **values}
        return {name: told.get(name) for name in NAMES}

    def _campaign(self, assignment: Assignment) -> tuple[str, list[str]]:
        if assignment.campaign_id not in self._campaigns:
            self._read(Campaign.objects.filter(pk=assignment.campaign_id))
        return self._campaigns[assignment.campaign_id]

    def _read(self, found: QuerySet[Campaign]) -> None:
        for campaign in found.select_related("question_set"):
            keys = [rule.key for rule in rule_book(campaign.question_set).rules]
            self._campaigns[campaign.pk] = (campaign.name, keys)


def _of_rating(one: Rating) -> dict[str, Any]:
    return {
        "times": one.times,
        "seconds": one.active_ms / 1000 if one.active_ms else None,
        "at": one.made_at,
        "changed_at": one.changed_at,
        "counts": one.counts,
        "guidelines_version": one.guidelines_version,
    }


def _batches(found: QuerySet[Any]) -> Iterator[list[Any]]:
    after, ordered = 0, found.order_by("pk")
    while batch := list(ordered.filter(pk__gt=after)[: rows.BATCH]):
        after = batch[-1].pk
        yield batch
