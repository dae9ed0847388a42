"""Why a candidate has its probability: what each feature adds to the logit; with the base they add up to it.

Linear terms and LightGBM's own SHAP values (pred_contrib, Lundberg 2018), through products and calibration by secants
(`ranking.learning.scorers`). What a sum of metrics adds is told metric by metric.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ranking.learning.base import Contribution
from ranking.learning.labels import Values
from ranking.learning.preparing import SUM, ZSUM
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
    total = np.zeros(x.shape[1] + 1)
    for weight, model in zip(ranker.weights, ranker.parts, strict=True):
        total += weight * model.contributions(x)[0]
    names = [*ranker.preparation.names, BASE]
    found = dict(zip(names, _calibrated(ranker, total), strict=True))
    values = dict(zip(names, [*x[0].tolist(), 1.0], strict=True))
    metrics, scored = part.definition.block(METRICS).columns, part.parts[METRICS][at].astype(np.float64)
    for name, weights in zip((SUM, ZSUM), ranker.preparation.summed, strict=True):
        added = found.pop(name)
        terms = np.nan_to_num((scored - ranker.preparation.metric_centers) * weights)
        share = terms / values[name] if abs(values[name]) > 1e-9 else np.zeros(len(terms))
        for metric, value, each in zip(metrics, scored, share, strict=True):
            full = f"{METRICS}.{metric}"
            found[full], values[full] = found.get(full, 0.0) + added * each, float(value)
        found[BASE] += added * (1.0 - share.sum())
    base = Contribution(BASE, 1.0, float(found.pop(BASE)))
    made = [Contribution(name, float(values[name]), float(added)) for name, added in found.items() if added]
    return [*sorted(made, key=lambda told: -abs(told.contribution)), base]


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
