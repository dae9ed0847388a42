"""All rankers in one table: every figure with an interval, beside the sum, the best single metric and the ceiling.

All are measured on the same resamples of products, so that differences are paired. What the table says in one sentence
is decided by the interval of the difference to the sum, never by the figures alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ranking.evaluation import bootstrap, figures
from ranking.evaluation.bootstrap import Counts, Interval
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import Build, value_of
from ranking.evaluation.judged import Judged, Values, checked
from ranking.evaluation.reliability import Ceiling, Point, reliability
from ranking.learning.table import METRICS, FeatureTable

SUM = "sum"
ORDER = "auc_within"


@dataclass(frozen=True)
class Row:
    """One ranker. `figures` by name; `gain` is its order less the sum's.

    Lifts are relative, of the picked top n; `lifts` has those of every top: {"lift_sum_1", "lift_random_1", …}.
    """

    name: str
    figures: dict[str, Interval]
    lift_over_sum: Interval
    lift_over_random: Interval
    gain: Interval
    reliability: tuple[Point, ...]
    lifts: dict[str, Interval]


@dataclass(frozen=True)
class Comparison:
    """The table, best order inside products first, and what it says in sentences."""

    rows: tuple[Row, ...]
    sentences: tuple[str, ...]
    products: int
    candidates: int
    passing: float
    n: int
    ceiling: Ceiling | None

    def row(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise CannotEvaluate(f"{name} is not in the table; there are {', '.join(row.name for row in self.rows)}.")

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def compare(  # noqa: PLR0913 - each is a part of the question
    rankers: Mapping[str, ArrayLike],
    judged: Judged,
    *,
    n: int = 3,
    seed: int = 0,
    resamples: int = 1000,
    ceiling: Ceiling | None = None,
    baseline: str = SUM,
) -> Comparison:
    """Every ranker's scores (n) of the same judged candidates; `baseline` must be one of them.

    Calibration is told of those whose scores are probabilities. Raises CannotEvaluate for a missing score.
    """
    if baseline not in rankers:
        raise CannotEvaluate(f"The table is always beside {baseline}; its scores are missing.")
    scores = {name: checked(values, judged, name) for name, values in rankers.items()}
    counts = bootstrap.resample(len(judged.ids), seed=seed, resamples=resamples)
    rows = [_row(name, mine, scores[baseline], judged, counts, n) for name, mine in scores.items()]
    rows.sort(key=lambda row: row.figures[ORDER].value or 0.0, reverse=True)
    said = [said_of(row, baseline) for row in rows if row.name != baseline]
    passing = value_of(figures.random_rate(judged), judged)
    return Comparison(tuple(rows), tuple(said), len(judged.ids), len(judged), passing, n, ceiling)


def best_single(table: FeatureTable, judged: Judged, rows: ArrayLike) -> tuple[str, Values]:
    """The metric that orders best inside products on these judged candidates, by name, and its values.

    rows (n) are the judged candidates' rows in the table. It is chosen on what it is tested on: a bar set a little too
    high, which is the side to err on for what others must beat. A missing value counts as the metric's median.
    """
    names = table.definition.block(METRICS).columns
    values = table.part(METRICS)[np.asarray(rows)].astype(np.float64)
    best: tuple[float, str, Values] | None = None
    for place, name in enumerate(names):
        column = values[:, place]
        if not np.isfinite(column).any():
            continue
        filled = np.where(np.isfinite(column), column, np.nanmedian(column))
        order = value_of(figures.auc_within(filled, judged), judged)
        if best is None or order > best[0]:
            best = (order, name, filled)
    if best is None:
        raise CannotEvaluate("No metric has a value for any judged candidate; measure their runs first.")
    return best[1], best[2]


def _row(name: str, mine: Values, base: Values, judged: Judged, counts: Counts, n: int) -> Row:  # noqa: PLR0913, PLR0917
    chances = bool(((mine >= 0) & (mine <= 1)).all())
    found = {
        figure.name: bootstrap.interval(figure.of(mine, judged), counts)
        for figure in figures.figures(n).values()
        if chances or not figure.probability
    }
    over_sum, over_random = zip(*(_lifts(k, mine, base, judged, counts) for k in figures.tops(n)), strict=True)
    own = figures.tops(n).index(n)
    return Row(
        name,
        found,
        over_sum[own],
        over_random[own],
        _against(figures.auc_within, figures.difference, mine, base, judged, counts),
        tuple(reliability(mine, judged, counts)) if chances else (),
        {f"lift_sum_{k}": lift for k, lift in zip(figures.tops(n), over_sum, strict=True)}
        | {f"lift_random_{k}": lift for k, lift in zip(figures.tops(n), over_random, strict=True)},
    )


def _lifts(k: int, mine: Values, base: Values, judged: Judged, counts: Counts) -> tuple[Interval, Interval]:
    """Of the picked k, over the baseline's and over images drawn at random."""
    top = figures.top(k)
    over_random = bootstrap.interval(figures.lift(top(mine, judged), figures.random_rate(judged)), counts)
    return _against(top, figures.lift, mine, base, judged, counts), over_random


def _against(  # noqa: PLR0913, PLR0917 - the question's parts
    build: Build, how: figures.Pairing, mine: Values, base: Values, judged: Judged, counts: Counts
) -> Interval:
    return bootstrap.interval(how(build(mine, judged), build(base, judged)), counts)


def said_of(row: Row, baseline: str) -> str:
    """Whether it beats the baseline, as far as the intervals tell."""
    gain, lift = row.gain, row.lift_over_sum
    if gain.value is None or gain.low is None or gain.high is None:
        return f"{row.name} cannot be compared with the {baseline}: {gain.said}"
    told = f"within-product AUC {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
    if lift.value is not None and lift.low is not None and lift.high is not None:
        told += f", pass rate of its picks {lift.value:+.1%} ({lift.low:+.1%} to {lift.high:+.1%})"
    if gain.above_zero:
        return f"{row.name} beats the {baseline}: {told}."
    if gain.below_zero:
        return f"{row.name} is worse than the {baseline}: {told}."
    return f"{row.name} does not beat the {baseline} as far as these images can tell: {told}."
