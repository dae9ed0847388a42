"""Labels out of verdicts, as they are now; and label sets, which never change.

A label is a final verdict on a generated image by ratings that count: excluded raters are out of verdicts already, gold
items and images that were made elsewhere are left out here. An image of several campaigns has one label: what was said
last decides, shares are means weighted by ratings. An adjudicator's ruling stands in place of its verdict, in the soft
labels too: whoever ruled has looked at what the raters disagreed about.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction

from ranking.exceptions import BadWish, Damaged, NotEnoughLabels
from ranking.learning.labels import Labels
from ranking.models import LabelSet, PlannedImage
from ranking.running import files
from raters.models import AlternativeVerdict, Campaign, Question, Ruling, Verdict
from raters.models.campaigns import CampaignState, Origin
from raters.models.ratings import Outcome
from raters.models.tasks import TaskState

BATCH = 2_000
RULES = ("campaign", "question", "rater")
_FIELDS = ("pk", "campaign", "task", "task__candidate", "task__candidate__run__product", "task__candidate__dropped",
           "task__candidate__clip_i", "task__state", "campaign__question_set", "ratings", "questions", "share",
           "updated_at")  # fmt: skip


@dataclass(frozen=True)
class LabelWish:
    """Which verdicts: `campaigns` (none: all with ratings of people or imported ones), by which rule of votes.

    `rule` "campaign" is the one of each campaign.
    """

    campaigns: tuple[int, ...] = ()
    rule: str = "campaign"
    source: str = LabelSet.Source.MAJORITY


@dataclass
class Collected:
    """Labels, and where they come from."""

    labels: Labels
    sources: list[dict[str, Any]]
    left_out: dict[str, int]
    newest: datetime | None


@dataclass
class _Image:
    """What is known of one image so far; `said_at` is when its newest verdict or ruling was made."""

    product: int
    said_at: datetime
    passed: bool = False
    campaign: int = 0
    weight: float = 0.0
    share: float = 0.0
    questions: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))


@dataclass(frozen=True)
class _Told:
    """What one verdict or ruling says: of the image, and of each question as a share of 1."""

    passed: bool
    share: float
    questions: dict[str, float]


@dataclass(frozen=True)
class _Ruled:
    """A ruling: its outcome, when, and 1 or 0 for each question that it answered."""

    passed: bool
    at: datetime
    questions: dict[str, float]


def collect(wish: LabelWish) -> Collected:
    """The labels as of now. Raises BadWish for campaigns that are not there, NotEnoughLabels for none at all."""
    campaigns = chosen(wish)
    outcome = {"campaign": "outcome", "question": "by_question", "rater": "by_rater"}[wish.rule]
    images: dict[int, _Image] = {}
    left_out: Counter[str] = Counter()
    newest: datetime | None = None
    for rows in _verdicts([campaign.pk for campaign in campaigns], outcome):
        weighed = _weighed(rows) if wish.source == LabelSet.Source.DAWID_SKENE else None
        rulings = _rulings(rows)
        for row in rows:
            why = _unfit(row, outcome, weighed, rulings)
            if why:
                left_out[why] += 1
                continue
            _take(images, row, outcome, weighed, rulings.get(row["task"]))
            newest = max(newest or row["updated_at"], row["updated_at"])
    if not images:
        told = ", ".join(f"{count} {why}" for why, count in left_out.items()) or "no image has a final verdict"
        raise NotEnoughLabels(f"There is nothing to learn from: {told}. Have images rated, then train.")
    counts = Counter(image.campaign for image in images.values())
    sources = [
        {"campaign": each.pk, "name": each.name, "vote": wish.rule if wish.rule != "campaign" else each.vote,
         "labels": counts[each.pk]}
        for each in campaigns if counts[each.pk]
    ]  # fmt: skip
    return Collected(_labels(images, _keys(campaigns), wish), sources, dict(left_out), newest)


def chosen(wish: LabelWish) -> list[Campaign]:
    """The campaigns of a wish. Raises BadWish."""
    if wish.rule not in RULES:
        raise BadWish(f"{wish.rule!r} is no rule of votes: say {', '.join(RULES)}.")
    if wish.source not in LabelSet.Source.values:
        raise BadWish(f"{wish.source!r} is no source of labels: say {', '.join(LabelSet.Source.values)}.")
    begun = Campaign.objects.exclude(state=CampaignState.DRAFT).order_by("pk")
    if not wish.campaigns:
        real = list(begun.exclude(origin=Origin.SIMULATION))
        return real or list(begun)  # made-up ratings teach only where there are no others, as in the demo
    found = list(begun.filter(pk__in=wish.campaigns))
    missing = sorted(set(wish.campaigns) - {campaign.pk for campaign in found})
    if missing:
        raise BadWish(f"There is no campaign {missing[0]} that was opened.")
    return found


def keep(collected: Collected, wish: LabelWish, by: Any = None) -> LabelSet:
    """Record the labels as a set; the same labels are the same set."""
    labels = collected.labels
    found = LabelSet.objects.filter(digest=labels.hash).first()
    if found is not None:
        return found
    key = files.put_labels(labels)
    with transaction.atomic():
        return LabelSet.objects.get_or_create(
            digest=labels.hash,
            defaults={
                "source": wish.source,
                "key": key,
                "images": len(labels),
                "products": len(np.unique(labels.products)),
                "passed": int(labels.passed.sum()),
                "weighted": int((labels.weight != 1).sum()),
                "sources": collected.sources,
                "left_out": collected.left_out,
                "newest_verdict": collected.newest,
                "made_by": by,
            },
        )[0]


def rebuild(label_set: LabelSet) -> Labels:
    """Exactly the labels of a set, whatever was rated since. Raises Damaged."""
    labels = files.get_labels(label_set.key)
    if labels.hash != label_set.digest:
        raise Damaged(f"The labels {label_set} are not what they were; bring {label_set.key} back from a backup.")
    return labels


def _verdicts(campaigns: Sequence[int], outcome: str) -> Iterator[list[dict[str, Any]]]:
    """Final verdicts, some at a time."""
    rows = Verdict.objects.filter(campaign__in=campaigns, final=True).order_by("campaign_id", "pk")
    batch = []
    for row in rows.values(*_FIELDS, outcome).iterator(chunk_size=BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _unfit(
    row: dict[str, Any], outcome: str, weighed: dict[int, AlternativeVerdict] | None, rulings: dict[int, _Ruled]
) -> str:
    """Why a verdict is no label; empty for one that is."""
    reasons = (
        (row["task__state"] == TaskState.GOLD, "gold items"),
        (row["task__candidate"] is None, "made elsewhere or removed since"),
        (bool(row["task__candidate__dropped"]), "held back since"),
        (row["task__candidate__clip_i"] is None, "not measured"),
        (weighed is not None and row["task"] not in weighed, "without a Dawid-Skene verdict"),
        (row[outcome] not in (Outcome.PASSED, Outcome.FAILED) and row["task"] not in rulings, "undecided"),
    )
    return next((why for found, why in reasons if found), "")


def _take(
    images: dict[int, _Image],
    row: dict[str, Any],
    outcome: str,
    weighed: dict[int, AlternativeVerdict] | None,
    ruling: _Ruled | None,
) -> None:
    said_at = row["updated_at"] if ruling is None else max(row["updated_at"], ruling.at)
    image = images.setdefault(row["task__candidate"], _Image(row["task__candidate__run__product"], said_at))
    told = _of_votes(row, outcome) if weighed is None else _of_posteriors(weighed[row["task"]])
    if ruling is not None:
        told = _Told(ruling.passed, float(ruling.passed), told.questions | ruling.questions)
    if said_at >= image.said_at:
        image.said_at, image.campaign, image.passed = said_at, row["campaign"], told.passed
    weight = float(max(row["ratings"], 1))
    image.share = (image.share * image.weight + told.share * weight) / (image.weight + weight)
    image.weight += weight
    for key, value in told.questions.items():
        known = image.questions[key]
        known[0], known[1] = (known[0] * known[1] + value * weight) / (known[1] + weight), known[1] + weight


def _of_votes(row: dict[str, Any], outcome: str) -> _Told:
    passed = row[outcome] == Outcome.PASSED
    shares = {key: one["share"] for key, one in row["questions"].items() if one["share"] is not None}
    return _Told(passed, row["share"] if row["share"] is not None else float(passed), shares)


def _of_posteriors(told: AlternativeVerdict) -> _Told:
    passed = told.outcome == Outcome.PASSED
    shares = {key: _chance(one["passes"], one["probability"]) for key, one in told.questions.items()}
    return _Told(passed, _chance(passed, told.probability), shares)


def _chance(passes: bool, probability: float) -> float:
    return probability if passes else 1.0 - probability


def _labels(images: dict[int, _Image], keys: Sequence[str], wish: LabelWish) -> Labels:
    ids = sorted(images)
    inclusion = _inclusion({pk: image.campaign for pk, image in images.items()})
    questions = np.full((len(ids), len(keys)), np.nan)
    for row, pk in enumerate(ids):
        for column, key in enumerate(keys):
            if key in images[pk].questions:
                questions[row, column] = images[pk].questions[key][0]
    return Labels.build(
        ids,
        [images[pk].product for pk in ids],
        [float(images[pk].passed) for pk in ids],
        share=np.clip([images[pk].share for pk in ids], 0, 1),
        questions=np.clip(questions, 0, 1),
        weight=[1.0 / inclusion.get(pk, 1.0) for pk in ids],
        posteriors=wish.source == LabelSet.Source.DAWID_SKENE,
    )


def _keys(campaigns: Iterable[Campaign]) -> list[str]:
    """The questions of all campaigns, each once, those of the oldest first."""
    sets = list(dict.fromkeys(campaign.question_set_id for campaign in campaigns))
    asked = Question.objects.filter(question_set__in=sets).order_by("order", "pk").values_list("question_set", "key")
    by_set: dict[int, list[str]] = defaultdict(list)
    for pk, key in asked:
        by_set[pk].append(key)
    return list(dict.fromkeys(key for pk in sets for key in by_set[pk]))


def _inclusion(campaigns: dict[int, int]) -> dict[int, float]:
    """The probability with which an image came to be rated, where the campaign of its verdict was drawn by a plan."""
    rows = PlannedImage.objects.filter(plan__campaign__in=set(campaigns.values()))
    drawn = rows.values_list("candidate", "plan__campaign", "inclusion").iterator()
    return {pk: inclusion for pk, campaign, inclusion in drawn if campaigns.get(pk) == campaign}


def _weighed(rows: Sequence[dict[str, Any]]) -> dict[int, AlternativeVerdict]:
    found = AlternativeVerdict.objects.filter(
        task__in=[row["task"] for row in rows], method=AlternativeVerdict.Method.DAWID_SKENE
    )
    return {one.task_id: one for one in found}


def _rulings(rows: Sequence[dict[str, Any]]) -> dict[int, _Ruled]:
    """The newest ruling on each task, which stands; a question that it did not answer keeps its votes."""
    sets = {row["task"]: row["campaign__question_set"] for row in rows}
    found = list(Ruling.objects.filter(task__in=sets).order_by("pk"))
    asked = Question.objects.filter(question_set__in={sets[one.task_id] for one in found})
    passing = {(one.question_set_id, one.key): one.passing for one in asked}
    made = {}
    for one in found:
        answers = {key: passing.get((sets[one.task_id], key)) for key in one.answers}
        questions = {key: float(one.answers[key] in good) for key, good in answers.items() if good is not None}
        made[one.task_id] = _Ruled(one.outcome == Outcome.PASSED, one.at, questions)
    return made
