"""Latents and words are computed once: kept in memory, and in a folder where a worker has one; both are bounded.

Keys are content: for latents the picture's hash, the VAE, the size and the crop; for words the prompt and the text
encoders. So the class images and the prompt bank that many products share are encoded for the first of them only.
"""

import hashlib
import json
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

logger = logging.getLogger(__name__)
Tensors = dict[str, Tensor]
MEMORY_BYTES = 1 << 30
FOLDER_BYTES = 4 << 30
LOOKED_OVER = 64  # times that a folder is looked over while it is filled once: a look reads the times of all its files


def key_of(kind: str, *parts: Any) -> str:
    """A key from JSON-able parts."""
    return hashlib.sha256(json.dumps([kind, *parts], sort_keys=True).encode()).hexdigest()


class TensorCache:
    """Tensors by key; whatever was used least recently goes first. Safe to share between threads and processes."""

    def __init__(
        self, *, memory_bytes: int = MEMORY_BYTES, folder: Path | None = None, folder_bytes: int = FOLDER_BYTES
    ) -> None:
        self.memory_bytes, self.folder, self.folder_bytes = memory_bytes, folder, folder_bytes
        self.made = 0  # items that had to be computed, for tests and reports
        self.in_memory = 0  # bytes
        self._written = (
            folder_bytes  # bytes since the folder was looked over; before the first look, as if it were full
        )
        self._kept: OrderedDict[str, Tensors] = OrderedDict()
        self._lock = threading.Lock()

    def many(self, keys: Sequence[str], make: Callable[[list[int]], Sequence[Tensors]]) -> list[Tensors]:
        """The tensors of each key, on the CPU. `make` gets the places of those that are nowhere, each key once."""
        found = {key: tensors for key in dict.fromkeys(keys) if (tensors := self._find(key)) is not None}
        missing = list(dict.fromkeys(key for key in keys if key not in found))
        if missing:
            made = make([keys.index(key) for key in missing])
            self.made += len(missing)
            for key, tensors in zip(missing, made, strict=True):
                found[key] = {name: value.detach().to("cpu").contiguous() for name, value in tensors.items()}
                self._remember(key, found[key])
                self._write(key, found[key])
            self._trim()
        return [found[key] for key in keys]

    def clear(self) -> None:
        """Forget what is in memory; files stay."""
        with self._lock:
            self._kept.clear()
            self.in_memory = 0

    def _find(self, key: str) -> Tensors | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        tensors = self._read(key)
        if tensors is not None:
            self._remember(key, tensors)
        return tensors

    def _remember(self, key: str, tensors: Tensors) -> None:
        with self._lock:
            self.in_memory += _bytes(tensors) - _bytes(self._kept.get(key, {}))
            self._kept[key] = tensors
            while self.in_memory > self.memory_bytes and self._kept:
                self.in_memory -= _bytes(self._kept.popitem(last=False)[1])

    def _path(self, key: str) -> Path | None:
        return self.folder / key[:2] / f"{key}.safetensors" if self.folder else None

    def _read(self, key: str) -> Tensors | None:
        path = self._path(key)
        if path is None:
            return None
        try:
            tensors = safetensors.torch.load(path.read_bytes())
            os.utime(path)  # what was read is what was used: `_trim` goes by it
        except (OSError, SafetensorError):
            # Never written, swept by another worker meanwhile, or damaged: it is computed anew.
            return None
        return tensors

    def _write(self, key: str, tensors: Tensors) -> None:
        path = self._path(key)
        if path is None:
            return
        data, partial = safetensors.torch.save(tensors), None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(data)
            Path(partial).replace(path)
            self._written += len(data)
        except OSError as error:  # a full disk, above all: a cache saves time, and must not cost a training
            logger.warning("%s is not cached in %s: %s", path.name, self.folder, error)
            if partial:
                Path(partial).unlink(missing_ok=True)

    def _trim(self) -> None:
        """Remove the files that were used least recently until the folder is within its bound, give or take a 64th."""
        if self.folder is None or self._written < self.folder_bytes // LOOKED_OVER:
            return
        self._written = 0
        # All files: a process that is killed leaves the beginning of one.
        files = sorted(_seen(file) for file in self.folder.glob("*/*"))
        total = sum(size for _, size, _ in files)
        for _, size, file in files:
            if total <= self.folder_bytes:
                return
            file.unlink(missing_ok=True)
            total -= size


def _seen(file: Path) -> tuple[float, int, Path]:
    """When it was used last, and its size; nothing where another worker has just swept it."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return 0.0, 0, file
    return status.st_mtime, status.st_size, file


def _bytes(tensors: Tensors) -> int:
    return sum(value.numel() * value.element_size() for value in tensors.values())


_SHARED = TensorCache()


def shared() -> TensorCache:
    """The cache of this process, which all products share."""
    return _SHARED


def keep_in(folder: Path, *, folder_bytes: int = FOLDER_BYTES, memory_bytes: int = MEMORY_BYTES) -> None:
    """Let this process's cache outlive it: a worker calls it once at its start, with a folder on a local disk."""
    _SHARED.folder, _SHARED.folder_bytes, _SHARED.memory_bytes = folder, folder_bytes, memory_bytes
