"""One image in full: where it comes from, what rankers and raters said of it, and what others made of its prompt.

Where a candidate comes from is told by generation's `lineage`, and why it has its score by ranking's panel; here they
stand beside every vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, FloatField, QuerySet
from django.db.models.functions import Abs, Cast
from django.http import Http404

from catalog.models import Product
from generation.models import Candidate, RunStage, TrainingImage
from generation.selectors.candidates import Around, around
from generation.selectors.lineage import Lineage, lineage
from raters.models import Rating, Ruling, Task, Verdict
from raters.models.ratings import Outcome
from raters.models.tasks import TaskState
from raters.questions import Rule, rule_book
from review.cards import WORDS
from review.models import Item, JudgedImage, Verdicts

MOST_TRAINING = 24  # images shown, kept and dropped each
MOST_CAMPAIGNS = 8
MOST_RATINGS = 30  # of a campaign
MOST_OTHERS = 4  # of each other method
MOST_METHODS = 6
NOT_FINAL = "not final"


@dataclass(frozen=True)
class Trained:
    """What the adapter learned from: images kept and dropped, some of each, and how many there are."""

    kept: tuple[TrainingImage, ...]
    dropped: tuple[TrainingImage, ...]
    kept_number: int
    dropped_number: int


@dataclass(frozen=True)
class Past:
    """Where a candidate comes from; `around` its figures with their places in the run."""

    lineage: Lineage
    around: Around
    trained: Trained | None


@dataclass(frozen=True)
class AnswerLine:
    """One question of a campaign: what each rater said (in their order), how many said what, and what follows."""

    topic: str
    answers: tuple[tuple[str, bool], ...]  # (answer, whether it passes)
    counts: tuple[tuple[str, int], ...]
    outcome: str


@dataclass(frozen=True)
class Judgement:
    """What raters of one campaign said of an image. `ratings` are in the order of the columns of `lines`."""

    task: Task
    outcome: str  # "passed", "failed", "undecided" or NOT_FINAL
    verdict: Verdict | None
    ratings: tuple[Rating, ...]
    more: int  # ratings that are not shown
    lines: tuple[AnswerLine, ...]
    ruling: Ruling | None


@dataclass(frozen=True)
class Other:
    """An image that another method made of the same prompt."""

    candidate: Candidate
    verdict: str


@dataclass(frozen=True)
class Others:
    """Those of one other method; `same_seed`: also with the same seed."""

    method: str
    same_seed: bool
    images: tuple[Other, ...]


def candidate_or_404(pk: int) -> Candidate:
    rows = Candidate.objects.select_related("run__product__type", "run__method", "adapter", "result")
    found = rows.defer("result__result", "result__inputs").filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no candidate {pk}: its run may have been removed.")
    return found


def upload_or_404(pk: int) -> Task:
    """The task of an image that came from elsewhere, or whose candidate is gone."""
    found = Task.objects.select_related("subject__product__type", "campaign").filter(pk=pk).first()
    if found is None or found.state == TaskState.GOLD:
        raise Http404(f"There is no image {pk}.")
    return found


def past_of(candidate: Candidate) -> Past:
    """Back to the photos; ten queries, whatever its run made."""
    stages = RunStage.objects.filter(run=candidate.run_id, tier=candidate.tier, stage="filter")
    judged = stages.values_list("result", flat=True).first() if candidate.adapter_id else None
    return Past(lineage(candidate), around(candidate), _trained(judged) if judged else None)


def judgements_of(tasks: QuerySet[Task]) -> list[Judgement]:
    """Every vote on an image, campaign by campaign, newest first; four queries and the questions of each set.

    Gold items are left out: what they are is for operators alone, at their own page.
    """
    wanted = tasks.exclude(state=TaskState.GOLD).select_related("campaign__question_set", "verdict")
    found = list(wanted.order_by("-pk")[:MOST_CAMPAIGNS])
    ratings: dict[int, list[Rating]] = {}
    for rating in Rating.objects.filter(task__in=found).select_related("rater__user").order_by("pk"):
        ratings.setdefault(rating.task_id, []).append(rating)
    rulings: dict[int, Ruling] = {}
    for ruling in Ruling.objects.filter(task__in=found).select_related("by").order_by("pk"):
        rulings[ruling.task_id] = ruling  # the newest stands
    return [_judgement(task, ratings.get(task.pk, []), rulings.get(task.pk)) for task in found]


def others_of(candidate: Candidate) -> list[Others]:
    """What other methods made of the same product and prompt: with the same seed, else with the seeds nearest to it."""
    made = Candidate.objects.filter(run__product=candidate.run.product_id, prompt=candidate.prompt, dropped="")
    apart = Abs(Cast("seed", FloatField()) - float(candidate.seed))
    rows = made.exclude(run__method=candidate.run.method_id).select_related("run__method").annotate(apart=apart)
    by_method: dict[int, list[Candidate]] = {}
    for one in rows.order_by("apart", F("place").asc(nulls_last=True), "pk")[: 10 * MOST_METHODS * MOST_OTHERS]:
        by_method.setdefault(one.run.method_id, []).append(one)
    verdicts = verdicts_of([one.pk for found in by_method.values() for one in found[:MOST_OTHERS]])
    told = []
    for found in list(by_method.values())[:MOST_METHODS]:
        same = [one for one in found if one.seed == candidate.seed]
        images = tuple(Other(one, verdicts.get(one.pk, "")) for one in (same or found)[:MOST_OTHERS])
        told.append(Others(str(found[0].run.method), bool(same), images))
    return sorted(told, key=lambda one: (not one.same_seed, one.method))


def verdicts_of(candidates: Sequence[int]) -> dict[int, str]:
    """In a word, the newest final verdict on each of these candidates."""
    rows = JudgedImage.objects.filter(candidate__in=candidates).order_by("pk").values_list("candidate", "verdict")
    return {candidate: WORDS[Verdicts(verdict)] for candidate, verdict in rows if candidate is not None}


def item_of_task(task: Task) -> Item | None:
    """What figures know the image's subject as, once it is judged."""
    judged = JudgedImage.objects.filter(pk=task.pk).values_list("item", flat=True).first()
    return Item.objects.filter(pk=judged).first() if judged else None


def product_of(task: Task) -> Product | None:
    return task.subject.product if task.subject else None


def _trained(result: int) -> Trained:
    rows = TrainingImage.objects.filter(result=result)
    kept, dropped = rows.filter(kept=True), rows.filter(kept=False)
    return Trained(
        tuple(kept.order_by("pk")[:MOST_TRAINING]),
        tuple(dropped.order_by("pk")[:MOST_TRAINING]),
        kept.count(),
        dropped.count(),
    )


def _judgement(task: Task, ratings: list[Rating], ruling: Ruling | None) -> Judgement:
    verdict = getattr(task, "verdict", None)
    shown = ratings[:MOST_RATINGS]
    said = verdict.questions if verdict else {}
    lines = tuple(
        AnswerLine(
            rule.topic,
            tuple((rating.answers.get(rule.key, ""), rating.answers.get(rule.key) in rule.passing) for rating in shown),
            tuple(said.get(rule.key, {}).get("counts", {}).items()),
            said.get(rule.key, {}).get("outcome", ""),
        )
        for rule in _asked(task)
    )
    return Judgement(task, _outcome(verdict), verdict, tuple(shown), len(ratings) - len(shown), lines, ruling)


def _asked(task: Task) -> Sequence[Rule]:
    return rule_book(task.campaign.question_set).rules


def _outcome(verdict: Verdict | None) -> str:
    if verdict is None or not verdict.final:
        return NOT_FINAL
    return {Outcome.PASSED: "passed", Outcome.FAILED: "failed"}.get(Outcome(verdict.outcome), "undecided")
