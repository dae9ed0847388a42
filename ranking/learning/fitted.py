"""A fitted ranker: how to prepare a table, the parts that score it, their weights, and the calibration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.learning import explaining, storing
from ranking.learning.base import Contribution
from ranking.learning.calibration import Calibration
from ranking.learning.labels import Values
from ranking.learning.logistic import sigmoid
from ranking.learning.preparing import Preparation
from ranking.learning.scorers import Part
from ranking.learning.table import FeatureTable
from ranking.learning.threads import one_thread

CHUNK = 32_768  # rows that are scored at a time: memory stays flat


@dataclass(frozen=True)
class FittedRanker:
    """probability = sigmoid(calibration(sum of weights * parts)); see `ranking.learning.base.Ranker`.

    out_of_fold: of each labelled candidate the calibrated probability by a ranker that saw nothing of its product,
    neither its models nor their weights, its recipe and its calibration.
    """

    name: str
    preparation: Preparation
    parts: tuple[Part, ...]
    weights: Values
    calibration: Calibration
    told: dict[str, Any]
    labelled: NDArray[np.int64]
    out_of_fold: Values

    def predict(self, table: FeatureTable) -> Values:
        """(n): in pieces of whole products, so that only the table itself is ever whole in memory."""
        return sigmoid(self.logits(table))

    def logits(self, table: FeatureTable) -> Values:
        """(n): calibrated; `predict` before the last step, with more digits at both ends."""
        with one_thread():
            return self._logits(table)

    def _logits(self, table: FeatureTable) -> Values:
        if 0 < len(table) <= CHUNK:
            return self.of_matrix(self.preparation.matrix(table))
        made, light = np.empty(len(table)), table.light()
        for rows in table.row_chunks(CHUNK):
            made[rows] = self.of_matrix(self.preparation.matrix(light.take(rows)))
        return made

    def of_matrix(self, x: Values) -> Values:
        """(n): calibrated logits of prepared rows."""
        total = np.zeros(len(x))
        for weight, part in zip(self.weights, self.parts, strict=True):
            total += weight * part.logits(x)
        return self.calibration(total)

    def explain(self, table: FeatureTable, row: int) -> list[Contribution]:
        return explaining.explain(self, table, row)

    def save(self, folder: Path) -> None:
        storing.save(self, folder)
