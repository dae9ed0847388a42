"""Rankers as files that anyone may open: JSON, safetensors and LightGBM's text; never a pickle.

ranker.json     what it is, what it learned from, its figures, and the hash of each other file
numbers.safetensors    scales, projections, coefficients, weights, out-of-fold probabilities
trees-<n>.txt   each booster as LightGBM writes it
`ranking.learning.loading` reads them back, and gives the same probabilities to the bit.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as save_numbers

from ranking.learning.scorers import Linear, Scorer, Trees

if TYPE_CHECKING:
    from ranking.learning.fitted import FittedRanker

FORM = 1
RECORD, NUMBERS = "ranker.json", "numbers.safetensors"


def save(ranker: "FittedRanker", folder: Path) -> None:
    """Writes the files; the record last, so that a folder with one is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    record, files = packed(ranker)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True, allow_nan=False) + "\n")


def packed(ranker: "FittedRanker") -> tuple[dict[str, Any], dict[str, bytes]]:
    """(the record, {name: content} of the other files)."""
    arrays: dict[str, NDArray[Any]] = {
        **ranker.preparation.arrays(),
        "weights": ranker.weights, "labelled": ranker.labelled, "out_of_fold": ranker.out_of_fold,
    }  # fmt: skip
    files: dict[str, bytes] = {}
    parts = []
    for number, part in enumerate(ranker.parts):
        scorers = [_packed(scorer, f"{number}.{place}", arrays, files) for place, scorer in enumerate(part.scorers)]
        parts.append({"name": part.name, "scorers": scorers})
    files[NUMBERS] = save_numbers({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    record = {
        "form": FORM, "name": ranker.name, "told": ranker.told, "parts": parts,
        "preparation": ranker.preparation.plain(), "calibration": ranker.calibration.plain(),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }  # fmt: skip
    return record, files


def _packed(scorer: Scorer, key: str, arrays: dict[str, NDArray[Any]], files: dict[str, bytes]) -> dict[str, Any]:
    if isinstance(scorer, Trees):
        name = f"trees-{key}.txt"
        files[name] = scorer.text.encode()
        return {"trees": name}
    if not isinstance(scorer, Linear):
        raise TypeError(f"{type(scorer).__name__} has no way to be stored.")
    arrays[f"linear.{key}"] = np.r_[scorer.intercept, scorer.coefficients]
    return {"linear": f"linear.{key}"}
