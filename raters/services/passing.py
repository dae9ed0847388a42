"""Images that a rater does not rate: skipped, or reported as broken or unsafe.

Each is one short transaction with the locks of `services.rating`. Said twice, as by a retry whose first answer was
lost, it is said once.
"""

from typing import Any
from uuid import UUID

from raters import leasing, rows
from raters.exceptions import AlreadyRated, BadRequest, NotHeld
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, Task
from raters.models.tasks import AssignmentState, TaskState
from raters.services import rating
from raters.services.rating import Hands
from raters.turns import writing

REPORTS_TO_WITHHOLD = 2


@writing()
def skip(rater: Rater, assignment: UUID, reason: str) -> None:
    """Leave an image to others, for good. Raises BadRequest without a reason, NotFound, NotHeld."""
    _skip(rater, assignment, reason)


@writing()
def skip_and_lease(rater: Rater, assignment: UUID, reason: str) -> Hands:
    """As `skip`, and what comes next; where nothing may come, the hands say why."""
    return rating.what_comes_next(*_skip(rater, assignment, reason))


@writing()
def report(rater: Rater, assignment: UUID, reason: str) -> None:
    """Say that an image is broken or unsafe. Reported twice, or by the only rater, it is withheld from the others.

    Raises BadRequest without a reason, NotFound, NotHeld.
    """
    _report(rater, assignment, reason)


@writing()
def report_and_lease(rater: Rater, assignment: UUID, reason: str) -> Hands:
    """As `report`, and what comes next; where nothing may come, the hands say why."""
    return rating.what_comes_next(*_report(rater, assignment, reason))


def _skip(rater: Rater, assignment: UUID, reason: str) -> tuple[CampaignRater, Campaign]:
    held, member = rating.locked(rater, assignment)
    if _end(held, AssignmentState.SKIPPED, _reason(reason)):
        _passed_over(member, held)
    return member, held.campaign


def _report(rater: Rater, assignment: UUID, reason: str) -> tuple[CampaignRater, Campaign]:
    held, member = rating.locked(rater, assignment)
    text = _reason(reason)
    if _end(held, AssignmentState.REPORTED, text):
        task = rows.task(held.task_id)
        was_complete = task.state == TaskState.COMPLETE
        task.reports += 1
        if task.state != TaskState.GOLD and task.reports >= min(REPORTS_TO_WITHHOLD, task.wanted):
            task.state = TaskState.WITHHELD
        task.save(update_fields=["reports", "state"])
        withheld = task.state == TaskState.WITHHELD
        details = {"task": task.pk, "reason": text, "reports": task.reports, "withheld": withheld}
        CampaignEvent.objects.create(campaign=held.campaign, kind="image reported", by=rater.user, details=details)
        member.finished -= was_complete and withheld  # what is withheld is not done; `tasks.release` counts it again
        _passed_over(member, held)
    return member, held.campaign


def _end(held: Assignment, state: AssignmentState, reason: str) -> bool:
    """End a held image without a rating; False where it has ended so already."""
    if leasing.take_back(held, state, reason):
        return True
    now = Assignment.objects.values_list("state", flat=True).get(pk=held.pk)
    if now == state:
        return False
    raise AlreadyRated if now == AssignmentState.DONE else NotHeld


def _passed_over(member: CampaignRater, held: Assignment) -> None:
    """The rater will not be handed this image again."""
    is_gold = Task.objects.filter(pk=held.task_id, state=TaskState.GOLD).exists()
    member.skips += 1
    member.taken += not is_gold
    member.save(update_fields=["skips", "taken", "finished"])


def _reason(text: Any) -> str:
    if not isinstance(text, str) or not rating.plain(text):
        raise BadRequest("Say in a few words why: the reason is empty.")
    return rating.plain(text)
