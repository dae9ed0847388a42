"""Leaves a rater's ratings out from a time on, and takes them back in: verdicts follow, and the log tells both."""

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from raters import leasing
from raters.choosing import in_batches
from raters.exceptions import Refused
from raters.models import Campaign, CampaignEvent, CampaignRater, Exclusion, Rater, Rating, RatingChange
from raters.models.tasks import AssignmentState
from raters.services.settling import settle_all
from raters.turns import writing

LONGEST_REASON = 500


class CannotExclude(Refused):
    code, status = "cannot_exclude", 400


@writing()
def exclude(rater: Rater, campaign: Campaign, *, since: datetime, reason: str, by: Any = None) -> Exclusion:
    """From `since` on the rater's ratings count no more, and the rater gets no more images of the campaign.

    The ratings stay as they are; their tasks keep the place, so that nobody is asked again. Raises CannotExclude.
    """
    text = _reason(reason, "Say why these ratings are left out: the reason is empty.")
    member = (
        CampaignRater.objects.select_for_update(of=("self",), no_key=True)
        .filter(rater=rater, campaign=campaign)
        .first()
    )
    if member is None:
        raise CannotExclude(f"{rater} has no place in the campaign “{campaign.name}”.")
    standing = Exclusion.objects.filter(rater=rater, campaign=campaign, lifted_at=None).first()
    if standing is not None:
        raise CannotExclude(f"{rater} is excluded since {standing.since:%Y-%m-%d %H:%M} already: lift that first.")
    made = Exclusion.objects.create(campaign=campaign, rater=rater, since=since, reason=text, by=by)
    rows = Rating.objects.filter(rater=rater, campaign=campaign, made_at__gte=since, excluded=False)
    note = RatingChange(kind=RatingChange.Kind.EXCLUDED, reason=text, by=by)
    changed = _mark(rows, note, member)
    details = {"rater": rater.code, "since": since.isoformat(), "reason": text, "ratings": changed}
    CampaignEvent.objects.create(
        campaign=campaign, kind="rater excluded", by=by, details=details | {"state": member.state}
    )
    for held in leasing.held_by(member):
        leasing.take_back(held, AssignmentState.RETURNED)
    CampaignRater.objects.filter(pk=member.pk).update(state=CampaignRater.State.BLOCKED)
    return made


@writing()
def lift(exclusion: Exclusion, *, reason: str, by: Any = None) -> Exclusion:
    """Undo an exclusion: the ratings count as before, and the rater may go on. Raises CannotExclude."""
    text = _reason(reason, "Say why the exclusion is lifted: the reason is empty.")
    member = CampaignRater.objects.select_for_update(of=("self",), no_key=True).get(
        rater=exclusion.rater_id, campaign=exclusion.campaign_id
    )
    now = timezone.now()
    lifted = {"lifted_at": now, "lifted_by": by, "lift_reason": text}
    if not Exclusion.objects.filter(pk=exclusion.pk, lifted_at=None).update(**lifted):
        raise CannotExclude("This exclusion has been lifted already.")
    exclusion.refresh_from_db()
    campaign = exclusion.campaign
    rows = Rating.objects.filter(rater=exclusion.rater_id, campaign=campaign, excluded=True)
    note = RatingChange(kind=RatingChange.Kind.LIFTED, reason=text, by=by)
    changed = _mark(rows, note, member)
    details = {"rater": exclusion.rater.code, "reason": text, "ratings": changed}
    CampaignEvent.objects.create(campaign=campaign, kind="exclusion lifted", by=by, details=details)
    CampaignRater.objects.filter(pk=member.pk).update(state=_former_state(campaign, exclusion.rater))
    return exclusion


def _mark(rows: QuerySet[Rating], note: RatingChange, member: CampaignRater) -> int:
    """Say of each rating whether it counts, note that, and bring its task in step; returns how many there are.

    `note` is the change without its rating. All in one transaction, so that no verdict is ever between the two, and in
    a few statements for each some hundred ratings, so that it is a short one.
    """
    marked = list(rows.values_list("pk", "task_id", "gold", "answers"))
    shared = {"kind": note.kind, "reason": note.reason, "by": note.by}
    for batch in in_batches([pk for pk, *_ in marked]):
        Rating.objects.filter(pk__in=batch).update(excluded=note.kind == RatingChange.Kind.EXCLUDED)
    changes = (RatingChange(rating_id=pk, before=answers, **shared) for pk, _, _, answers in marked)
    RatingChange.objects.bulk_create(changes, batch_size=500)
    finished = settle_all((task for _, task, gold, _ in marked if not gold), member.campaign)
    CampaignRater.objects.filter(pk=member.pk).update(finished=F("finished") + finished)
    return len(marked)


def _former_state(campaign: Campaign, rater: Rater) -> str:
    events = CampaignEvent.objects.filter(campaign=campaign, kind="rater excluded", details__rater=rater.code)
    event = events.first()
    return event.details["state"] if event else CampaignRater.State.ACTIVE.value


def _reason(text: str, empty: str) -> str:
    if not text.strip():
        raise CannotExclude(empty)
    return text.strip()[:LONGEST_REASON]
