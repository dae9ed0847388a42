"""Is the world still the one that the champion learned from? What has moved opens a notice until it is back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Min
from django.utils import timezone
from numpy.typing import NDArray

from ranking.evaluation.drift import Level, Shift, promise, reference, references, shift
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged
from ranking.exceptions import NotEnoughLabels
from ranking.learning.table import METRICS, STATISTICS, FeatureTable
from ranking.models import DriftNotice, Ranker, Score
from ranking.running import defining, features
from ranking.running import labels as labelling
from ranking.running.material import Contender, Values
from ranking.running.scoring import probabilities
from ranking.services import judges, notices, registry
from raters.models.ratings import Outcome

Progress = Callable[[int, int, str], None]
Kind = DriftNotice.Kind
Found = tuple[str, str, str, dict[str, Any]]  # kind, about, sentence, figures
NEW = timedelta(days=30)
MOST_PRODUCTS = 500  # of each side: enough to tell, and little to read
WATCHED = (Kind.FEATURES, Kind.SCORES, Kind.PASS_RATE)


def look(progress: Progress = lambda *_: None) -> int:
    """Compare newer images with those that the champion learned from; returns how many notices stand.

    Files that were gone and are back are read again on the way. Raises Damaged.
    """
    champion = registry.champion()
    if champion is None:
        return 0
    features.look_for_missing(defining.definition_of(champion))
    found = [*_shifts(champion, progress), *_promise(champion)]
    for kind, about, sentence, told in found:
        notices.open_notice(champion, kind, about, sentence, told)
    notices.close_others(champion, WATCHED, {(kind, about[:120]) for kind, about, _, _ in found})
    return len(found)


def _shifts(champion: Ranker, progress: Progress) -> list[Found]:
    """Features and scores of images that came since the training, against those that were there when it learned.

    Each side is its own images alone: a product's older ones would hide how the newer are.
    """
    definition = defining.definition_of(champion)
    since = max(champion.made_at, timezone.now() - NEW)
    come = defining.measured().filter(created_at__gt=since).order_by()
    products = sorted(set(come.values_list("run__product", flat=True).distinct()))[-MOST_PRODUCTS:]
    if not products:
        return []
    contender = Contender.stored(champion)
    learned = np.unique(labelling.rebuild(champion.label_set).products).tolist()[-MOST_PRODUCTS:]
    try:
        then = features.table_of(definition, learned, progress)
        now = features.table_of(definition, products, progress)
    except NotEnoughLabels:
        return []
    old = ~_made_since(then, champion.made_at)
    new = _made_since(now, since)
    watched = [name for name in (METRICS, STATISTICS) if definition.has(name)]
    found: list[Found] = []
    for before in references(then.take(old), watched):
        found += _noted(Kind.FEATURES, shift(before, now.column(before.name)[new]))
    scores = reference("scores", _unseen(champion, contender, then, old))
    return found + _noted(Kind.SCORES, shift(scores, probabilities(champion, contender.fitted, now)[new]))


def _made_since(table: FeatureTable, at: datetime) -> NDArray[np.bool_]:
    """(n,): which images were made after that time."""
    first = defining.measured().filter(created_at__gt=at).aggregate(first=Min("pk"))["first"]
    return np.zeros(len(table), bool) if first is None else table.candidates >= first


def _unseen(champion: Ranker, contender: Contender, table: FeatureTable, rows: NDArray[np.bool_]) -> Values:
    """What the champion says of these images, as one that saw nothing of their products: of those that it learned from,
    the out-of-fold probabilities that are stored with it. A ranker is surer of what it knows."""
    chances = probabilities(champion, contender.fitted, table)
    frozen = rows & ~np.isin(table.products, contender.learned.products)
    return np.concatenate([chances[frozen], contender.fitted.out_of_fold])  # type: ignore[attr-defined]


def _noted(kind: str, moved: Shift) -> list[Found]:
    if moved.level not in (Level.LOOK, Level.ALARM):
        return []
    told = {"level": moved.level.value, "psi": moved.psi, "ks": moved.ks, "missing": moved.missing}
    return [(kind, moved.name, moved.sentence, told)]


def _promise(champion: Ranker) -> list[Found]:
    """Picks that were rated since the training, against what was predicted of them; not those of products that it
    learned from, of which it says more than it can know of others."""
    seen = set(np.unique(Contender.stored(champion).learned.products).tolist())
    rows = Score.objects.filter(
        ranker=champion, picked=True, candidate__tasks__verdict__final=True,
        candidate__tasks__verdict__outcome__in=(Outcome.PASSED, Outcome.FAILED),
        candidate__tasks__verdict__updated_at__gt=champion.made_at,
        candidate__tasks__verdict__campaign__in=judges.campaigns_that_count(champion),
    )  # fmt: skip
    rows = rows.order_by("candidate", "candidate__tasks__verdict__updated_at", "candidate__tasks__verdict")
    told = rows.values_list("candidate", "product", "probability", "candidate__tasks__verdict__outcome")
    newest = {pk: (product, chance, outcome == Outcome.PASSED)
              for pk, product, chance, outcome in told.iterator() if product not in seen}  # fmt: skip
    if not newest:
        return []
    products, chances, passed = zip(*newest.values(), strict=True)
    try:
        kept = promise(np.array(chances, np.float64), Judged.build(products, np.array(passed, np.float64)))
    except CannotEvaluate:
        return []
    if kept.level not in (Level.LOOK, Level.ALARM):
        return []
    figures = {"level": kept.level.value, "predicted": kept.predicted, "observed": kept.observed, "picks": kept.picks}
    return [(Kind.PASS_RATE, "", kept.sentence, figures)]
