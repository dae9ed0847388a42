"""Asks for the contributions behind one image's probability."""

from typing import Any

from jobs import services
from jobs.models import FINISHED_STATES, Job
from ranking.exceptions import TooMany
from ranking.models import Score

EXPLAIN = "ranking.explain"
MOST_WAITING = 50


def ask(score: Score, *, by: Any = None) -> Job:
    """Have a worker explain a score: one job for each, however often it is asked and however that ends.

    Raises TooMany while many others wait to be explained.
    """
    known = job_of(score)
    if known is not None:
        return known
    if Job.objects.filter(kind=EXPLAIN).exclude(state__in=FINISHED_STATES).count() >= MOST_WAITING:
        raise TooMany(f"{MOST_WAITING} other images wait to be explained. This one is asked for again in a moment.")
    params = {"ranker": score.ranker_id, "candidate": score.candidate_id}
    subject = f"Why {score.ranker} says so of image #{score.candidate_id}"
    return services.submit(EXPLAIN, params, key=job_key(score), subject=subject, asked_by=by)


def job_of(score: Score) -> Job | None:
    return Job.objects.filter(key=job_key(score)).first()


def job_key(score: Score) -> str:
    """A product that is scored anew has new scores, each of which may be explained."""
    return f"ranking-explain-{score.pk}"
