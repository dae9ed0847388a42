"""Draws what is to be rated next: likely picks, uncertain images and an even part, each with its known chance."""

from collections.abc import Callable
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from ranking.evaluation.choosing import Choice, Mix, Reason, choose
from ranking.evaluation.curves import extrapolate
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.exceptions import BadWish
from ranking.models import LabelSet, PlannedImage, Ranker, RatingPlan, Score
from ranking.running import defining, scoring
from ranking.services import judges, policy, registry
from raters.models import Task, Verdict
from raters.models.ratings import Outcome

Progress = Callable[[int, int, str], None]
Values = NDArray[np.float64]
BATCH = 1_000
_WHY = {
    Reason.TOP: PlannedImage.Why.TOP,
    Reason.UNCERTAIN: PlannedImage.Why.UNCERTAIN,
    Reason.RANDOM: PlannedImage.Why.RANDOM,
}


def draw(plan: RatingPlan, progress: Progress = lambda *_: None) -> int:
    """Fill a plan with images that nobody was asked about yet; one that is filled stays. Returns how many.

    Raises BadWish where there are none, Damaged where the champion cannot score.
    """
    there = PlannedImage.objects.filter(plan=plan).count()
    if there:
        return there
    ranker = registry.champion()
    if ranker is not None:
        scoring.score_stale(ranker, progress)
    products, candidates, chances = _unrated(ranker)
    shares = plan.shares
    mix = Mix(shares["top"], shares["uncertain"], shares["random"], policy.current().top)
    try:
        made = choose(products, chances, plan.budget, mix=mix, seed=plan.seed, served=_served(ranker))
    except CannotEvaluate as reason:
        raise BadWish(str(reason)) from reason
    rows = [
        PlannedImage(
            plan=plan,
            candidate_id=int(candidates[row]),
            why=_WHY[Reason(int(why))],
            inclusion=float(inclusion),
            probability=float(chances[row]) if ranker else None,
        )
        for row, inclusion, why in zip(made.rows, np.minimum(made.chance, 1.0), made.reason, strict=True)
    ]
    with transaction.atomic():
        PlannedImage.objects.bulk_create(rows, batch_size=BATCH)
        plan.ranker, plan.gain = ranker, _gain(made, ranker)
        plan.save(update_fields=["ranker", "gain"])
    return len(rows)


def _unrated(ranker: Ranker | None) -> tuple[NDArray[np.int64], NDArray[np.int64], Values]:
    """(products, candidates, probabilities) of measured images that are in no campaign; 24 bytes an image."""
    asked = Task.objects.filter(candidate__isnull=False).values("candidate")
    if ranker is not None:
        rows = Score.objects.filter(ranker=ranker).exclude(candidate__in=asked).order_by("candidate")
        found = _read(rows.values_list("product", "candidate", "probability"))
        return found["product"], found["candidate"], found["value"]
    measured = defining.measured().exclude(pk__in=asked).order_by("pk")
    total = Coalesce(F("clip_i"), 0.0) + Coalesce(F("clip_t"), 0.0) + Coalesce(F("dino_i"), 0.0)
    found = _read(measured.annotate(total=total).values_list("run__product", "pk", "total"))
    return found["product"], found["candidate"], _by_the_sum(found["value"])


def _read(rows: QuerySet[Any, Any]) -> NDArray[Any]:
    """Rows of two ids and a number as they come from the database, never all of them as objects."""
    kinds = [("product", np.int64), ("candidate", np.int64), ("value", np.float64)]
    return np.fromiter(rows.iterator(chunk_size=BATCH), np.dtype(kinds))


def _by_the_sum(sums: Values) -> Values:
    """The sum says no probability: its rank among all, from the usual pass rate up and down, stands for one."""
    ranks = (np.argsort(np.argsort(sums, kind="stable"), kind="stable") + 0.5) / max(len(sums), 1)
    rate = _usual_rate()
    # sigmoid(logit(rate) + log-odds of the rank, halved): .4 correlated with people, the sum is sure of nothing.
    odds = rate / (1 - rate) * np.sqrt(ranks / (1 - ranks))
    return np.asarray(odds / (1 + odds))


def _usual_rate() -> float:
    newest = LabelSet.objects.first()
    return min(max(newest.pass_rate, 0.02), 0.98) if newest else 0.174  # the paper's


def _served(ranker: Ranker | None) -> NDArray[np.int64]:
    """Products that have an image which passed, by people or by whoever taught this ranker."""
    rows = Verdict.objects.filter(final=True, outcome=Outcome.PASSED, task__candidate__isnull=False)
    rows = rows.filter(campaign__in=judges.campaigns_that_count(ranker))
    found = rows.order_by().values_list("task__candidate__run__product", flat=True).distinct()
    return np.fromiter(found.iterator(), np.int64)


def _gain(made: Choice, ranker: Ranker | None) -> dict[str, object]:
    """What the plan is expected to bring, in figures and in a sentence."""
    told: dict[str, object] = {"passing": round(made.passing, 1), "products": made.products,
                               "newly_served": round(made.newly_served, 1)}  # fmt: skip
    sentence = (
        f"Expected: {made.passing:.0f} passing images, and a first one for {made.newly_served:.0f} of"
        f" {made.products} products."
    )
    own = ranker.figures.get("curve", []) if ranker else []
    curve = [one for one in own if ranker and one["name"] == ranker.name]
    if ranker is not None and len(curve) >= 2:
        now = max(round(ranker.label_set.images * (1 - ranker.frozen_share)), 1)  # labels that it learned from
        more = extrapolate([one["labels"] for one in curve], [one["value"] for one in curve], now, len(made.rows))
        told |= {"auc_now": more.now, "auc_then": more.then}
        sentence += (
            f" By its learning curve, the ranker's AUC within products goes from {more.now:.3f} to {more.then:.3f}."
        )
    return told | {"sentence": sentence}
