"""Who rates: a rater behind each user, their place in a campaign, and what is left when the person goes."""

import random
from typing import Any

from django.db import transaction
from django.db.models import Sum

from raters import leasing, rows
from raters.exceptions import CampaignNotOpen, NotAllowed, NotQualified
from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, Rater, RatingChange
from raters.models.campaigns import CampaignState
from raters.models.tasks import AssignmentState

State = CampaignRater.State


def rater_of(user: Any) -> Rater:
    """The rater behind a user, made when there is none."""
    return rows.rater_of(user.pk) or Rater.objects.get_or_create(user=user)[0]


def join(rater: Rater, campaign: Campaign) -> CampaignRater:
    """The rater's place in a campaign, made on the first visit; where they begin in its order is by chance and seed.

    Raises NotAllowed for a campaign by invitation without one.
    """
    member = CampaignRater.objects.filter(rater=rater, campaign=campaign).first()
    if member is not None:
        return member
    if campaign.by_invitation:
        raise NotAllowed
    return _place(rater, campaign, _first_state(campaign))[0]


def invite(raters: list[Rater], campaign: Campaign) -> int:
    """Let these raters into a campaign; returns how many were not in it before."""
    return sum(_place(rater, campaign, State.INVITED)[1] for rater in raters)


def locked_member(rater: Rater, campaign: Campaign) -> CampaignRater:
    """The rater's place in the campaign, locked: their own tabs wait for one another here. Call it in a transaction."""
    found = rows.member(rater.pk, campaign.pk)
    if found is not None:
        return found
    join(rater, campaign)
    return CampaignRater.objects.select_for_update(of=("self",), no_key=True).get(rater=rater, campaign=campaign)


def check_may_rate(member: CampaignRater, campaign: Campaign) -> None:
    """Raise CampaignNotOpen, NotQualified or NotAllowed where no more images may be handed to this rater.

    An invited rater who comes begins: with the qualification round, where there is one.
    """
    if campaign.state != CampaignState.OPEN:
        raise CampaignNotOpen(f"The campaign “{campaign.name}” is {campaign.state}: no images are handed out now.")
    if member.state == State.FAILED:
        raise NotQualified
    if member.state == State.BLOCKED:
        raise NotAllowed("An operator has taken you off this campaign. Ask them if you think that is a mistake.")
    if member.state == State.INVITED:
        member.state = _first_state(campaign)
        member.save(update_fields=["state"])


@transaction.atomic
def forget(rater: Rater) -> None:
    """Take the person out of their votes: the rater keeps a code and the ratings, and holds nothing any more.

    Deleting the user does the same; drafts of images that were never rated, and reasons in the person's words, go too:
    the record of what happened keeps that it happened, and when.
    """
    # Campaign by campaign, so that two who go at once lock the tasks of several in one order.
    for member in CampaignRater.objects.filter(rater=rater).order_by("campaign_id"):
        for assignment in leasing.held_by(member):
            leasing.take_back(assignment, AssignmentState.RETURNED)
    Assignment.objects.filter(rater=rater).exclude(state=AssignmentState.DONE).update(draft={}, reason="")
    if rater.user_id is not None:
        reports = CampaignEvent.objects.filter(kind="image reported", by=rater.user_id)
        for event in reports.iterator():
            CampaignEvent.objects.filter(pk=event.pk).update(details=event.details | {"reason": ""}, by=None)
    own = (RatingChange.Kind.CHANGED, RatingChange.Kind.WITHDRAWN)
    RatingChange.forget_words(rater.pk, own)
    Rater.objects.filter(pk=rater.pk).update(user=None)


def before_user_goes(instance: Any, **_: Any) -> None:
    """Forget a user's rater before the user's row is gone."""
    for rater in Rater.objects.filter(user=instance.pk):
        forget(rater)


def progress_of(campaign: Campaign) -> dict[str, int]:
    """Ratings that count, and tasks complete, of a campaign: the sums of its raters' own counts."""
    sums = CampaignRater.objects.filter(campaign=campaign).aggregate(ratings=Sum("ratings"), finished=Sum("finished"))
    return {"ratings": sums["ratings"] or 0, "finished": sums["finished"] or 0}


def _first_state(campaign: Campaign) -> State:
    return State.QUALIFYING if campaign.qualification_items else State.ACTIVE


def _place(rater: Rater, campaign: Campaign, state: State) -> tuple[CampaignRater, bool]:
    chance = random.Random(f"{campaign.seed}/{rater.pk}")  # noqa: S311 - a place to begin, no secret
    place = chance.randrange(max(1, campaign.task_count))
    return CampaignRater.objects.get_or_create(
        rater=rater, campaign=campaign, defaults={"state": state, "place": place}
    )
