"""Asks for the figures of a campaign, which a worker computes (`raters.figuring`), and keeps why there are none."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from raters import signals
from raters.models import Campaign, CampaignEvent, CampaignFigures, CampaignRater, Exclusion
from raters.models.campaigns import CampaignState

# A computation asked for longer ago has been lost: whoever asks again gets another.
LOST_AFTER = timedelta(hours=2)
GOLD_CHANGED = "gold item changed"  # the kind of event after which marks are other ones


@transaction.atomic
def ask(campaign: Campaign, *, by: Any = None) -> CampaignFigures:
    """Have the figures computed; while that is under way, asking again changes nothing."""
    row, _ = CampaignFigures.objects.get_or_create(campaign=campaign)
    now = timezone.now()
    idle = Q(asked_at=None) | Q(asked_at__lt=now - LOST_AFTER)
    if CampaignFigures.objects.filter(idle, pk=row.pk).update(asked_at=now, problem=""):
        told = {"campaign": campaign.pk, "by": by}
        transaction.on_commit(partial(signals.figures_wanted.send_robust, CampaignFigures, **told))
    row.refresh_from_db()
    return row


def note_problem(campaign: int, problem: str) -> None:
    """A computation ended without a result; what was there before stays."""
    CampaignFigures.objects.filter(campaign=campaign).update(asked_at=None, problem=problem)


def ask_for_stale() -> int:
    """Ask for each campaign whose figures are missing, or older than what they are computed from; returns how many."""
    begun = CampaignRater.objects.filter(campaign=OuterRef("pk"), last_at__isnull=False)
    rated = Campaign.objects.exclude(state=CampaignState.DRAFT).filter(Exists(begun))
    known = CampaignFigures.objects.filter(computed_at__isnull=False, campaign=OuterRef("pk"))
    stale = list(rated.filter(~Exists(known) | Exists(known.filter(changed_since()))).order_by("pk"))
    for campaign in stale:
        ask(campaign)
    return len(stale)


def changed_since() -> Q:
    """Of rows of CampaignFigures: ratings were made, changed, withdrawn, left out or taken back in since.

    Or gold items were given other right answers: that asks for figures at once, but those that are being computed then
    may have read the former answers.
    """
    computed, campaign = OuterRef("computed_at"), OuterRef("campaign")
    rated = CampaignRater.objects.filter(campaign=campaign, last_at__gt=computed)
    left_out = Exclusion.objects.filter(Q(made_at__gt=computed) | Q(lifted_at__gt=computed), campaign=campaign)
    marked = CampaignEvent.objects.filter(campaign=campaign, kind=GOLD_CHANGED, at__gt=computed)
    return Q(Exists(rated)) | Q(Exists(left_out)) | Q(Exists(marked))
