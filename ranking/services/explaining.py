"""Asks for the contributions behind one image's probability."""

from jobs import services
from jobs.models import FINISHED_STATES, Job
from ranking.models import Ranker

EXPLAIN = "ranking.explain"


def ask(ranker: Ranker, candidate: int) -> Job:
    """Have a worker explain one image; while that waits, it is asked once."""
    params = {"ranker": ranker.pk, "candidate": candidate}
    waiting = Job.objects.filter(kind=EXPLAIN, params=params).exclude(state__in=FINISHED_STATES).first()
    return waiting or services.submit(EXPLAIN, params, subject=f"Why {ranker} says so of image #{candidate}")
