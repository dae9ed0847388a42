"""Where models run and in which precision, how many threads they take, and what a stretch of work has cost."""

import gc
import os
import resource
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from generation.checkpoints.sets import Entry
from generation.exceptions import NotPossible

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
# How lack of memory reads where torch has no error of its own for it: cuda's libraries and mps; the CPU.
_FULL = ("out of memory", "_alloc_failed", "can't allocate memory")


def choose_device(wanted: str = "auto") -> torch.device:
    """The device asked for, or the best there is: cuda, then mps, then cpu. Raises NotPossible when it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, is_there in there.items() if is_there))
    kind = wanted.partition(":")[0]
    if kind not in there:
        raise NotPossible(f"There is no device {wanted!r}; devices are auto, cuda, mps and cpu.")
    if not there[kind]:
        raise NotPossible(f"The device {wanted} was asked for and torch finds none on this machine; set it to auto.")
    return torch.device(wanted)


def dtype_for(entry: Entry, device: torch.device) -> str:
    """The precision of an entry on a device: its own, where that makes sense.

    A CPU computes in float32 unless the set says `half_on_cpu`; a card without bfloat16 takes float16 in its place, as
    does mps.
    """
    if device.type == "cpu" and not entry.options.get("half_on_cpu", False):
        return "float32"
    if entry.dtype == "bfloat16" and device.type != "cpu" and not _has_bfloat16(device):
        return "float16"
    return entry.dtype


def placed(entry: Entry, device: torch.device) -> Entry:
    """The entry with the precision that it has on this device."""
    return replace(entry, dtype=dtype_for(entry, device))


def usable_cores() -> int:
    """Cores that this process may use: its affinity, cut by a container's share and by OMP_NUM_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(int(quota) // int(period), 1))
    with suppress(KeyError, ValueError):
        cores = min(cores, max(int(os.environ["OMP_NUM_THREADS"].partition(",")[0]), 1))
    return cores


def share_cores(processes: int) -> int:
    """Give torch this process's share of the cores, one at least; returns how many threads that is.

    Worker processes that each took all cores would wait for one another.
    """
    threads = max(usable_cores() // max(processes, 1), 1)
    torch.set_num_threads(threads)
    return threads


def spare_bytes(device: torch.device, processes: int = 1) -> int:
    """How much of a device's memory warm models may take in each of some processes: the rest is for the work itself.

    Seven tenths of a GPU, four tenths of the machine's memory on a CPU.
    """
    if device.type == "cuda":
        whole, share = torch.cuda.get_device_properties(device).total_memory, 0.7
    else:
        whole, share = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), 0.4
    return int(whole * share) // max(processes, 1)


def bytes_of(holder: Any) -> int:
    """Bytes of all weights in a model, an adapter or a pipeline; shared storage counts once."""
    storages: dict[int, int] = {}
    for module in modules_in(holder):
        for tensor in (*module.parameters(), *module.buffers()):
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def modules_in(holder: Any) -> list[torch.nn.Module]:
    """The torch modules that an adapter holds: itself, in its attributes, in a pipeline's components, in containers."""
    found: dict[int, torch.nn.Module] = {}
    _collect(holder, found, depth=3)
    return list(found.values())


def _collect(holder: Any, found: dict[int, torch.nn.Module], depth: int) -> None:
    if isinstance(holder, torch.nn.Module):
        found[id(holder)] = holder
        return
    if depth == 0 or isinstance(holder, str | bytes | int | float | type(None) | torch.Tensor):
        return
    components = getattr(holder, "components", None)  # a diffusers pipeline has a dict of them
    if isinstance(holder, dict):
        parts = list(holder.values())
    elif isinstance(holder, list | tuple):
        parts = list(holder)
    else:
        parts = list((components if isinstance(components, dict) else getattr(holder, "__dict__", {})).values())
    for part in parts:
        _collect(part, found, depth - 1)


def move(holder: Any, device: torch.device) -> None:
    """Bring all weights that an adapter holds to a device, by its own `to` if it has one."""
    for mover in [holder] if hasattr(holder, "to") else modules_in(holder):
        mover.to(str(device))


def sent(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on a device, on its way there: on cuda nothing waits for what the card was given before."""
    if device.type != "cuda":
        return tensor.to(device)
    # From memory that is not pinned even a copy that "does not block" may wait.
    return (tensor.pin_memory() if tensor.device.type == "cpu" else tensor).to(device, non_blocking=True)


def is_wholly_on(holder: Any, device: torch.device) -> bool:
    """Whether all weights that an adapter holds are on a device of that kind."""
    return all(weight.device.type == device.type for module in modules_in(holder) for weight in module.parameters())


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _FULL)


def free_memory(device: torch.device) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


class Meter:
    """What a `with` block has cost, for the accounts: seconds, seconds that a GPU was held, and the highest memory.

    `peak_bytes` is what torch had allocated on a cuda device at most, elsewhere the highest resident size of the
    process. Both marks are set back on the way in, so an inner meter hides what an outer one saw before it.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = 0.0
        self.gpu_seconds = 0.0
        self.peak_bytes = 0

    def __enter__(self) -> Self:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            with suppress(OSError):  # not Linux, or not allowed: the mark is then that of the process's life
                Path("/proc/self/clear_refs").write_text("5")
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.device.type == "cuda":
            # Kernels are queued: without waiting, the time would be that of asking for them.
            torch.cuda.synchronize(self.device)
            self.peak_bytes = torch.cuda.max_memory_allocated(self.device)
        else:
            self.peak_bytes = _highest_resident()
        self.seconds = time.perf_counter() - self._began
        self.gpu_seconds = self.seconds if self.device.type != "cpu" else 0.0


def _highest_resident() -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    scale = 1 if os.uname().sysname == "Darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def _has_bfloat16(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
