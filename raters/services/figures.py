"""Asks for the figures of a campaign, which a worker computes (`raters.figuring`), and keeps why there are none."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from raters import signals
from raters.models import Campaign, CampaignFigures
from raters.models.campaigns import CampaignState

# A computation asked for longer ago has been lost: whoever asks again gets another.
LOST_AFTER = timedelta(hours=2)


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
    """Ask for each campaign with ratings since its figures were computed; returns how many."""
    campaigns = list(_stale())
    for campaign in campaigns:
        ask(campaign)
    return len(campaigns)


def _stale() -> Iterable[Campaign]:
    begun: QuerySet[Campaign] = Campaign.objects.exclude(state=CampaignState.DRAFT).filter(
        raters__last_at__isnull=False
    )
    never = Q(figures=None) | Q(figures__computed_at=None)
    return begun.filter(never | Q(raters__last_at__gt=F("figures__computed_at"))).distinct()
