"""A ruling on an image that raters disagree about: kept beside the votes, which stay as they are."""

from typing import Any

from django.db import transaction

from raters import voting
from raters.exceptions import Refused
from raters.models import CampaignEvent, Rating, Ruling, Task
from raters.models.ratings import Outcome
from raters.questions import rule_book

LONGEST_REASON = 2_000


class CannotRule(Refused):
    code, status = "cannot_rule", 409


@transaction.atomic
def rule(task: Task, answers: Any, *, by: Any, reason: str = "") -> Ruling:
    """Keep an adjudicator's answers to all questions; the outcome follows from them as from a rater's.

    The newest ruling of a task stands. Raises BadAnswers; CannotRule for who has rated the image, and for one whose
    ratings are not all in.
    """
    campaign = task.campaign
    if Rating.objects.filter(task=task, rater__user=by).exists():
        raise CannotRule("You have rated this image yourself: somebody else has to rule on it.")
    verdict = getattr(task, "verdict", None)
    if verdict is None or not verdict.final:
        raise CannotRule("The ratings of this image are not all in: there is nothing to rule on yet.")
    book = rule_book(campaign.question_set)
    checked = book.checked(answers)
    outcome = Outcome.PASSED if voting.accepts(checked, book.passing) else Outcome.FAILED
    made = Ruling.objects.create(
        task=task, outcome=outcome, answers=checked, reason=reason.strip()[:LONGEST_REASON], by=by
    )
    details = {"task": task.pk, "outcome": outcome.value, "verdict": verdict.outcome}
    CampaignEvent.objects.create(campaign=campaign, kind="ruled", by=by, details=details)
    return made
