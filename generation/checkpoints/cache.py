"""Keep models warm between jobs and products: loaded once in a worker, bounded by bytes, the least used goes first.

A `Shelf` holds what is loaded on one device; `ModelCache` gives a stage the roles of one model set from it. Several
sets share a shelf, and roles with the same checkpoint share one object.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from generation.checkpoints import devices, loading
from generation.checkpoints.roles import (
    Backbone,
    Captioner,
    Clip,
    Dino,
    Inpainter,
    Role,
    Safety,
    Segmenter,
    Video,
    Writer,
)
from generation.checkpoints.sets import Entry, ModelSet
from generation.exceptions import OutOfRoom

logger = logging.getLogger(__name__)
CPU = torch.device("cpu")
# Collecting garbage looks at every object of the process, half a second of it: not for a few megabytes.
WORTH_COLLECTING = 1 << 26
Load = Callable[[Entry, str], Any]


@dataclass(frozen=True)
class LoadedModel:
    """One line of a report: what is loaded, where, how big, and what it was good for."""

    roles: tuple[str, ...]
    name: str  # repo@revision, or the local path
    where: str  # device
    bytes: int
    idle_seconds: float
    hits: int  # uses that found it loaded
    loads: int  # times it was read from disk
    in_use: int


@dataclass
class _Slot:
    """One checkpoint. It stays known after it was dropped, for its counts; `model` is then None."""

    entry: Entry
    roles: set[str] = field(default_factory=set)
    model: Any = None
    bytes: int = 0
    where: torch.device = CPU
    in_use: int = 0
    leaving: bool = False  # was idle when it was chosen to leave: who wants it now waits until it has
    last_used: float = 0.0
    hits: int = 0
    loads: int = 0


class Shelf:
    """What is loaded on a device, in at most `limit_bytes` of it beside what is in use.

    On a GPU, what is idle moves to the CPU first, where it may take `host_limit_bytes`, and is dropped when that is
    full too. Threads may borrow at the same time: a model is loaded once, and never taken from who holds it.
    """

    def __init__(
        self, device: torch.device, limit_bytes: int, *, host_limit_bytes: int | None = None, load: Load = loading.load
    ) -> None:
        self.device = device
        self.limit_bytes = limit_bytes
        self.host_limit_bytes = limit_bytes if host_limit_bytes is None else host_limit_bytes
        self._load = load
        self._slots: dict[str, _Slot] = {}
        # Loading and moving take seconds: `_moving` is held then, `_counting` only for looks at the slots.
        self._moving = threading.RLock()
        self._counting = threading.RLock()

    @contextmanager
    def borrow(self, entry: Entry) -> Iterator[Any]:
        """The entry's adapter on the device, not to be evicted before the block ends.

        Raises CheckpointMissing, and OutOfRoom when there is no memory for it even with all that is idle gone. After
        an error in the block, a model that was left half on another device is read anew by who borrows it next.
        """
        slot = self._slot(entry)
        try:
            yield self._ready(slot)
        except BaseException:
            with self._moving:
                self._drop_if_astray(slot)
            raise
        finally:
            with self._counting:
                slot.in_use -= 1
                slot.last_used = time.monotonic()
            if self._used(self.device) > self.limit_bytes:
                with self._moving:
                    self._shrink(self.device, self.limit_bytes)

    def report(self) -> list[LoadedModel]:
        """What is loaded now, the last used first."""
        now = time.monotonic()
        with self._counting:
            loaded = sorted((slot for slot in self._slots.values() if slot.model is not None), key=_age)
            return [
                LoadedModel(
                    roles=tuple(sorted(slot.roles)),
                    name=f"{slot.entry.repo}@{slot.entry.revision}" if slot.entry.repo else str(slot.entry.path),
                    where=str(slot.where),
                    bytes=slot.bytes,
                    idle_seconds=0.0 if slot.in_use else now - slot.last_used,
                    hits=slot.hits,
                    loads=slot.loads,
                    in_use=slot.in_use,
                )
                for slot in reversed(loaded)
            ]

    def holds(self, entry: Entry) -> bool:
        """Whether the entry's model is on the device, so that a borrow costs nothing."""
        with self._counting:
            slot = self._slots.get(_key(entry, self.device))
            return slot is not None and slot.model is not None and slot.where == self.device

    def clear(self) -> None:
        """Drop all that is idle, from the device and from the CPU."""
        with self._moving:
            for slot in self._idle():
                with self._chosen(slot) as leaves:
                    if leaves:
                        self._drop(slot)
            devices.free_memory(self.device)  # whatever it was: memory has run out, or is asked back

    def _slot(self, entry: Entry) -> _Slot:
        """The slot of an entry, counted as in use from here on."""
        own = devices.placed(entry, self.device)
        with self._counting:
            slot = self._slots.setdefault(_key(entry, self.device), _Slot(own))
            slot.roles.add(entry.role)
            slot.in_use += 1
            return slot

    def _ready(self, slot: _Slot) -> Any:
        with self._counting:
            if slot.model is not None and slot.where == self.device and not slot.leaving:
                slot.hits += 1
                return slot.model
        with self._moving:
            if slot.model is not None and slot.where == self.device:  # another thread was quicker
                slot.hits += 1
            elif slot.model is not None:
                slot.hits += 1
                self._shrink(self.device, self.limit_bytes - slot.bytes)
                self._with_second_try(slot, lambda: self._place(slot, self.device))
            else:
                expected = max(slot.bytes, loading.bytes_on_disk(slot.entry))
                self._shrink(self.device, self.limit_bytes - expected)
                self._with_second_try(slot, lambda: self._read(slot))
            return slot.model

    def _read(self, slot: _Slot) -> None:
        began = time.monotonic()
        model = self._load(slot.entry, str(self.device))
        slot.bytes, slot.where, slot.model = devices.bytes_of(model), self.device, model
        slot.loads += 1
        logger.info(
            "loaded the %s %s: %.1f MB in %.1f s",
            slot.entry.role, slot.entry.repo or slot.entry.path, slot.bytes / 1e6, time.monotonic() - began,
        )  # fmt: skip

    def _with_second_try(self, slot: _Slot, bring: Callable[[], None]) -> None:
        """Bring a model in; where memory runs out, drop all that is idle and try once more."""
        try:
            bring()
            return
        except (RuntimeError, MemoryError) as error:
            if not devices.is_out_of_memory(error):
                raise
        logger.warning("no room for the %s on %s: dropping what is idle", slot.entry.role, self.device)
        self.clear()
        try:
            bring()
        except (RuntimeError, MemoryError) as error:
            if not devices.is_out_of_memory(error):
                raise
            raise OutOfRoom(self._no_room(slot)) from error

    def _no_room(self, slot: _Slot) -> str:
        held = [
            other for other in self._slots.values() if other.in_use and other is not slot and other.model is not None
        ]
        beside = f" beside {', '.join(other.entry.role for other in held)}, in use" if held else ""
        return (
            f"There is no room on {self.device} for the {slot.entry.role} {slot.entry.repo or slot.entry.path}{beside}."
            " Choose a smaller model set, run fewer worker processes, or take a device with more memory."
        )

    def _shrink(self, device: torch.device, limit: int) -> None:
        """Make idle models leave a device until what is left takes at most `limit` bytes; the least used goes first."""
        left = 0
        for slot in self._idle(device):
            if self._used(device) <= limit:
                break
            with self._chosen(slot) as leaves:
                if not leaves:
                    continue
                left += slot.bytes
                if device == CPU or slot.bytes > self.host_limit_bytes:
                    self._drop(slot)
                else:
                    self._shrink(CPU, self.host_limit_bytes - slot.bytes)
                    self._place(slot, CPU)
        if left >= WORTH_COLLECTING:
            devices.free_memory(device)

    @contextmanager
    def _chosen(self, slot: _Slot) -> Iterator[bool]:
        """Inside, nobody is handed the slot's model; False where somebody has been since it was seen to be idle."""
        with self._counting:
            slot.leaving = not slot.in_use
        try:
            yield slot.leaving
        finally:
            slot.leaving = False

    def _place(self, slot: _Slot, device: torch.device) -> None:
        devices.move(slot.model, device)
        slot.where = device

    def _drop(self, slot: _Slot) -> None:
        logger.info("dropping the %s %s", slot.entry.role, slot.entry.repo or slot.entry.path)
        slot.model = None

    def _drop_if_astray(self, slot: _Slot) -> None:
        if slot.model is not None and not devices.is_wholly_on(slot.model, slot.where):
            self._drop(slot)

    def _idle(self, device: torch.device | None = None) -> list[_Slot]:
        with self._counting:
            idle = [slot for slot in self._slots.values() if slot.model is not None and not slot.in_use]
            return sorted((slot for slot in idle if device is None or slot.where == device), key=_age)

    def _used(self, device: torch.device) -> int:
        with self._counting:
            return sum(slot.bytes for slot in self._slots.values() if slot.model is not None and slot.where == device)


class ModelCache:
    """The models of one set, from a shelf of its own or one that it shares: the `Models` that stages are given."""

    def __init__(
        self, model_set: ModelSet, device: torch.device, limit_bytes: int, *, shelf: Shelf | None = None
    ) -> None:
        self.model_set = model_set
        self.shelf = shelf or Shelf(device, limit_bytes)
        self.device = self.shelf.device

    def report(self) -> list[LoadedModel]:
        """What is loaded on the shelf, of this set and of others."""
        return self.shelf.report()

    def warm(self) -> tuple[Role, ...]:
        """The roles that are on the device already."""
        return tuple(role for role, entry in self.model_set.entries.items() if self.shelf.holds(entry))

    def base(self) -> AbstractContextManager[Backbone]:
        return self._borrow("base")

    def served(self) -> AbstractContextManager[Backbone]:
        return self._borrow("served")

    def inpainter(self) -> AbstractContextManager[Inpainter]:
        return self._borrow("inpainter")

    def video(self) -> AbstractContextManager[Video]:
        return self._borrow("video")

    def segmenter(self) -> AbstractContextManager[Segmenter]:
        return self._borrow("segmenter")

    def clip(self) -> AbstractContextManager[Clip]:
        return self._borrow("clip")

    def dino(self) -> AbstractContextManager[Dino]:
        return self._borrow("dino")

    def captioner(self) -> AbstractContextManager[Captioner]:
        return self._borrow("captioner")

    def writer(self) -> AbstractContextManager[Writer]:
        return self._borrow("writer")

    def safety(self) -> AbstractContextManager[Safety]:
        return self._borrow("safety")

    def _borrow(self, role: Role) -> AbstractContextManager[Any]:
        return self.shelf.borrow(self.model_set.entry(role))


def _key(entry: Entry, device: torch.device) -> str:
    return devices.placed(entry, device).cache_key


def _age(slot: _Slot) -> float:
    return slot.last_used
