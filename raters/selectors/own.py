"""A rater's own ratings, and nobody else's."""

from typing import Any
from uuid import UUID

from raters import handing
from raters.exceptions import BadRequest
from raters.models import Campaign, Rater, Rating
from raters.models.campaigns import CampaignState
from raters.pictures import shown_size

SIZE = 20


def ratings_page(rater: Rater, campaign: Campaign, before: str | None = None, size: int = SIZE) -> dict[str, Any]:
    """{"ratings": newest first, "before": what to ask for the page after it, or null}.

    `before` is the assignment of the last rating of the page before it. Raises BadRequest for one that is none.
    """
    rows = Rating.objects.filter(rater=rater, campaign=campaign).order_by("-pk")
    if before:
        last = rows.filter(assignment__uuid=_uuid(before)).values_list("pk", flat=True).first()
        if last is None:
            raise BadRequest("There is no rating of yours to go on from. Load the page again.")
        rows = rows.filter(pk__lt=last)
    found = list(rows.select_related("assignment", "task__subject")[: size + 1])
    shown = [_told(rating, campaign) for rating in found[:size]]
    return {"ratings": shown, "before": shown[-1]["assignment"] if len(found) > size else None}


def _told(rating: Rating, campaign: Campaign) -> dict[str, Any]:
    task = rating.task
    told = {
        "assignment": str(rating.assignment.uuid),
        "image": handing.picture_url(rating.assignment),
        "image_size": shown_size(task.width, task.height),
        "photos": handing.photos_of(task),
        "answers": rating.answers,
        "rated_at": rating.made_at.isoformat(),
        "changed_at": rating.changed_at and rating.changed_at.isoformat(),
        "withdrawn": rating.withdrawn_at is not None,
        "can_change": _can_change(rating, campaign),
    }
    if campaign.show_prompt:
        told["prompt"] = handing.prompt_of(task)
    return told


def _can_change(rating: Rating, campaign: Campaign) -> bool:
    shown = rating.gold and campaign.gold_feedback
    taken = campaign.state in (CampaignState.OPEN, CampaignState.PAUSED)
    return taken and rating.withdrawn_at is None and not shown


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadRequest("There is no rating of yours to go on from. Load the page again.") from None
