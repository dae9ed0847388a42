"""The job kinds of ranking, and what the scheduler sends: each a few lines that call what can be tested without it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.utils import timezone

from jobs import process, services
from jobs.context import JobContext
from jobs.exceptions import JobError
from jobs.kinds import job_kind
from jobs.models import Job, Queue, State
from ranking.exceptions import Refused
from ranking.models import Promotion, Ranker, RatingPlan, Training
from ranking.services import plans, registry, scoring, training, untold
from ranking.services.explaining import EXPLAIN

TRAIN = training.TRAIN
DRIFT = "ranking.drift"


@job_kind(training.TRAIN)
def train(context: JobContext, training: int) -> dict[str, Any]:
    """Train a ranker; begun again, it goes on after its last finished step."""
    from ranking.running import training as running  # noqa: PLC0415 - reaches numpy: workers only

    with _refusals_told():
        return running.run(Training.objects.get(pk=training), context)


@job_kind(training.EVALUATE)
def evaluate(context: JobContext, ranker: int) -> dict[str, Any]:
    """Hold a ranker against today's champion on today's labels."""
    from ranking.running import evaluating  # noqa: PLC0415 - reaches numpy: workers only

    with _refusals_told():
        return evaluating.evaluate_again(Ranker.objects.get(pk=ranker), context.progress)


@job_kind(registry.PROMOTE)
def promote(context: JobContext, promotion: int) -> dict[str, Any]:
    """Score all images by the ranker that is to decide, then make it champion."""
    from ranking.running import promoting  # noqa: PLC0415 - reaches numpy: workers only

    with _refusals_told():
        done = promoting.prepare_and_switch(Promotion.objects.get(pk=promotion), context.progress)
    return {"champion": str(done.after)}


@job_kind(scoring.SCORE)
def score(context: JobContext, ranker: int) -> dict[str, int]:
    """Bring a ranker's scores up to date."""
    from ranking.running import scoring as running  # noqa: PLC0415 - reaches numpy: workers only

    with _refusals_told():
        return {"products": running.score_stale(Ranker.objects.get(pk=ranker), context.progress)}


@job_kind(plans.PLAN)
def plan(context: JobContext, plan: int) -> dict[str, int]:
    """Draw what is to be rated next."""
    from ranking.running import planning  # noqa: PLC0415 - reaches numpy: workers only

    with _refusals_told():
        return {"images": planning.draw(RatingPlan.objects.get(pk=plan), context.progress)}


@job_kind(EXPLAIN, queue=Queue.LIVE)
def explain(_context: JobContext, ranker: int, candidate: int) -> dict[str, int]:
    """Say why a ranker gives an image its probability; a person waits for it at the image's page."""
    from ranking.running import explaining  # noqa: PLC0415 - reaches numpy: workers only

    made = explaining.explain(Ranker.objects.get(pk=ranker), candidate)
    return {"contributions": len(made.contributions)}


@job_kind(DRIFT)
def look_for_drift(context: JobContext) -> dict[str, int]:
    """Compare what the champion sees and says with what it learned from, and open or close notices."""
    from ranking.running import drifting  # noqa: PLC0415 - reaches numpy: workers only

    with _refusals_told():
        return {"notices": drifting.look(context.progress)}


@shared_task(name="ranking.settle")
def settle() -> None:
    """Sent by the scheduler every few minutes: rankers in use get the scores of images that came."""
    process.tidy_connections()
    untold.settle_untold()
    scoring.ask_for_missing()


@shared_task(name="ranking.nightly")
def nightly() -> None:
    """Sent by the scheduler each night: a training where enough verdicts have come, and a look for drift."""
    training.ask_if_due()
    if registry.champion() is not None:
        services.submit(DRIFT, key=f"ranking-drift-{timezone.now():%Y-%m-%d}", subject="Nightly look for drift")


def on_job_finished(*, job_id: int, kind: str, state: str, **_: Any) -> None:
    """Tell trainings and promotions whose job failed or was cancelled; what succeeded has told them itself."""
    if state == State.SUCCEEDED or kind not in (training.TRAIN, registry.PROMOTE):
        return
    job = Job.objects.get(pk=job_id)
    problem = untold.problem_of(job)
    if kind == training.TRAIN:
        training.note_end(job.params["training"], problem)
    else:
        registry.give_up(job.params["promotion"], problem)


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Within it, what ranking refuses fails the job with its one sentence: no stack is needed to understand it."""
    try:
        yield
    except Refused as refusal:
        raise JobError(str(refusal)) from refusal
