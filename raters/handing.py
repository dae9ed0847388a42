"""What goes to a rater's page, as plain data: nothing in it tells a gold item or a method from any other.

Every task has the same keys, in the same order, whatever it is. Progress counts gold items as images, too: were they
left out, the figure that does not move would give them away.
"""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from raters.models import Assignment, Campaign, CampaignRater, GoldItem, GuidelinePicture, Rating, Task
from raters.pictures import shown_size
from raters.services.rating import Hands


def handout(hands: Hands, *, feedback: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer to "what next": {"task", "ahead", "progress", "feedback", "notice"}."""
    member, campaign, now = hands.member, hands.campaign, timezone.now()
    tasks = [_task(one, campaign, now, rated(member) + place) for place, one in enumerate(hands.assignments, 1)]
    return {
        "task": tasks[0] if tasks else None,
        "ahead": tasks[1] if len(tasks) > 1 else None,
        "progress": progress(member, campaign),
        "feedback": feedback,
        "notice": hands.notice,
    }


def drafted(kept: Assignment) -> dict[str, Any]:
    """The answer to a draft."""
    return {"saved": True, "lease_seconds": kept.campaign.lease_minutes * 60, "answers": kept.draft["answers"]}


def rated(member: CampaignRater) -> int:
    """Images that the rater has rated in the campaign, gold items too."""
    return member.ratings + member.gold_ratings


def progress(member: CampaignRater, campaign: Campaign) -> dict[str, int | None]:
    """How far the rater is. `remaining` is the most that may still come; others may rate some of it first."""
    done = rated(member)
    left = max(0, _for_one_rater(member, campaign) - done - member.skips)
    if campaign.per_rater_limit is not None:
        left = min(left, max(0, campaign.per_rater_limit - done))
    today = member.today if member.today_on == timezone.now().date() else 0
    return {"done": done, "limit": campaign.per_rater_limit, "today": today, "remaining": left}


def feedback_on(rating: Rating, campaign: Campaign) -> dict[str, Any] | None:
    """After a gold item, where the campaign tells: the expected answers and why; None otherwise."""
    if not (rating.gold and campaign.gold_feedback):
        return None
    item = GoldItem.objects.get(task=rating.task_id)
    right = all(rating.answers.get(key) in allowed for key, allowed in item.expected.items())
    return {"right": right, "expected": item.expected, "explanation": item.explanation}


def picture_url(assignment: Assignment) -> str:
    """Where a rater finds the image of what they hold or have rated."""
    return reverse("raters:picture", args=[assignment.uuid])


def photos_of(task: Task) -> list[dict[str, Any]]:
    """The photos to hold the image against: [{"url", "size"}]. All images of a subject share them, and their URLs."""
    subject = task.subject
    if subject is None:
        return []
    return [
        {
            "url": reverse("raters:photo", args=[subject.uuid, place]),
            "size": shown_size(photo["width"], photo["height"]),
        }
        for place, photo in enumerate(subject.photos)
    ]


def examples_of(campaign: Campaign) -> list[dict[str, Any]]:
    """The pictures of good and bad examples beside the guidelines, in their order."""
    return [example(one) for one in campaign.guideline_pictures.all()]


def example(one: GuidelinePicture) -> dict[str, Any]:
    url = reverse("raters:api-example", args=[one.campaign_id, one.pk])
    return {"id": one.pk, "good": one.good, "caption": one.caption, "url": url, "size": [one.width, one.height]}


def prompt_of(task: Task) -> str:
    """The prompt in plain words: what the pipeline puts in the product's place is its type here."""
    noun = (task.subject.noun if task.subject else "") or "product"
    return task.prompt.replace("{product}", noun)


def _task(assignment: Assignment, campaign: Campaign, now: datetime, number: int) -> dict[str, Any]:
    task = assignment.task
    told = {
        "assignment": str(assignment.uuid),
        "number": number,
        "lease_seconds": max(0, int((assignment.lease_until - now).total_seconds())),
        "image": picture_url(assignment),
        "image_size": shown_size(task.width, task.height),
        "photos": photos_of(task),
        "draft": assignment.draft.get("answers", {}),
        "times": assignment.draft.get("times", {}),
        "active_ms": assignment.active_ms,
    }
    if campaign.show_prompt:
        told["prompt"] = prompt_of(task)
    return told


def _for_one_rater(member: CampaignRater, campaign: Campaign) -> int:
    """How many images the campaign has for one rater, with as many gold items as their share lets in."""
    share = campaign.gold_share
    gold = min(campaign.gold_count, round(campaign.task_count * share / (1 - share)) if share else 0)
    if member.state == CampaignRater.State.QUALIFYING or member.qualified_at is not None:
        gold += campaign.qualification_items
    return campaign.task_count + gold
