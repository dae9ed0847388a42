"""How much more labels would help: figures over label counts, and what the next budget may bring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from ranking.evaluation import bootstrap, figures
from ranking.evaluation.bootstrap import Interval
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged, Positions, Values
from ranking.evaluation.splits import Guard, grouped_folds
from ranking.learning.base import Learner, Progress, silent
from ranking.learning.exceptions import CannotLearn
from ranking.learning.folds import sample_products
from ranking.learning.labels import Labels
from ranking.learning.table import FeatureTable

# Learning curves fall like a power of the labels; .5 is how a fitted mean does, and fits most of ours.
_POWER = 0.5


@dataclass(frozen=True)
class CurvePoint:
    """Figures of rankers that learned from about `labels` candidates, on products that they did not see."""

    labels: int
    auc_within: Interval
    top: Interval
    said: str = ""


def learning_curve(  # noqa: PLR0913 - each is a part of the question
    learner: Learner,
    table: FeatureTable,
    labels: Labels,
    sizes: Sequence[int],
    *,
    n: int = 3,
    folds: int = 3,
    seed: int = 0,
    progress: Progress = silent,
) -> list[CurvePoint]:
    """Grouped folds; in each, rankers that learned from more and more whole products of the rest, smaller sets inside
    larger ones. A size beyond what a fold leaves is left out; one from which nothing can be learned says why."""
    parts = grouped_folds(labels.products, folds, seed)
    possible = [size for size in sorted(set(sizes)) if size <= min(len(learned) for learned, _ in parts)]
    judged, points = Judged.of(labels), []
    counts = bootstrap.resample(len(judged.ids), seed=seed, resamples=500)
    for done, size in enumerate(possible):
        progress(done, len(possible), f"learning from {size:,} labels")
        scores, used = np.full(len(labels), np.nan), []
        try:
            for learned, tested in parts:
                rows = learned[sample_products(labels.products[learned], size, seed)]
                used.append(len(rows))
                scores[tested] = _scored(learner, table, labels, rows, tested, seed)
        except CannotLearn as reason:
            points.append(CurvePoint(size, Interval(None), Interval(None), str(reason)))
            continue
        order = bootstrap.interval(figures.auc_within(scores, judged), counts)
        picked = bootstrap.interval(figures.top(n)(scores, judged), counts)
        points.append(CurvePoint(round(float(np.mean(used))), order, picked))
    return points


def _scored(  # noqa: PLR0913, PLR0917 - rows of one fold
    learner: Learner, table: FeatureTable, labels: Labels, rows: Positions, tested: Positions, seed: int
) -> Values:
    """The tested candidates' probabilities, by a ranker that learned from these rows and saw nothing of the others."""
    held = np.isin(table.products, labels.products[tested])
    guard = Guard(frozenset(np.unique(labels.products[tested]).tolist()))
    mine = np.isin(table.products, labels.products[rows])
    ranker = guard.over(learner).fit(table.take(mine), labels.take(rows), seed)
    testing = table.take(held)
    return ranker.predict(testing)[testing.rows_of(labels.candidates[tested])]


@dataclass(frozen=True)
class Expected:
    """What a figure may become with more labels, from the curve; `gain` is never below 0."""

    now: float
    then: float
    limit: float

    @property
    def gain(self) -> float:
        return self.then - self.now


def extrapolate(sizes: Sequence[int], values: Sequence[float], now: int, more: int) -> Expected:
    """A curve limit - rise / sqrt(labels) through the points, rise at least 0, read at `now` and `now + more`.

    Points count by their labels, as those of few scatter most. Raises CannotEvaluate for fewer than two points.
    """
    if len(sizes) != len(values) or len(sizes) < 2 or min(sizes, default=0) < 1:
        raise CannotEvaluate(f"{len(sizes)} point(s) of a learning curve do not tell how it goes on; label more first.")
    if now < 1 or more < 0:
        raise CannotEvaluate(f"From {now} labels to {more} more is no budget; both must be counts.")
    shrink = np.asarray(sizes, np.float64) ** -_POWER
    weight = np.sqrt(np.asarray(sizes, np.float64))
    # limit = positive - negative part: nnls bounds the rise at 0 and leaves the limit free.
    design = np.column_stack([np.ones_like(shrink), -np.ones_like(shrink), -shrink]) * weight[:, None]
    (above, below, rise), _ = nnls(design, np.asarray(values, np.float64) * weight)
    limit = above - below
    return Expected(*(float(limit - rise * at) for at in (now**-_POWER, (now + more) ** -_POWER, 0.0)))
