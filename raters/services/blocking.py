"""Takes a rater off a campaign, and lets them in again: no rating is touched, and what they held goes to others."""

from typing import Any

from django.utils import timezone

from raters import leasing, rows
from raters.exceptions import Refused
from raters.models import Campaign, CampaignEvent, CampaignRater, Exclusion, Rater
from raters.models.tasks import AssignmentState
from raters.services.rating import plain
from raters.turns import writing

State = CampaignRater.State
BLOCKED, UNBLOCKED = "rater blocked", "rater let in again"


class CannotBlock(Refused):
    code, status = "cannot_block", 400


@writing()
def block(rater: Rater, campaign: Campaign, *, reason: str, by: Any = None) -> int:
    """The rater gets no more images and can submit none; what they hold is free for others at once.

    Ratings that were made count as before: leaving them out is `exclusions.exclude`. Returns how many images came
    back. Raises CannotBlock without a reason, and for who has no place here or is blocked.
    """
    text = plain(reason)
    if not text:
        raise CannotBlock("Say why this rater is taken off: the reason is empty.")
    member = _member(rater, campaign)
    if member.state == State.BLOCKED:
        raise CannotBlock(f"{rater} is off the campaign “{campaign.name}” already.")
    details = {"rater": rater.code, "reason": text, "state": member.state}
    CampaignEvent.objects.create(campaign=campaign, kind=BLOCKED, by=by, details=details)
    CampaignRater.objects.filter(pk=member.pk).update(state=State.BLOCKED)
    return sum(leasing.take_back(held, AssignmentState.RETURNED) for held in leasing.held_by(member))


@writing()
def unblock(rater: Rater, campaign: Campaign, *, by: Any = None) -> None:
    """Let a blocked rater go on where they were, and one who did not qualify begin all the same.

    Raises CannotBlock for anybody else, and for one who is excluded.
    """
    member = _member(rater, campaign)
    if member.state not in (State.BLOCKED, State.FAILED):
        raise CannotBlock(f"{rater} is not off the campaign “{campaign.name}”.")
    if Exclusion.objects.filter(rater=rater, campaign=campaign, lifted_at=None).exists():
        raise CannotBlock(f"{rater}'s ratings are excluded: lift the exclusion under Quality, and they are in again.")
    if member.state == State.FAILED:
        changed: dict[str, Any] = {"state": State.ACTIVE.value, "qualified_at": timezone.now()}
    else:
        events = CampaignEvent.objects.filter(campaign=campaign, kind=BLOCKED, details__rater=rater.code)
        event = events.first()
        changed = {"state": event.details["state"] if event else State.ACTIVE.value}
    CampaignRater.objects.filter(pk=member.pk).update(**changed)
    details = {"rater": rater.code, "was": member.state, "state": changed["state"]}
    CampaignEvent.objects.create(campaign=campaign, kind=UNBLOCKED, by=by, details=details)


def _member(rater: Rater, campaign: Campaign) -> CampaignRater:
    member = rows.member(rater.pk, campaign.pk)
    if member is None:
        raise CannotBlock(f"{rater} has no place in the campaign “{campaign.name}”.")
    return member
