"""Ends that nobody told: a job's end is told once, by the process that ended it, and that one may have died just then.

A promotion that goes on for ever would keep all others out, and a training would keep the schedule from the next.
"""

from django.db.models import Q
from django.utils import timezone

from jobs.models import FINISHED_STATES, Job
from ranking.models import Promotion, Training
from ranking.services import registry, training
from ranking.services.training import OF_A_COMMAND


def settle_untold() -> int:
    """Catch up with trainings and promotions that have ended without a word; returns how many."""
    over = Q(job__state__in=FINISHED_STATES) | Q(job=None, asked_at__lt=timezone.now() - OF_A_COMMAND)
    trainings = list(Training.objects.filter(over, ended_at=None).select_related("job"))
    for one in trainings:
        training.note_end(one.pk, problem_of(one.job))
    promotions = list(Promotion.objects.filter(over, state=Promotion.State.PREPARING).select_related("job"))
    for promotion in promotions:
        registry.give_up(promotion.pk, problem_of(promotion.job))
    return len(trainings) + len(promotions)


def problem_of(job: Job | None) -> str:
    """Why it ended without a result, in a sentence."""
    if job is None:
        return "Its command was stopped before it was done."
    return job.error or f"Its job #{job.pk} was cancelled."
