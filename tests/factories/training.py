"""Pictures to learn from, tasks to learn them by, and trainers on the tiny checkpoints."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from generation.context import LocalContext, StageContext
from generation.files import Files, FolderStore
from generation.recipe import FinetuneConfig
from generation.records import Picture
from generation.training.caches import TensorCache
from generation.training.denoisers import denoiser_of
from generation.training.lessons import Sample
from generation.training.loop import Trained, Trainer, TrainingTask
from tests.factories.checkpoints.makers import warm

SIDE = 64
KINDS = ["sd", "sdxl", "klein"]


class Stopped(Exception):
    """What a test's context raises in the middle of a training."""


class StoppingContext(LocalContext):
    """Raises `Stopped` at the check before that many steps are done; checkpoints stay."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def check(self) -> None:
        if self.left == 0:
            raise Stopped
        self.left -= 1


def make_files() -> Files:
    return Files(FolderStore(Path(tempfile.mkdtemp(prefix="vitrine-training-"))))


def make_picture(files: Files, seed: int = 0, width: int = SIDE, height: int = SIDE) -> Picture:
    """A picture of coloured noise: each seed another."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return files.put_picture(Image.fromarray(pixels))


def make_mask(files: Files, width: int = SIDE, height: int = SIDE, box: tuple[int, ...] = (16, 16, 48, 48)) -> Picture:
    mask = np.zeros((height, width), dtype=bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return files.put_mask(mask)


def make_samples(files: Files, token: str = "sks", count: int = 3, **changes: Any) -> tuple[Sample, ...]:
    return tuple(
        Sample(make_picture(files, number), f"a photo of {token} mug {number}", **changes) for number in range(count)
    )


def make_task(files: Files, seed: int = 0, context: StageContext | None = None, **changes: Any) -> TrainingTask:
    samples = changes.pop("samples", None) or make_samples(files, f"zk{'abcdefgh'[seed % 8]}")
    return TrainingTask(seed, samples, context or LocalContext(), **changes)


def make_trainer(kind: str = "sd", files: Files | None = None) -> Trainer:
    """On the shared tiny checkpoint, with a cache of its own."""
    return Trainer(denoiser_of(warm(kind)), files or make_files(), SIDE, TensorCache())


def make_config(**changes: Any) -> FinetuneConfig:
    values: dict[str, Any] = {"rank": 4, "steps": 6, "learning_rate": 1e-3, "checkpoint_every": 3, "sweep": None}
    return FinetuneConfig(**(values | changes))


def trained(trainer: Trainer, config: FinetuneConfig, *tasks: TrainingTask) -> list[Trained]:
    """What came of tasks that all end well."""
    outcomes = trainer.train(config, tasks)
    good = [outcome for outcome in outcomes if isinstance(outcome, Trained)]
    if len(good) < len(outcomes):
        raise next(outcome for outcome in outcomes if not isinstance(outcome, Trained))
    return good
