"""Tensors and what is said of them, in one safetensors file that is written whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from generation.exceptions import NotPossible


def save_state(path: Path, tensors: Mapping[str, Tensor], said: Mapping[str, Any]) -> None:
    """Writes the file beside its place, then moves it there: a kill leaves the one before. `said` goes in as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    own = {key: value.detach().contiguous() for key, value in tensors.items()}
    try:
        save_file(own, beside, metadata={"said": json.dumps(said)})
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, and what is said of them. Raises NotPossible for a file that is not there or says nothing."""
    if not path.exists():
        raise NotPossible(f"There is no {path}; train that part first.")
    with safe_open(path, framework="pt") as file:
        said = (file.metadata() or {}).get("said")
        if said is None:
            raise NotPossible(f"{path} was not written by a trainer of the set; name the folder of a training.")
        return {key: file.get_tensor(key) for key in file.keys()}, json.loads(said)  # noqa: SIM118 - not a dict
