"""What `benchmarks/training.py` does inside its measured processes."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.training_models import Shape
from generation.checkpoints.devices import Meter, is_out_of_memory
from generation.checkpoints.families.sd import load_backbone
from generation.checkpoints.sets import Entry
from generation.context import LocalContext
from generation.files import Files, FolderStore
from generation.recipe import FinetuneConfig
from generation.training.caches import TensorCache
from generation.training.denoisers import Denoiser, denoiser_of
from generation.training.grouped import AdapterGroup
from generation.training.klein import KleinDenoiser
from generation.training.lessons import Sample
from generation.training.loop import Trainer, TrainingTask, resident
from generation.training.passes import Draw, backward, ready
from generation.training.unet import UnetDenoiser
from generation.training.updates import Updates


def clock(device: str) -> Callable[[], float]:
    """Seconds of CPU time; on a GPU of the wall, once it has done all that it was given."""
    if device == "cpu":
        return time.process_time

    def now() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return now


def clock_in_turns(device: str, at_a_step: str) -> Callable[[], float]:
    """That clock; each reading of it prints those words and waits for a line. The wait does not count."""
    now, waited = clock(device), 0.0

    def stamp() -> float:
        nonlocal waited
        began = now()
        print(at_a_step, flush=True)
        sys.stdin.readline()
        passed = began - waited
        waited += now() - began
        return passed

    return stamp


def load(model: Path, photos: Path, side: int, device: str = "cpu") -> tuple[Trainer, list[Sample]]:
    """A trainer on the model, warm as in a worker, on a GPU in bfloat16, and the photos stored as a product's."""
    dtype = "float32" if device == "cpu" else "bfloat16"
    backbone = load_backbone(Entry("base", "sd", "", "", "none", True, model, dtype, side), device)
    files = Files(FolderStore(model.parent / f"store-{side}-{time.time_ns()}"))
    pictures = [files.put_picture(Image.open(path).convert("RGB")) for path in sorted(photos.iterdir())]
    samples = [Sample(picture, "a photo of sks box") for picture in pictures]
    return Trainer(denoiser_of(backbone), files, side, TensorCache()), samples


class Timed(LocalContext):
    """A context that notes the time at the beginning of each step; of encoding too, where nothing is cached."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.stamps: list[float] = []
        self._now = now

    def check(self) -> None:
        self.stamps.append(self._now())

    def tasks(self, samples: list[Sample], group: int, seed: int) -> list[TrainingTask]:
        """One product timed, the others beside it."""
        contexts = [self, *(LocalContext() for _ in range(group - 1))]
        return [TrainingTask(seed + place, tuple(samples), context) for place, context in enumerate(contexts)]

    @staticmethod
    def audit() -> tuple[list[str], list[str]]:
        """From here on: the model files opened, and the addresses connected to."""
        files: list[str] = []
        sockets: list[str] = []

        def hook(event: str, told: tuple[Any, ...]) -> None:
            if event == "open" and str(told[0]).endswith((".safetensors", ".bin", ".json")):
                files.append(str(told[0]))
            if event == "socket.connect":
                sockets.append(str(told[1]))

        sys.addaudithook(hook)
        return files, sockets


def gradient_difference(trainer: Trainer, samples: list[Sample], rank: int) -> float:
    """Of three products with trained-looking adapters: the largest |grouped - alone| / |alone| over layers."""
    from generation.training.lessons import Encoding  # noqa: PLC0415
    from generation.training.passes import draw  # noqa: PLC0415

    config = FinetuneConfig(rank=rank)
    group = resident(trainer.denoiser, config)
    lesson = Encoding(trainer.denoiser, trainer.files, trainer.cache, trainer.side).lesson(samples[:3])
    draws = [draw(trainer.denoiser, config, lesson, None, (seed, 0)) for seed in range(3)]
    rows = [torch.randn(group.size, generator=torch.Generator().manual_seed(seed)) * 0.05 for seed in range(3)]
    together = _gradients(trainer.denoiser, group, config, rows, draws)
    worst = 0.0
    for place in range(3):
        alone = _gradients(trainer.denoiser, group, config, rows[place : place + 1], draws[place : place + 1])
        both = zip(group.matrices(together[place]), group.matrices(alone[0]), strict=True)
        for (_, *ours), (_, *theirs) in both:
            worst = max([worst, *(float((a - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True))])
    return worst


def _gradients(
    denoiser: Denoiser, group: AdapterGroup, config: FinetuneConfig, rows: list[torch.Tensor], draws: list[Draw]
) -> torch.Tensor:
    group.fill(rows)
    with ready(denoiser, group, config):
        backward(denoiser, group, draws)
    return group.gradients.clone()


class Stepper:
    """Steps of K products on a full-size denoiser with random weights and random latents."""

    def __init__(self, name: str, device: str, dtype: str, count: int, rank: int) -> None:
        self._device = torch.device(device)
        self._shape = Shape(name, self._device, getattr(torch, dtype))
        kind = KleinDenoiser if self._shape.family == "flux2-klein" else UnetDenoiser
        self._denoiser: Denoiser = kind(self._shape.pipeline)
        root = next(iter(self._denoiser.roots))
        self._denoiser.roots = {root: self._denoiser.roots[root]}
        self._config = FinetuneConfig(rank=rank)
        self._count = count

    def measure(self, steps: int) -> tuple[float, float, float] | None:
        """Seconds and FLOP of a step, and bytes at the peak; None where memory does not suffice."""
        try:
            return self._measured(steps)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _measured(self, steps: int) -> tuple[float, float, float]:
        group = resident(self._denoiser, self._config)
        group.fill([group.initial_row(place) for place in range(self._count)])
        updates = Updates(group, self._config)
        draws = [self._draw() for _ in range(self._count)]
        with ready(self._denoiser, group, self._config):
            with FlopCounterMode(display=False) as flops:
                backward(self._denoiser, group, draws)
            meters = []
            for number in range(WARM + steps):
                with Meter(self._device) as meter:
                    backward(self._denoiser, group, draws)
                    updates.apply([number] * self._count)
                meters.append(meter)
        counted = meters[-steps:]
        middle = sorted(meter.seconds for meter in counted)[steps // 2]
        return middle, float(flops.get_total_flops()), float(max(meter.peak_bytes for meter in counted))

    def _draw(self) -> Draw:
        clean = torch.randn(1, *self._shape.latent, device=self._device)
        side = float(8 * self._shape.latent[-1])
        return Draw(
            clean=clean,
            noise=torch.randn_like(clean),
            times=self._denoiser.times(1, torch.Generator()),
            words=self._shape.said(1),
            prompts=[""],
            frames=torch.tensor([[side, side, 0.0, 0.0, side, side]]),
            shares=torch.ones(1),
            pixels=None,
        )


WARM = 2  # steps not counted, after the one whose FLOP are


def peak_of(device: str, peaks: dict[str, float]) -> float:
    """The card's dense bf16 FLOP/s as its maker states it; 0 where that is not known."""
    if not device.startswith("cuda"):
        return 0.0
    name = torch.cuda.get_device_name(device)
    return next((peak for card, peak in peaks.items() if card in name), 0.0)
