"""Is the world still the one that the champion learned from? What has moved opens a notice until it is back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from ranking.evaluation.drift import Level, Shift, promise, reference, references, shift
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged
from ranking.exceptions import NotEnoughLabels
from ranking.learning.table import METRICS, STATISTICS, Definition
from ranking.models import DriftNotice, Ranker, Score
from ranking.running import features, files
from ranking.running import labels as labelling
from ranking.running.scoring import probabilities
from ranking.services import notices, registry
from raters.models import Verdict
from raters.models.ratings import Outcome

Progress = Callable[[int, int, str], None]
Kind = DriftNotice.Kind
Found = tuple[str, str, str, dict[str, Any]]  # kind, about, sentence, figures
NEW = timedelta(days=30)
MOST_PRODUCTS = 500  # of each side: enough to tell, and little to read
WATCHED = (Kind.FEATURES, Kind.SCORES, Kind.PASS_RATE)


def look(progress: Progress = lambda *_: None) -> int:
    """Compare newer images with those that the champion learned from; returns how many notices stand.

    Raises Damaged.
    """
    champion = registry.champion()
    if champion is None:
        return 0
    found = [*_shifts(champion, progress), *_promise(champion)]
    for kind, about, sentence, told in found:
        notices.open_notice(champion, kind, about, sentence, told)
    notices.close_others(champion, WATCHED, {(kind, about[:120]) for kind, about, _, _ in found})
    return len(found)


def _shifts(champion: Ranker, progress: Progress) -> list[Found]:
    """Features and scores of images that came since the training, against those that it learned from."""
    definition = Definition.from_plain(champion.features)
    learned = labelling.rebuild(champion.label_set)
    since = max(champion.made_at, timezone.now() - NEW)
    new = features.measured().filter(created_at__gt=since).order_by().values_list("run__product", flat=True)
    products = sorted(set(new.distinct()))[-MOST_PRODUCTS:]
    if not products:
        return []
    try:
        then = features.table_of(definition, np.unique(learned.products).tolist()[-MOST_PRODUCTS:], progress)
        now = features.table_of(definition, products, progress)
    except NotEnoughLabels:
        return []
    fitted = files.fitted(champion)
    watched = [name for name in (METRICS, STATISTICS) if definition.has(name)]
    found: list[Found] = []
    for before in references(then, watched):
        moved = shift(before, now.column(before.name))
        found += _noted(Kind.FEATURES, moved)
    scores = reference("scores", probabilities(champion, fitted, then))
    return found + _noted(Kind.SCORES, shift(scores, probabilities(champion, fitted, now)))


def _noted(kind: str, moved: Shift) -> list[Found]:
    if moved.level not in (Level.LOOK, Level.ALARM):
        return []
    told = {"level": moved.level.value, "psi": moved.psi, "ks": moved.ks, "missing": moved.missing}
    return [(kind, moved.name, moved.sentence, told)]


def _promise(champion: Ranker) -> list[Found]:
    """Picks that were rated since the training, against what was predicted of them."""
    rows = Verdict.objects.filter(
        final=True, outcome__in=(Outcome.PASSED, Outcome.FAILED), updated_at__gt=champion.made_at,
        task__candidate__isnull=False,
    )  # fmt: skip
    verdicts = dict(rows.order_by("pk").values_list("task__candidate", "outcome"))
    scored = Score.objects.filter(ranker=champion, picked=True).values_list("candidate", "product", "probability")
    judged = [(product, verdicts[pk] == Outcome.PASSED, chance) for pk, product, chance in scored.iterator()
              if pk in verdicts]  # fmt: skip
    if not judged:
        return []
    products, passed, chances = zip(*judged, strict=True)
    try:
        told = promise(np.array(chances, np.float64), Judged.build(products, np.array(passed, np.float64)))
    except CannotEvaluate:
        return []
    if told.level not in (Level.LOOK, Level.ALARM):
        return []
    figures = {"level": told.level.value, "predicted": told.predicted, "observed": told.observed, "picks": told.picks}
    return [(Kind.PASS_RATE, "", told.sentence, figures)]
