"""Asks for trainings: a person, or the schedule once enough new verdicts have come."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs import services
from jobs.models import FINISHED_STATES
from ranking.exceptions import BadWish
from ranking.models import LabelSet, Ranker, Training
from ranking.services import policy
from raters.models import Verdict
from raters.models.campaigns import CampaignState
from raters.models.ratings import Outcome

TRAIN, EVALUATE = "ranking.train", "ranking.evaluate"
# What may be trained, with what it is in a few words (ranking.learning.rankers).
LEARNERS = {
    "default": "What the number of labels allows: z-sum, heads or blend",
    "blend": "Heads, LightGBM and linear together",
    "heads": "A model for each question, combined",
    "lightgbm": "Boosted trees on soft labels",
    "linear": "Logistic, drawn to the sum",
    "lambdarank": "Boosted trees on the order within products",
    "zsum": "The sum of six standardised metrics, calibrated",
    "sum": "The plain sum of three metrics, calibrated",
}
RULES = {"campaign": "Each campaign's own", "question": "By question", "rater": "By rater"}
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Wish:
    """What to train: `campaigns` none is all with real ratings, `rule` and `source` say what a label is."""

    learner: str = "default"
    campaigns: tuple[int, ...] = ()
    rule: str = "campaign"
    source: str = LabelSet.Source.MAJORITY.value
    seed: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        known = (
            ("learner", self.learner, LEARNERS),
            ("rule of votes", self.rule, RULES),
            ("source of labels", self.source, LabelSet.Source.values),
        )
        for what, value, choices in known:
            if value not in choices:
                raise BadWish(f"{value!r} is no {what}. Say one of {', '.join(choices)}.")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise BadWish(f"The seed {self.seed} must be from 0 to {LARGEST_SEED}.")
        if len(self.note) > 300:
            raise BadWish(f"The note has {len(self.note)} letters; 300 are kept.")

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Wish":
        return cls(**{**plain, "campaigns": tuple(plain.get("campaigns", ()))})


@transaction.atomic
def ask(wish: Wish, *, by: Any = None, scheduled: bool = False) -> Training:
    """Have a ranker trained by a worker."""
    training = Training.objects.create(wish=asdict(wish), asked_by=by, scheduled=scheduled)
    training.job = services.submit(
        TRAIN, {"training": training.pk}, subject=f"Training #{training.pk}: {wish.learner}", asked_by=by
    )
    training.save(update_fields=["job"])
    return training


def note_begun(wish: Wish, by: Any = None) -> Training:
    """A training that begins here and now, without a job: that of a command."""
    return Training.objects.create(wish=asdict(wish), asked_by=by)


def ask_for_evaluation(ranker: Ranker, *, by: Any = None) -> Any:
    """Have a ranker held against today's champion and labels by a worker; returns the job."""
    return services.submit(EVALUATE, {"ranker": ranker.pk}, subject=f"Evaluation of {ranker}", asked_by=by)


def note_end(training_id: int, problem: str) -> None:
    """A training whose job ended without a ranker says why."""
    rows = Training.objects.filter(pk=training_id, ended_at=None)
    rows.update(problem=problem[:1000], ended_at=timezone.now())


def new_labels() -> int:
    """Final verdicts on generated images, by people or imported, that no training has seen."""
    rows = Verdict.objects.filter(final=True, outcome__in=(Outcome.PASSED, Outcome.FAILED))
    rows = rows.exclude(campaign__state=CampaignState.DRAFT).exclude(campaign__origin="simulation")
    rows = rows.filter(task__candidate__isnull=False)
    newest = LabelSet.objects.filter(newest_verdict__isnull=False).order_by("-newest_verdict").first()
    return (rows.filter(updated_at__gt=newest.newest_verdict) if newest and newest.newest_verdict else rows).count()


def ask_if_due() -> Training | None:
    """Ask for a training of the default learner where the policy's number of new labels has come, and none waits."""
    after = policy.current().retrain_after
    if not after or new_labels() < after:
        return None
    if Training.objects.filter(ended_at=None).exclude(job__state__in=FINISHED_STATES).exists():
        return None
    return ask(Wish(note=f"By the schedule: {after} new labels or more"), scheduled=True)
