"""Small judged sets and stand-in rankers that tests of evaluation share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation.judged import Judged, Values
from ranking.learning.base import Contribution, Progress, silent
from ranking.learning.labels import Labels
from ranking.learning.table import FeatureTable

Refused = dict[str, tuple[Callable[[], object], str]]  # case: what is called, and what is said of it


def noisy_judged(products: int = 40, each: int = 12, *, seed: int = 0, weighted: bool = False) -> tuple[Values, Judged]:
    """Scores with ties that say something of the verdicts, products of different hardness."""
    drawing = np.random.default_rng(seed)
    place = np.repeat(np.arange(products), each)
    truth = drawing.normal(size=len(place)) + drawing.normal(size=products)[place]
    passed = (truth + drawing.normal(size=len(place)) > 0.8).astype(float)
    scores = np.round(truth + drawing.normal(size=len(place)), 1)
    share = np.clip(np.round(passed * 0.6 + drawing.random(len(place)) * 0.4, 1), 0, 1)
    weight = 1 / drawing.uniform(0.2, 1.0, len(place)) if weighted else None
    return scores, Judged.build(place * 7 + 3, passed, share=share, weight=weight)


def plain_table(columns: dict[str, Values], products: NDArray[np.int64]) -> FeatureTable:
    values = np.column_stack(list(columns.values()))
    return FeatureTable.build({"metrics": (tuple(columns), values)}, products, np.arange(len(products)))


@dataclass(frozen=True)
class Remembering:
    """The worst of learners: knows the pass rate of each value of one column by heart, 0 for those it never saw."""

    column: str
    name: str = "remembering"
    seen: list[frozenset[int]] = field(default_factory=list)

    def fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress = silent) -> "Remembered":
        progress(seed, seed, "learning by heart")
        self.seen.append(frozenset(table.products.tolist()) | frozenset(labels.products.tolist()))
        values = table.column(self.column)[table.rows_of(labels.candidates)]
        known = {float(value): float(labels.passed[values == value].mean()) for value in np.unique(values)}
        return Remembered(self.column, known)


@dataclass(frozen=True)
class Remembered:
    column: str
    known: dict[float, float]
    name: str = "remembering"
    told: dict[str, Any] = field(default_factory=dict)

    def predict(self, table: FeatureTable) -> Values:
        return np.array([self.known.get(float(value), 0.0) for value in table.column(self.column)])

    def explain(self, table: FeatureTable, row: int) -> list[Contribution]:
        return [Contribution(self.column, float(table.column(self.column)[row]), float(self.predict(table)[row]))]

    def save(self, folder: Path) -> None:
        (folder / "remembered.json").write_text(repr(self.known))
