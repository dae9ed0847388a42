"""Tensors as the bytes of a safetensors file that are the same each time, and the words that it carries.

The library writes metadata in another order each time, so that equal adapters would be different files.
"""

import json
from typing import Any

import safetensors.torch
from torch import Tensor

_LENGTH = 8  # bytes in which the format says how long its header is; tensors begin at a multiple of it


def pack(tensors: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    """The file, its header in the order of the alphabet."""
    plain: bytes = safetensors.torch.save(tensors, metadata={"format": "pt", **metadata})
    header, rest = _header(plain)
    words = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    words += b" " * (-len(words) % _LENGTH)
    return len(words).to_bytes(_LENGTH, "little") + words + plain[rest:]


def metadata_of(data: bytes) -> dict[str, str]:
    """What a safetensors file tells beside its tensors."""
    told: dict[str, str] = _header(data)[0].get("__metadata__") or {}
    return told


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the tensors begin."""
    end = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    header: dict[str, Any] = json.loads(data[_LENGTH:end])
    return header, end
