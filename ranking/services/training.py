"""Asks for trainings: a person, or the schedule once enough new verdicts have come."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from jobs import services
from jobs.models import FINISHED_STATES
from ranking.exceptions import BadWish
from ranking.models import LabelSet, Ranker, Training
from ranking.services import policy
from raters.models import Verdict
from raters.models.campaigns import CampaignState
from raters.models.ratings import Outcome
from raters.models.tasks import TaskState

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
# What a command does has no job; it is killed with its terminal, and none takes so long.
OF_A_COMMAND = timedelta(hours=12)


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
    """Final verdicts that could be labels and came after what the newest training learned from, or looked at in vain.

    What no training can learn from is not counted: it would stay new for ever.
    """
    rows = Verdict.objects.filter(final=True, outcome__in=(Outcome.PASSED, Outcome.FAILED))
    rows = rows.exclude(campaign__state=CampaignState.DRAFT).exclude(campaign__origin="simulation")
    rows = rows.exclude(task__state=TaskState.GOLD)
    rows = rows.filter(task__candidate__dropped="", task__candidate__clip_i__isnull=False)
    known = LabelSet.objects.aggregate(newest=Max("newest_verdict"))["newest"]
    asked = Training.objects.filter(scheduled=True).aggregate(newest=Max("asked_at"))["newest"]
    since = max((one for one in (known, asked) if one is not None), default=None)
    return (rows if since is None else rows.filter(updated_at__gt=since)).count()


def ask_if_due() -> Training | None:
    """Ask for a training of the default learner where the policy's number of new labels has come, and none goes on.

    One that failed or was cancelled is not asked for again until as many new labels have come: with the same ones it
    would end the same way.
    """
    after = policy.current().retrain_after
    if not after or new_labels() < after or going_on().exists():
        return None
    return ask(Wish(note=f"By the schedule: {after} new labels or more"), scheduled=True)


def going_on() -> QuerySet[Training]:
    """Trainings that have not ended: of a job that may still run, or of a command that may still be at work."""
    waiting = Q(job__isnull=False) & ~Q(job__state__in=FINISHED_STATES)
    commands = Q(job__isnull=True, asked_at__gt=timezone.now() - OF_A_COMMAND)
    return Training.objects.filter(waiting | commands, ended_at=None)
