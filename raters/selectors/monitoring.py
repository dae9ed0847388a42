"""How campaigns are going: the list, and one in figures, from counts that are kept; no page counts ratings."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from raters.models import Assignment, Campaign, CampaignEvent, CampaignRater, GoldItem, Task, Verdict
from raters.models.campaigns import CampaignState
from raters.models.ratings import Outcome
from raters.models.tasks import AssignmentState, TaskState
from vitrine.paging import Page, keyset_page

ACTIVE = timedelta(minutes=5)
EVENTS = 12
SHOWN_RATERS = 50
SUMMED = ("ratings", "gold_ratings", "finished", "active_ms")


@dataclass(frozen=True)
class Progress:
    """How far a campaign is, in ratings and in images. `seconds` is the mean attention that a rating took."""

    ratings: int
    target: int
    finished: int
    images: int
    seconds: float | None

    @property
    def share(self) -> float:
        """Of the ratings asked for, 0 to 1."""
        return min(1.0, self.ratings / self.target) if self.target else 0.0

    @property
    def hours_left(self) -> float | None:
        """Hours of one rater's attention that are still to come."""
        if self.seconds is None:
            return None
        return max(0, self.target - self.ratings) * self.seconds / 3600


@dataclass(frozen=True)
class Monitor:
    """One campaign as it is now."""

    progress: Progress
    held: int
    active: int
    withheld: int
    reported: int  # reports of images as broken or unsafe
    asked_once_more: int  # images whose vote was tied
    outcomes: list[tuple[str, str, int]]  # value, label, verdicts that are final
    raters: list[CampaignRater]  # those who rated last, SHOWN_RATERS at most
    rater_count: int
    events: list[CampaignEvent]


def campaign_or_404(pk: int) -> Campaign:
    found = Campaign.objects.select_related("question_set", "made_by").filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no campaign {pk}.")
    return found


def campaign_page(state: str, *, after: int | None, before: int | None) -> Page[Any]:
    """Campaigns, newest first, with the sums of their raters' counts; `state` "" is all."""
    rows = Campaign.objects.select_related("question_set")
    if state in CampaignState.values:
        rows = rows.filter(state=state)
    return keyset_page(with_counts(rows), after=after, before=before, size=30)


def with_counts(campaigns: QuerySet[Campaign]) -> QuerySet[Any]:
    """Each campaign with `ratings_done`, `ratings_asked` (ties ask for more), `finished_images` and `rater_count`."""
    extra = Task.objects.filter(campaign=OuterRef("pk"), extra__gt=0).order_by().values("campaign")
    return campaigns.annotate(
        ratings_asked=F("rating_target") + Coalesce(Subquery(extra.annotate(n=Sum("extra")).values("n")), 0),
        ratings_done=Sum("raters__ratings", default=0),
        finished_images=Sum("raters__finished", default=0),
        rater_count=Count("raters", filter=Q(raters__last_at__isnull=False)),
    )


def monitor(campaign: Campaign) -> Monitor:
    """Everything that the page of a running campaign shows; a bounded number of queries, whatever its size."""
    members = CampaignRater.objects.filter(campaign=campaign)
    newest = members.select_related("rater__user").order_by(F("last_at").desc(nulls_last=True), "id")
    sums = members.aggregate(
        count=Count("pk"),
        active=Count("pk", filter=Q(last_at__gte=timezone.now() - ACTIVE)),
        **{name: Sum(name, default=0) for name in SUMMED},
    )
    counts = dict(
        Verdict.objects.filter(campaign=campaign, final=True).order_by().values_list("outcome").annotate(n=Count("pk"))
    )
    more = Task.objects.filter(campaign=campaign, extra__gt=0).count() if campaign.tie_break else 0
    return Monitor(
        progress=progress_from(campaign, sums, more),
        held=Assignment.objects.filter(campaign=campaign, state=AssignmentState.HELD).count(),
        active=sums["active"],
        withheld=Task.objects.filter(campaign=campaign, state=TaskState.WITHHELD).count(),
        reported=Assignment.objects.filter(campaign=campaign, state=AssignmentState.REPORTED).count(),
        asked_once_more=more,
        outcomes=[(value, str(label), counts.get(value, 0)) for value, label in Outcome.choices],
        raters=list(newest[:SHOWN_RATERS]),
        rater_count=sums["count"],
        events=list(CampaignEvent.objects.filter(campaign=campaign).select_related("by")[:EVENTS]),
    )


def fresh_page(campaign: Campaign, *, after: int | None) -> Page[Task]:
    """Images that no rater has had, in the order in which they were added."""
    rows = Task.objects.filter(campaign=campaign, state=TaskState.FRESH).exclude(picture_key="")
    return keyset_page(rows, after=after, size=24, ascending=True)


def images_by_method(campaign: Campaign) -> list[dict[str, Any]]:
    """How many of the campaign's images each method made, most first: [{"method", "images"}]."""
    rows = Task.objects.filter(campaign=campaign).order_by().values_list("method").annotate(images=Count("pk"))
    return [{"method": method, "images": images} for method, images in rows.order_by("-images", "method")]


def members(campaign: Campaign) -> QuerySet[CampaignRater]:
    return CampaignRater.objects.filter(campaign=campaign).select_related("rater__user")


def member_page(campaign: Campaign, *, after: int | None, before: int | None) -> Page[CampaignRater]:
    """Who is in the campaign, in the order in which they came."""
    return keyset_page(members(campaign), after=after, before=before, size=50, ascending=True)


def gold_items(campaign: Campaign) -> QuerySet[GoldItem]:
    return GoldItem.objects.filter(campaign=campaign).select_related("task")


def gold_page(campaign: Campaign, *, after: int | None) -> Page[GoldItem]:
    """The campaign's gold items, newest first."""
    return keyset_page(gold_items(campaign), after=after, size=24)


def progress_from(campaign: Campaign, sums: dict[str, int], more: int = 0) -> Progress:
    """Of the sums of the raters' own counts, by the names in SUMMED; `more` is how many ratings ties ask for."""
    rated = sums["ratings"] + sums["gold_ratings"]
    return Progress(
        ratings=sums["ratings"],
        target=campaign.rating_target + more,
        finished=sums["finished"],
        images=campaign.task_count,
        seconds=sums["active_ms"] / rated / 1000 if rated else None,
    )
