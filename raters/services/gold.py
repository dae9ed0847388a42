"""Gold items: images whose right answers are known, mixed in without a trace, and the gate before a campaign."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from raters.exceptions import BadAnswers, BadCampaign
from raters.models import (
    Assignment,
    Campaign,
    CampaignEvent,
    CampaignFigures,
    CampaignRater,
    GoldItem,
    Rating,
    Task,
)
from raters.models.campaigns import CampaignState
from raters.models.tasks import TaskState
from raters.questions import RuleBook, rule_book
from raters.services import figures


class Marks(NamedTuple):
    """How many of the expected answers were given, out of how many."""

    right: int
    expected: int


def marks(pairs: Iterable[tuple[Mapping[str, list[str]], Mapping[str, str]]]) -> Marks:
    """Marks over (expected, answers) of several items; each question with an expected answer counts once."""
    right = expected = 0
    for wanted, given in pairs:
        expected += len(wanted)
        right += sum(given.get(key) in allowed for key, allowed in wanted.items())
    return Marks(right, expected)


def judge(member: CampaignRater, campaign: Campaign) -> None:
    """After a gold item: let a rater who has done the qualification round in, or not. Leaves saving to the caller.

    A rating that was withdrawn is marked like any other: nobody takes back what was wrong and tries another image.
    """
    if member.state != CampaignRater.State.QUALIFYING:
        return
    done = Rating.objects.filter(rater=member.rater_id, campaign=campaign, task__gold__use=GoldItem.Use.QUALIFICATION)
    pairs = list(done.values_list("task__gold__expected", "answers"))
    if len(pairs) < campaign.qualification_items:
        return
    found = marks(pairs)
    if found.right >= campaign.qualification_share * found.expected:
        member.state, member.qualified_at = CampaignRater.State.ACTIVE, timezone.now()
    else:
        member.state = CampaignRater.State.FAILED


@transaction.atomic
def make_gold(
    task: Task,
    expected: Mapping[str, Any],
    *,
    explanation: str = "",
    use: GoldItem.Use = GoldItem.Use.HIDDEN,
    by: Any = None,
) -> GoldItem:
    """Turn a task that nobody has had yet into a gold item: it leaves the campaign's own images.

    Raises BadAnswers for expected answers that no rater could give, or a task that raters have had; BadCampaign once it
    is closed.
    """
    task = (
        Task.objects.select_for_update(of=("self",), no_key=True)
        .select_related("campaign__question_set")
        .get(pk=task.pk)
    )
    if task.state != TaskState.FRESH or Assignment.objects.filter(task=task).exists():
        raise BadAnswers("Raters have had this image already: choose one that nobody has rated for a gold item.")
    _check_not_closed(task.campaign)
    checked = _checked(expected, task.campaign)
    task.state = TaskState.GOLD
    task.save(update_fields=["state"])
    Campaign.objects.filter(pk=task.campaign_id).update(**_moved(task))
    return GoldItem.objects.create(
        task=task, campaign=task.campaign, expected=checked, explanation=explanation, use=use, made_by=by
    )


@transaction.atomic
def change_gold(item: GoldItem, expected: Mapping[str, Any], *, explanation: str = "", by: Any = None) -> GoldItem:
    """Other right answers to a gold item, and why; what was expected before is in the log.

    Marks follow: figures that there are already are computed anew. Who has qualified, or has not, stays so. Raises
    BadAnswers for expected answers that no rater could give, and BadCampaign once it is closed.
    """
    row = GoldItem.objects.select_for_update(of=("self",), no_key=True).select_related("campaign__question_set")
    item = row.get(pk=item.pk)
    _check_not_closed(item.campaign)
    before, item.expected, item.explanation = item.expected, _checked(expected, item.campaign), explanation
    item.save(update_fields=["expected", "explanation"])
    if item.expected != before:
        details = {"task": item.task_id, "before": before, "after": item.expected}
        CampaignEvent.objects.create(campaign=item.campaign, kind=figures.GOLD_CHANGED, by=by, details=details)
        if CampaignFigures.objects.filter(campaign=item.campaign, computed_at__isnull=False).exists():
            figures.ask(item.campaign, by=by)
    return item


def check_all(campaign: Campaign) -> None:
    """Raise BadCampaign where a draft's questions have changed so that nobody could answer a gold item as expected."""
    book = rule_book(campaign.question_set)
    for item in campaign.gold_items.order_by("pk"):
        try:
            _check_can_be_given(item.expected, book)
        except BadAnswers as refusal:
            raise BadCampaign(
                f"Nobody could answer the gold item on image {item.task_id} as is expected: {refusal} Say other right"
                " answers to it first."
            ) from None


def _check_not_closed(campaign: Campaign) -> None:
    if campaign.state == CampaignState.CLOSED:
        raise BadCampaign(
            f"The campaign “{campaign.name}” is closed and stays as it is: nobody is shown its images any more. Make a"
            " new one to show others."
        )


def _moved(task: Task) -> dict[str, Any]:
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=task.campaign_id)
    return {
        "task_count": campaign.task_count - 1,
        "gold_count": campaign.gold_count + 1,
        "rating_target": campaign.rating_target - task.wanted,
    }


def _checked(expected: Mapping[str, Any], campaign: Campaign) -> dict[str, list[str]]:
    """Each question's right answers as a list; one answer may be given without one."""
    lists = {key: [value] if isinstance(value, str) else list(value) for key, value in expected.items()}
    if not any(lists.values()):
        raise BadAnswers("A gold item needs the right answer to at least one question.")
    _check_can_be_given(lists, rule_book(campaign.question_set))
    return {key: allowed for key, allowed in lists.items() if allowed}


def _check_can_be_given(expected: Mapping[str, list[str]], book: RuleBook) -> None:
    for key, allowed in expected.items():
        for answer in allowed:
            book.checked({key: answer}, whole=False)
