"""Reads rankers that `ranking.learning.storing` wrote."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_numbers

from ranking.learning import calibration
from ranking.learning.exceptions import BadRankerFile
from ranking.learning.fitted import FittedRanker
from ranking.learning.preparing import Preparation
from ranking.learning.scorers import Linear, Part, Scorer, Trees
from ranking.learning.storing import FORM, NUMBERS, RECORD


def load(folder: Path) -> FittedRanker:
    """Reads what save wrote. Raises BadRankerFile for what is missing, changed or of another form."""
    path = folder / RECORD
    if not path.is_file():
        raise BadRankerFile(f"There is no ranker in {folder}: {RECORD} is missing.")
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise BadRankerFile(f"{path} is not JSON ({error}); restore the file or train again.") from error
    if not isinstance(record, dict) or record.get("form") != FORM:
        raise BadRankerFile(f"{path} has a form that this version does not read; train the ranker again.")
    files = {name: _content(folder / name, told) for name, told in record["files"].items()}
    return unpacked(record, files)


def unpacked(record: Mapping[str, Any], files: Mapping[str, bytes]) -> FittedRanker:
    """From a record and its files. Raises BadRankerFile where a part is missing."""
    try:
        arrays = load_numbers(files[NUMBERS])
        return FittedRanker(
            record["name"],
            Preparation.restored(record["preparation"], arrays),
            tuple(
                Part(part["name"], tuple(_unpacked(told, arrays, files) for told in part["scorers"]))
                for part in record["parts"]
            ),
            arrays["weights"],
            calibration.restored(record["calibration"]),
            dict(record["told"]),
            arrays["labelled"],
            arrays["out_of_fold"],
        )
    except (KeyError, SafetensorError) as error:
        raise BadRankerFile(f"The stored ranker lacks {error}; restore its files or train it again.") from error


def _unpacked(told: Mapping[str, str], arrays: Mapping[str, NDArray[Any]], files: Mapping[str, bytes]) -> Scorer:
    if "trees" in told:
        return Trees(files[told["trees"]].decode())
    numbers = arrays[told["linear"]]
    return Linear(float(numbers[0]), numbers[1:])


def _content(path: Path, wanted: str) -> bytes:
    if not path.is_file():
        raise BadRankerFile(f"The stored ranker lacks {path.name}; restore the file or train it again.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != wanted:
        raise BadRankerFile(f"{path} was changed after it was stored; restore the file or train the ranker again.")
    return content
