"""The state of one product's training as bytes: a safetensors file, never a pickle, and what was told on the way.

Noise, noise levels and the order of images are hashes of (seed, step), so the step is all there is to keep of them.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from generation.training.packing import metadata_of, pack

_HEADER = "vitrine"


@dataclass(frozen=True)
class Progress:
    """How far one training is. `losses`: (step, mean since the point before)."""

    step: int = 0
    losses: tuple[tuple[int, float], ...] = ()
    unsaid: tuple[float, int] = (0.0, 0)  # sum and count of the losses since the last point
    notes: dict[str, Any] = field(default_factory=dict)  # of whoever watches, JSON


def save_state(key: str, progress: Progress, tensors: dict[str, Tensor]) -> bytes:
    """One training's state. `key` says what it is the state of."""
    told = json.dumps({"key": key, "progress": asdict(progress)})
    return pack(tensors, {_HEADER: told})


def load_state(key: str, data: bytes | None) -> tuple[Progress, dict[str, Tensor]] | None:
    """The state back, or None where there is none, it is damaged, or it is of another training: then begin anew."""
    if not data:
        return None
    try:
        tensors = safetensors.torch.load(data)
        told = json.loads(metadata_of(data)[_HEADER])
    except (SafetensorError, KeyError, ValueError):
        return None
    if told["key"] != key:
        return None
    plain = told["progress"]
    losses = tuple((int(step), float(loss)) for step, loss in plain["losses"])
    total, count = plain["unsaid"]
    return Progress(plain["step"], losses, (float(total), int(count)), plain["notes"]), tensors
