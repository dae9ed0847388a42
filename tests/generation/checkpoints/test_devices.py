"""Devices, precision, threads, and what work costs; a GPU is asked where there is one."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from generation.checkpoints import devices
from generation.checkpoints.sets import Entry
from generation.exceptions import NotPossible

CPU = torch.device("cpu")


def entry(dtype: str, **options: Any) -> Entry:
    return Entry("dino", "dinov2", "", "", "MIT", True, Path("/x"), dtype=dtype, options=options)


def test_a_device_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NotPossible, match="The device cuda was asked for and torch finds none on this machine"):
        devices.choose_device("cuda")
    with pytest.raises(NotPossible, match="There is no device 'tpu'; devices are auto, cuda, mps and cpu"):
        devices.choose_device("tpu")


BEST = {"cuda first": ((True, True), "cuda"), "then mps": ((False, True), "mps"), "then cpu": ((False, False), "cpu")}


@pytest.mark.parametrize(("there", "best"), BEST.values(), ids=BEST.keys())
def test_auto_takes_the_fastest(there: tuple[bool, bool], best: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there[0])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there[1])
    assert devices.choose_device().type == best
    assert devices.choose_device("cpu") == CPU


PRECISIONS: dict[str, tuple[str, dict[str, Any], tuple[str, bool], str]] = {  # (device, has bfloat16)
    "whole everywhere": ("float32", {}, ("cuda", True), "float32"),
    "half on a CPU is whole": ("float16", {}, ("cpu", False), "float32"),
    "bfloat16 on a CPU is whole": ("bfloat16", {}, ("cpu", False), "float32"),
    "half on a CPU where asked": ("bfloat16", {"half_on_cpu": True}, ("cpu", False), "bfloat16"),
    "bfloat16 on a new card": ("bfloat16", {}, ("cuda", True), "bfloat16"),
    "float16 in its place on an old one": ("bfloat16", {}, ("cuda", False), "float16"),
    "float16 in its place on mps": ("bfloat16", {}, ("mps", False), "float16"),
    "float16 stays": ("float16", {}, ("cuda", True), "float16"),
}


@pytest.mark.parametrize(("dtype", "options", "device", "wanted"), PRECISIONS.values(), ids=PRECISIONS.keys())
def test_precision(
    dtype: str, options: dict[str, Any], device: tuple[str, bool], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, new = torch.device(device[0]), device[1]
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: new)
    placed = devices.placed(entry(dtype, **options), kind)
    assert placed.dtype == devices.dtype_for(entry(dtype, **options), kind) == wanted
    assert placed.path == Path("/x")


def test_cores_are_shared_between_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(devices, "usable_cores", lambda: 8)
    try:
        for processes, threads in ((1, 8), (3, 2), (8, 1), (20, 1), (0, 8)):
            assert devices.share_cores(processes) == threads == torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def test_usable_cores_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= devices.usable_cores() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("wanted", "cores"), [("1", 1), ("3", 3), ("3,2", 3), ("900", 8), ("0", 1), ("", 8), ("many", 8)]
)
def test_no_more_threads_than_openmp_may_have(wanted: str, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(Path, "read_text", lambda _: "max 100000")
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert devices.usable_cores() == cores


def test_spare_memory_is_shared_too() -> None:
    whole = devices.spare_bytes(CPU)
    assert 1e8 < whole < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert devices.spare_bytes(CPU, 4) == whole // 4


@dataclass
class Pipeline:
    """As diffusers': components by name, which are attributes as well."""

    unet: nn.Module
    tokenizer: str

    @property
    def components(self) -> dict[str, Any]:
        return {"unet": self.unet, "tokenizer": self.tokenizer}


@dataclass
class Adapter:
    """As ours: a pipeline, a second module beside it, and names of components."""

    pipeline: Pipeline
    inner: Any
    components: tuple[str, ...] = ("unet",)


def test_bytes_are_those_of_all_weights_once() -> None:
    shared = nn.Linear(10, 10, bias=False)
    tied = nn.Sequential(shared, nn.Linear(10, 10, bias=False))
    tied[1].weight = shared.weight
    adapter = Adapter(Pipeline(tied, "words"), [shared, {"more": nn.BatchNorm1d(10)}])
    of_norm = 4 * 10 * 4 + 8
    assert devices.bytes_of(adapter) == 400 + of_norm
    assert devices.bytes_of(nn.Linear(10, 10, bias=False).to(torch.bfloat16)) == 200
    assert devices.bytes_of("nothing") == 0


def test_moving_uses_an_adapters_own_way() -> None:
    class Mover:
        def __init__(self) -> None:
            self.went: list[str] = []

        def to(self, device: str) -> None:
            self.went.append(device)

    mover = Mover()
    devices.move(mover, torch.device("meta"))
    assert mover.went == ["meta"]
    adapter = Adapter(Pipeline(nn.Linear(2, 2), "words"), None)
    devices.move(adapter, torch.device("meta"))
    assert adapter.pipeline.unet.weight.device.type == "meta"


OUT_OF_MEMORY: dict[str, tuple[BaseException, bool]] = {
    "a GPU": (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"), True),
    "mps": (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
    "a CPU": (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
    "cuBLAS": (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
    "cuDNN": (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
    "Python": (MemoryError(), True),
    "another error": (RuntimeError("shapes cannot be multiplied"), False),
    "words alone": (ValueError("out of memory"), False),
}


@pytest.mark.parametrize(("error", "is_it"), OUT_OF_MEMORY.values(), ids=OUT_OF_MEMORY.keys())
def test_running_out_of_memory_is_recognised(error: BaseException, is_it: bool) -> None:
    assert devices.is_out_of_memory(error) is is_it


def test_torchs_own_words_for_a_cpu_that_is_full() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert devices.is_out_of_memory(refused.value)


def test_a_meter_tells_time_and_the_highest_memory() -> None:
    with devices.Meter(CPU) as quiet:
        pass
    with devices.Meter(CPU) as busy:
        block = np.ones(40_000_000, np.uint8)
        del block
    assert busy.peak_bytes - quiet.peak_bytes > 30_000_000, (
        "the mark is that of the block, though it is gone at its end"
    )
    assert 0 < busy.seconds < 5
    assert busy.gpu_seconds == 0


def test_a_meter_forgets_what_was_before_it() -> None:
    with devices.Meter(CPU) as before:
        np.ones(80_000_000, np.uint8)
    with devices.Meter(CPU) as after:
        pass
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("the mark cannot be set back here")
    assert after.peak_bytes < before.peak_bytes - 40_000_000


def test_a_meter_measures_work_that_fails() -> None:
    meter = devices.Meter(CPU)
    with pytest.raises(ValueError, match="broken"), meter:
        raise ValueError("broken")
    assert meter.seconds > 0
    assert meter.peak_bytes > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_meter_on_a_gpu() -> None:
    device = torch.device("cuda")
    with devices.Meter(device) as meter:
        torch.ones(10_000_000, device=device).sum()
    assert meter.peak_bytes >= 40_000_000
    assert meter.gpu_seconds == meter.seconds > 0
