"""Why a candidate has its probability: what each feature adds to the logit; with the base they add up to it.

Linear terms and LightGBM's own SHAP values (pred_contrib, Lundberg 2018), through products and calibration by secants
(`ranking.learning.scorers`). What a sum of metrics adds to a line is told metric by metric; to trees it is one number.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ranking.learning.base import Contribution
from ranking.learning.labels import Values
from ranking.learning.table import EMBEDDING, METRICS, FeatureTable

if TYPE_CHECKING:
    from ranking.learning.fitted import FittedRanker

BASE = "base"


def explain(ranker: "FittedRanker", table: FeatureTable, row: int) -> list[Contribution]:
    """Of one row of a table of whole products; largest first, the base last."""
    siblings = np.flatnonzero(table.products == table.products[row])
    part = table.take(siblings)
    at = int(np.flatnonzero(siblings == row)[0])
    x = ranker.preparation.matrix(part)[at : at + 1]
    metrics = part.part(METRICS)[at].astype(np.float64)
    named = ranker.preparation.definition.block(METRICS).columns
    names = [*(f"{METRICS}.{name}" for name in named), *ranker.preparation.names, BASE]
    values = [*metrics.tolist(), *ranker.preparation.as_measured(x[0]).tolist(), 1.0]
    added = _calibrated(ranker, _added(ranker, x, metrics))
    made = [Contribution(*told) for told in zip(names[:-1], values[:-1], added[:-1].tolist(), strict=True) if told[2]]
    return [*sorted(made, key=lambda told: -abs(told.contribution)), Contribution(BASE, 1.0, float(added[-1]))]


def _added(ranker: "FittedRanker", x: Values, metrics: Values) -> Values:
    """(metrics + d + 1): what each adds before calibration."""
    total = np.zeros(len(metrics) + x.shape[1] + 1)
    for weight, part in zip(ranker.weights, ranker.parts, strict=True):
        told = weight * part.contributions(x)[0]
        if part.linear:
            for place, weights in enumerate(ranker.preparation.summed):  # the sums are the first columns
                if x[0, place]:
                    terms = np.nan_to_num((metrics - ranker.preparation.metric_centers) * weights)
                    total[: len(metrics)] += told[place] / x[0, place] * terms
                    told[place] = 0.0
        total[len(metrics) :] += told
    return total


def grouped(contributions: Sequence[Contribution]) -> list[Contribution]:
    """The same with the components of an embedding as one: no one can read them singly."""
    sums: dict[str, float] = {}
    values: dict[str, float] = {}
    for told in contributions:
        one = told.feature.rpartition(" ")[0] if told.feature.startswith(EMBEDDING) else told.feature
        sums[one] = sums.get(one, 0.0) + told.contribution
        values[one] = float("nan") if one != told.feature else told.value
    base = sums.pop(BASE, 0.0)
    made = [Contribution(name, values[name], added) for name, added in sums.items()]
    return [*sorted(made, key=lambda told: -abs(told.contribution)), Contribution(BASE, 1.0, base)]


def _calibrated(ranker: "FittedRanker", total: Values) -> Values:
    """Contributions to the calibrated logit: a curve's by its secant."""
    logit, base = float(total.sum()), float(total[-1])
    ends = ranker.calibration(np.array([logit, base, base + 1e-4]))
    slope = (ends[0] - ends[1]) / (logit - base) if abs(logit - base) > 1e-9 else (ends[2] - ends[1]) / 1e-4
    made = total * slope
    made[-1] = ends[1]
    return np.asarray(made)
