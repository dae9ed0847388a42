"""Asks for scores: of images that came, for rankers that decide or score along."""

from typing import Any

from django.db.models import Count, Sum

from generation.models import Candidate
from jobs import services
from jobs.models import Job, State
from ranking.models import DriftNotice, Policy, Ranker, ScoredProduct
from ranking.models.rankers import RankerState

SCORE = "ranking.score"


def ask(ranker: Ranker, by: Any = None) -> Job:
    """Have all products scored whose scores by this ranker are missing or old; while that waits, it is asked once."""
    waiting = Job.objects.filter(kind=SCORE, state=State.QUEUED, params={"ranker": ranker.pk}).first()
    return waiting or services.submit(SCORE, {"ranker": ranker.pk}, subject=f"Scores by {ranker}", asked_by=by)


def ask_for_stale() -> int:
    """Ask for each ranker whose scores are in use; returns for how many."""
    rankers = list(in_use())
    for ranker in rankers:
        ask(ranker)
    return len(rankers)


def ask_for_missing() -> int:
    """Ask for each ranker in use that lacks scores, or has them of other images or by another policy; returns how many.

    A few sums for each: the number of images and the sum of their ids, by which one that went and one that came do not
    cancel. One that cannot score is left alone until its notice is closed.
    """
    there = Candidate.objects.filter(dropped="", clip_i__isnull=False)
    now = there.aggregate(images=Count("pk"), ids=Sum("pk"))
    policy = Policy.objects.first()
    asked = 0
    # By their ids: conditions on notices in exclude() need not hold of one and the same notice.
    broken = DriftNotice.objects.filter(kind=DriftNotice.Kind.BROKEN, closed_at=None).values("ranker")
    for ranker in in_use().exclude(pk__in=broken):
        rows = ScoredProduct.objects.filter(ranker=ranker)
        known = rows.aggregate(images=Sum("images"), ids=Sum("ids"))
        same = all((known[name] or 0) == (now[name] or 0) for name in known)
        if not same or (policy is not None and rows.exclude(policy=policy).exists()):
            ask(ranker)
            asked += 1
    return asked


def in_use() -> Any:
    """The champion, shadows, and the ranker of a trial."""
    deciding = Ranker.objects.filter(state__in=(RankerState.CHAMPION, RankerState.SHADOW))
    return (deciding | Ranker.objects.filter(trials__running=True)).distinct().order_by("pk")
