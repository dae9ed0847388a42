"""How well metrics and rankers say what people say: correlations, AUC and the pass rate of the first few, by product.

The figures are those that rankers are judged by (`ranking.evaluation.figures`), on products drawn with replacement.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation import bootstrap
from ranking.evaluation.bootstrap import Interval
from ranking.evaluation.figures import figures
from ranking.evaluation.judged import Judged

BCA_BELOW = 50  # products: there percentile intervals are a little short
RESAMPLES = 1_000
Values = NDArray[np.float64]


@dataclass(frozen=True)
class MetricRow:
    """One metric or ranker: its figures by name, over the images that have a value of it."""

    name: str
    images: int
    products: int
    figures: dict[str, Interval]
    said: str = ""


def against_people(
    columns: Mapping[str, Values], judged: Judged, *, top: int = 3, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[MetricRow, ...]:
    """A row for each column of values (n), NaN where an image has none: Pearson, Spearman, AUC, and the first `top`."""
    names = ("pearson", "spearman", "auc", "auc_within", f"top_{top}")
    wanted = {name: figure for name, figure in figures(top).items() if name in names}
    rows = []
    for name, values in columns.items():
        there = np.isfinite(values)
        if not there.any():
            rows.append(MetricRow(name, 0, 0, {}, "No judged image has a value of it."))
            continue
        mine = judged.take(there)
        counts = bootstrap.resample(len(mine.ids), seed=seed, resamples=resamples)
        form: bootstrap.Form = "bca" if len(mine.ids) < BCA_BELOW else "percentile"
        found = {
            key: bootstrap.interval(figure.of(values[there], mine), counts, form=form) for key, figure in wanted.items()
        }
        rows.append(MetricRow(name, len(mine), len(mine.ids), found))
    return tuple(rows)
