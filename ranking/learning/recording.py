"""What a ranker's record says of where it came from. Nothing of time or machine: equal training, equal bytes."""

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import optuna
import scipy
import sklearn

from ranking.learning.checking import auc, calibration_error, within_auc
from ranking.learning.labels import Labels, Values
from ranking.learning.lightgbm_library import lightgbm
from ranking.learning.preparing import Preparation
from ranking.learning.projecting import lacking
from ranking.learning.table import EMBEDDING, METRICS, FeatureTable


@dataclass(frozen=True)
class Trained:
    """What is known after training; chances are the calibrated out-of-fold probabilities."""

    learner: str
    recipe: str
    seed: int
    table: FeatureTable
    labels: Labels
    notes: Sequence[str]
    within: dict[str, float]
    chances: Values
    config: dict[str, Any]


def told(trained: Trained, preparation: Preparation, weights: Values) -> dict[str, Any]:
    """As JSON; figures without a value are null."""
    labels = trained.labels
    return {
        "learner": trained.learner,
        "recipe": trained.recipe,
        "weights": weights.tolist(),
        "seed": trained.seed,
        "config": trained.config,
        "features": {
            "hash": preparation.definition.hash,
            "columns": len(preparation.definition.columns),
            "blocks": [block.name for block in preparation.definition.blocks],
            "rows": len(trained.table),
        },
        "labels": {
            "hash": labels.hash,
            "count": len(labels),
            "passed": int(labels.passed.sum()),
            "products": len(numpy.unique(labels.products)),
        },
        "figures": _figures(trained),
        "notes": [*trained.notes, *_missing(trained, preparation)],
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of what computes."""
    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "lightgbm": lightgbm.__version__,
        "optuna": optuna.__version__,
    }


def _figures(trained: Trained) -> dict[str, Any]:
    """Out of fold, by product."""
    passed, products = trained.labels.passed, trained.labels.products
    return {
        "within_auc": {recipe: _number(value) for recipe, value in trained.within.items()},
        "auc": _number(auc(trained.chances, passed)),
        "within_auc_of_chosen": _number(within_auc(trained.chances, passed, products)),
        "calibration_error": _number(calibration_error(trained.chances, passed)),
    }


def _missing(trained: Trained, preparation: Preparation) -> list[str]:
    """A sentence on each thing that some rows or all lack."""
    notes = []
    metrics = trained.table.part(METRICS)
    without = int((~numpy.isfinite(metrics)).any(axis=1).sum())
    if without:
        notes.append(f"{without} of {len(metrics)} candidates lack a metric; it counts as an average one.")
    projected = {projection.source.block for projection in preparation.projections}
    for block in preparation.definition.blocks:
        if block.name.startswith(EMBEDDING):
            part = trained.table.parts[block.name]
            without = lacking(part)
            if without == len(part):
                notes.append(f"No candidate has {block.name}; it is left out.")
            elif without and block.name in projected:
                notes.append(f"{without} of {len(part)} candidates lack {block.name}; for them it counts as average.")
    return notes


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)
