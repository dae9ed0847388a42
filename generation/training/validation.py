"""How well adapters do before they are done: the loss on images kept aside, and looks at what they draw."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from generation.checkpoints.roles import Backbone, Drawing, Embeddings, Models, Sampling
from generation.context import StageContext
from generation.files import Files
from generation.provenance import Origin, xmp
from generation.recipe import EarlyStop, FinetuneConfig
from generation.records import Picture, QualityLook, ValidationImage, from_plain, to_plain
from generation.seeds import seed_for
from generation.training.lessons import Encoding, Sample, derived
from generation.training.loop import Trained, Trainer, resident
from generation.training.passes import draw, losses, ready

STAGE = "finetune"
HELD_OUT_DRAWS = 8  # noise levels that a loss is measured at
# Validation images are to be compared with each other, not sold: the methods' own sampling would cost more.
STEPS = 20
GUIDANCE = {"flux2-klein": 4.0}
USUAL_GUIDANCE = 7.5
BEST = "best adapter"  # the name of a checkpoint


def held_out_loss(
    trainer: Trainer, config: FinetuneConfig, outcomes: Sequence[Trained], held: Sequence[Sequence[Sample]]
) -> list[float]:
    """Each adapter's mean loss on its samples kept aside, in shared passes; the noise is the same for all."""
    denoiser, plain = trainer.denoiser, replace(config, prior_weight=0.0, class_images=0)
    group = resident(denoiser, config)
    encoding = Encoding(
        denoiser,
        trainer.files,
        trainer.cache,
        trainer.side,
        keep_words=not config.text_encoder,
        at_once=trainer.at_once,
    )
    lessons = [encoding.lesson(samples) for samples in held]
    total = torch.zeros(len(lessons))
    group.fill([outcome.row for outcome in outcomes])
    try:
        with torch.no_grad(), ready(denoiser, group, config):
            for number in range(HELD_OUT_DRAWS):
                at = (derived(0, "held out"), number)
                total += losses(denoiser, [draw(denoiser, plain, lesson, None, at) for lesson in lessons]).cpu()
    finally:
        group.release()
    return [value / HELD_OUT_DRAWS for value in total.tolist()]


@dataclass(frozen=True)
class Scene:
    """What looks are made with: prompts with the product's words in them, and where pictures go."""

    backbone: Backbone
    models: Models
    files: Files
    context: StageContext
    prompts: tuple[str, ...]
    photos: tuple[Picture, ...]
    seed: int
    side: int
    model_set: str = ""  # whose models draw, for the files to say

    def drawings(self) -> list[Drawing]:
        return [Drawing(prompt, seed_for(self.seed, "validation", prompt)) for prompt in self.prompts]

    def kept(self, drawing: Drawing, image: Image.Image) -> Picture:
        origin = Origin(drawing.prompt, drawing.seed, STAGE, model_set=self.model_set)
        return self.files.put_picture(image, xmp=xmp(origin))


@dataclass
class Looks:
    """Draws validation images on the way and, with `early`, stops when the measured quality no longer grows.

    The score is fidelity (DINO-I: mean cosine of the images with the product's photos) plus CLIP-T plus the weighted
    diversity (1 minus the mean cosine between images of different prompts): an adapter that learns its photos by heart
    gains the first and loses the others. What is shipped then is the best one seen.
    """

    scene: Scene
    export: Callable[[Tensor], bytes]
    every: int  # steps between validation images; 0: none
    early: EarlyStop | None = None
    images: list[ValidationImage] = field(default_factory=list)
    looks: list[QualityLook] = field(default_factory=list)

    def due(self, step: int) -> bool:
        every = [self.every, self.early.every if self.early else 0]
        return step > 0 and any(period and step % period == 0 for period in every)

    def look(self, step: int, row: Tensor) -> bool:
        """Draw, show and, for early stopping, measure and keep the best. True when it is time to stop."""
        data = self.export(row)
        kept = self.scene.context.step(f"look at step {step}", partial(self._work, step, data))
        for image in kept["images"]:
            self.images.append(from_plain(ValidationImage, image))
            self.scene.context.show(f"step {step}: {self.images[-1].prompt}", self.images[-1].picture)
        if self.early is None or step % self.early.every:
            return False
        self.looks.append(from_plain(QualityLook, kept["quality"]))
        if self.best_step == step:
            self.scene.context.keep_checkpoint(BEST, data)
        return self._since_best() >= self.early.patience

    def notes(self) -> dict[str, Any]:
        return {"images": [to_plain(one) for one in self.images], "looks": [to_plain(one) for one in self.looks]}

    def recall(self, notes: dict[str, Any]) -> None:
        self.images = [from_plain(ValidationImage, one) for one in notes["images"]]
        self.looks = [from_plain(QualityLook, one) for one in notes["looks"]]

    @property
    def best_step(self) -> int:
        """The step of the look with the highest score; 0 before any."""
        return max(self.looks, key=self.score).step if self.looks else 0

    def best(self) -> bytes | None:
        """The adapter of that look, if it was kept."""
        return self.scene.context.checkpoint(BEST) if self.looks else None

    def score(self, look: QualityLook) -> float:
        weight = self.early.diversity_weight if self.early else 1.0
        return look.fidelity + look.text_alignment + weight * look.diversity

    def _since_best(self) -> int:
        return sum(look.step > self.best_step for look in self.looks)

    def _work(self, step: int, data: bytes) -> dict[str, Any]:
        drawn = self._draw(data)
        images = [
            to_plain(ValidationImage(step, drawing.prompt, self.scene.kept(drawing, image)))
            for drawing, image in zip(self.scene.drawings(), drawn, strict=True)
        ]
        measured = self.early is not None and step % self.early.every == 0
        return {"images": images, "quality": to_plain(self._measure(step, drawn)) if measured else None}

    def _draw(self, data: bytes) -> list[Image.Image]:
        scene = self.scene
        guidance = GUIDANCE.get(scene.backbone.family, USUAL_GUIDANCE)
        sampling = Sampling(steps=STEPS, guidance=guidance, width=scene.side, height=scene.side)
        drawings = scene.drawings()
        size = scene.context.batch_size(len(drawings))
        with scene.backbone.adapted(data):
            return [
                image
                for first in range(0, len(drawings), size)
                for image in scene.backbone.draw(drawings[first : first + size], sampling, check=scene.context.check)
            ]

    def _measure(self, step: int, drawn: Sequence[Image.Image]) -> QualityLook:
        scene = self.scene
        photos = [scene.files.image(photo) for photo in scene.photos]
        with ExitStack() as stack:
            dino, clip = stack.enter_context(scene.models.dino()), stack.enter_context(scene.models.clip())
            seen, wanted = dino.images(drawn), dino.images(photos)
            aligned = (clip.images(drawn) * clip.texts(scene.prompts)).sum(axis=1).mean()
        return QualityLook(step, float((seen @ wanted.T).mean()), float(aligned), diversity(seen))


def diversity(rows: Embeddings) -> float:
    """1 minus the mean cosine between different unit rows; 0 for a single one."""
    count = len(rows)
    if count < 2:
        return 0.0
    cosines = rows @ rows.T
    return float(1 - (cosines.sum() - np.trace(cosines)) / (count * (count - 1)))
