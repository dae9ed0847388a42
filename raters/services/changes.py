"""A rater changes an earlier rating, or withdraws it: what it was is kept, and what follows from it follows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from raters import rows, voting
from raters.exceptions import AnswersShown, NotHeld
from raters.models import Assignment, CampaignRater, Rater, Rating, RatingChange, Task
from raters.models.tasks import AssignmentState
from raters.questions import rule_book
from raters.services import rating as ratings
from raters.services.settling import settle
from raters.turns import writing


@writing()
def change(rater: Rater, assignment: UUID, answers: Any, *, reason: str = "") -> Rating:
    """Put other answers in place of one's own earlier ones; the earlier ones are kept. The verdict follows.

    Raises NotFound, NotHeld for one never rated or withdrawn, AnswersShown, BadAnswers, CampaignNotOpen once it is
    closed.
    """
    rating, task = _own_rating(rater, assignment)
    book = rule_book(rating.campaign.question_set)
    new = book.checked(answers)
    if new == rating.answers:
        return rating
    former = rating.answers
    rating.answers, rating.changed_at = new, timezone.now()
    rating.accepted = bool(voting.accepts(new, book.passing))
    rating.save(update_fields=["answers", "changed_at", "accepted"])
    _was_here(rating, rating.changed_at)
    _note(rating, RatingChange.Kind.CHANGED, before=former, by=rater.user, reason=reason)
    settle(task, rating)
    return rating


@writing()
def withdraw(rater: Rater, assignment: UUID, *, reason: str = "") -> Rating:
    """Take one's rating back: it is kept and does not count, and another rater is asked. Raises as `change` does."""
    rating, task = _own_rating(rater, assignment)
    rating.withdrawn_at = timezone.now()
    rating.save(update_fields=["withdrawn_at"])
    _was_here(rating, rating.withdrawn_at)
    Assignment.objects.filter(pk=rating.assignment_id).update(state=AssignmentState.WITHDRAWN)
    _note(rating, RatingChange.Kind.WITHDRAWN, before=rating.answers, by=rater.user, reason=reason)
    settle(task, rating, done=-1)
    return rating


def _own_rating(rater: Rater, assignment: UUID) -> tuple[Rating, Task]:
    held, member = ratings.locked(rater, assignment)
    ratings.check_takes_answers(member, held.campaign)
    task = rows.task(held.task_id)
    rating = Rating.objects.filter(assignment=held).select_related("campaign__question_set").first()
    if rating is None:
        raise NotHeld("You have not rated this image, so there is nothing to change.")
    if rating.withdrawn_at is not None:
        raise NotHeld("You have withdrawn this rating. It stays as it was and does not count.")
    if rating.gold and held.campaign.gold_feedback:
        raise AnswersShown
    return rating, task


def _was_here(rating: Rating, at: datetime) -> None:
    """Figures that were computed before that are old."""
    CampaignRater.objects.filter(campaign=rating.campaign_id, rater=rating.rater_id).update(last_at=at)


def _note(rating: Rating, kind: RatingChange.Kind, *, before: dict[str, str], by: Any, reason: str) -> None:
    after = rating.answers if kind == RatingChange.Kind.CHANGED else {}
    RatingChange.objects.create(
        rating=rating, kind=kind, before=before, after=after, by=by, reason=ratings.plain(reason)
    )
