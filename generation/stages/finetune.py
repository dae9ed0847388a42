"""Stage finetune: a LoRA per product (paper 2.4), on a base that stays warm, alone or several products in one pass.

Positives are said with `<token> <noun>`, negatives in plain words. DreamBooth's baseline is the same code with a recipe
of photos only, class images and their loss.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Any

from generation.captioning import WORDLESS, worded
from generation.checkpoints.roles import Backbone, Models
from generation.context import StageContext
from generation.exceptions import NotPossible, TrainingDiverged
from generation.files import Files
from generation.recipe import FinetuneConfig, TokenSweep
from generation.records import (
    CaptionResult,
    ClassImagesResult,
    FilterResult,
    FinetuneResult,
    ProductFacts,
    SegmentResult,
    TokenScore,
    TrainingImage,
    from_plain,
    to_plain,
)
from generation.seeds import seed_for
from generation.training.adapters import export, labelled
from generation.training.denoisers import Denoiser, denoiser_of
from generation.training.lessons import AT_ONCE, Sample
from generation.training.loop import Trained, Trainer, TrainingTask, resident
from generation.training.sweep import Sweep
from generation.training.tokens import candidates, refusal
from generation.training.validation import Looks, Scene, held_out_loss

# Where the bank gave no prompts: places unlike those of catalogue photos, to see whether the product came along.
PLACES = (
    f"{WORDLESS} on a wooden table by a window",
    f"{WORDLESS} on grass in a park, in the evening sun",
    f"{WORDLESS} on a shelf among books",
    f"{WORDLESS} on a stone floor, seen from above",
)
VALIDATION_PROMPTS = 2  # without early stopping, which says its own number
# What is saved when memory runs out, one thing more each time, before fewer products and then fewer images of a
# product's batch share a pass: gradient checkpointing, and on these devices what is idle waits on the CPU.
SAVINGS = {"cuda": 2}
HELD_OUT = 5  # one positive in so many is kept from the sweep, to score tokens on


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    seed: int
    segment: SegmentResult
    caption: CaptionResult | None = None
    filter: FilterResult | None = None
    class_images: ClassImagesResult | None = None
    prompts: tuple[str, ...] = ()
    other_nouns: tuple[str, ...] = ()
    model_set: str = ""  # for the validation images' files


def run(inputs: Inputs, config: FinetuneConfig, models: Models, context: StageContext, files: Files) -> FinetuneResult:
    """Train one product's adapter.

    Raises NotPossible for a token or a size that cannot be, NotEnoughImages without any image, and TrainingDiverged
    when the loss is no number any more.
    """
    result = run_group([inputs], config, models, [context], files)[0]
    if isinstance(result, TrainingDiverged):
        raise result
    return result


def run_group(
    inputs: Sequence[Inputs],
    config: FinetuneConfig,
    models: Models,
    contexts: Sequence[StageContext],
    files: Files,
) -> list[FinetuneResult | TrainingDiverged]:
    """Train the adapters of several products with one recipe in shared passes; each has its own context.

    Where one product's loss is no number, that is in its place, and the others go on. All else is raised for all.
    """
    with models.base() as backbone:
        denoiser = denoiser_of(backbone)
        savings = SAVINGS.get(denoiser.device.type, 1)
        most = len(inputs) * config.batch << savings  # images
        room = min(context.batch_size(most) for context in contexts)
        config = replace(config, gradient_checkpointing=config.gradient_checkpointing or room < most)
        spares = savings > 1 and room < most // 2
        together, passes = max(room // config.batch, 1), ceil(config.batch / room)
        trainer = Trainer(
            denoiser,
            files,
            _side(config, backbone, denoiser),
            spares=spares,
            passes=passes,
            at_once=min(context.batch_size(AT_ONCE) for context in contexts),
        )
        students = [
            _Student(one, config, trainer, models, backbone, context)
            for one, context in zip(inputs, contexts, strict=True)
        ]
        results: list[FinetuneResult | TrainingDiverged] = []
        for first in range(0, len(students), together):
            few = students[first : first + together]
            outcomes = trainer.train(config, [student.task for student in few])
            results += [student.result(outcome) for student, outcome in zip(few, outcomes, strict=True)]
    return results


def _side(config: FinetuneConfig, backbone: Backbone, denoiser: Denoiser) -> int:
    side = config.size or backbone.side
    if side % denoiser.multiple:
        raise NotPossible(f"finetune.size is {side} pixels, which does not divide by {denoiser.multiple}; change it.")
    return side


@dataclass(frozen=True)
class _Words:
    """How one product's images are said to that base, which reads no more of a text than it can."""

    token: str
    noun: str
    backbone: Backbone

    def of(self, text: str, positive: bool) -> str:
        subject = f"{self.token} {self.noun}" if positive else self.noun
        return worded(text, subject, self.backbone)


class _Student:
    """One product: what it learns from, under which token, and what comes of it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the stage's own arguments
        self,
        inputs: Inputs,
        config: FinetuneConfig,
        trainer: Trainer,
        models: Models,
        backbone: Backbone,
        context: StageContext,
    ) -> None:
        self._inputs, self._config, self._trainer = inputs, config, trainer
        self._models, self._backbone, self._context = models, backbone, context
        self._images = training_images(inputs)
        self.seed = seed_for(inputs.seed, "finetune", inputs.product.title)
        self._sweep = self.token_scores()
        self._words = _Words(config.token or self._sweep[0].token, inputs.product.noun, backbone)
        self._looks = self._make_looks()
        watched = bool(config.validate_every or config.early_stop)
        task = self.task_for(self._words.token, self._images)
        self.task = replace(task, name="training", watch=self._looks if watched else None)

    def task_for(self, token: str, images: Sequence[TrainingImage]) -> TrainingTask:
        """The task of learning these images under that token."""
        return TrainingTask(
            seed=self.seed,
            samples=self.samples(token, images),
            context=self._context,
            prior=self._prior(),
            name=f"sweep {token}",
        )

    def samples(self, token: str, images: Sequence[TrainingImage]) -> tuple[Sample, ...]:
        words = _Words(token, self._inputs.product.noun, self._backbone)
        return tuple(Sample(image.picture, words.of(image.text, image.positive), image.mask) for image in images)

    def _prior(self) -> tuple[Sample, ...]:
        made = self._inputs.class_images
        if made is None or not self._config.prior_weight:
            return ()
        return tuple(Sample(image.picture, image.prompt) for image in made.images)

    def sweep(self, sweep: TokenSweep) -> list[TokenScore]:
        """Scores of candidate tokens, best first, then those that were refused."""
        product = self._inputs.product
        refuse = partial(refusal, noun=product.noun, title=product.title, nouns=self._inputs.other_nouns)
        tokens, refused = candidates(sweep.candidates, self.seed, refuse)
        if len(tokens) <= 1:
            return [TokenScore(token, None, 0) for token in tokens] + refused
        taught, held = split(self._images)
        config = replace(self._config, schedule="constant", warmup=0)

        def judge(outcomes: Sequence[Trained], tasks: Sequence[TrainingTask]) -> list[float]:
            kept = [self.samples(task.name.removeprefix("sweep "), held) for task in tasks]
            return [-loss for loss in held_out_loss(self._trainer, config, outcomes, kept)]

        room = max(self._context.batch_size(2 * len(tokens) * config.batch) // config.batch, 1)
        runs = Sweep(self._trainer, config, lambda token: self.task_for(token, taught), judge, room)
        return runs.run(tokens, sweep.steps) + refused

    def token_scores(self) -> list[TokenScore]:
        """The sweep's, kept once done; a token that a person gave is checked only. Raises NotPossible for a bad one."""
        product, config = self._inputs.product, self._config
        if config.token:
            reason = refusal(config.token, noun=product.noun, title=product.title, nouns=self._inputs.other_nouns)
            if reason:
                raise NotPossible(reason)
            return []
        sweep = config.sweep or TokenSweep(candidates=1)
        kept = self._context.step("token", lambda: [to_plain(score) for score in self.sweep(sweep)])
        return [from_plain(TokenScore, score) for score in kept]

    def _make_looks(self) -> Looks:
        early = self._config.early_stop
        count = early.prompts if early else VALIDATION_PROMPTS
        templates = (self._inputs.prompts or PLACES)[:count]
        scene = Scene(
            self._backbone,
            self._models,
            self._trainer.files,
            self._context,
            tuple(self._words.of(template, positive=True) for template in templates),
            tuple(photo.picture for photo in self._inputs.segment.found),
            self.seed,
            self._trainer.side,
            self._inputs.model_set,
        )
        return Looks(scene, self._export, self._config.validate_every, early)

    def _export(self, row: Any) -> bytes:
        denoiser = self._trainer.denoiser
        half = str(denoiser.dtype) != "torch.float32"
        return export(resident(denoiser, self._config), row, self._metadata(), half=half)

    def result(self, outcome: Trained | TrainingDiverged) -> FinetuneResult | TrainingDiverged:
        """Store what was trained, or the best that was seen on the way, and tell about it."""
        if isinstance(outcome, TrainingDiverged):
            return outcome
        config, looks = self._config, self._looks
        best = looks.best() if config.early_stop else None
        steps = outcome.steps if best is None else looks.best_step
        look = next((to_plain(one) for one in looks.looks if one.step == steps), {})
        told = {"steps": str(steps), "metrics": json.dumps(look, sort_keys=True)}
        data = labelled(self._export(outcome.row) if best is None else best, told)
        key, sha256 = self._trainer.files.put_data(data, "safetensors")
        return FinetuneResult(
            adapter=key,
            sha256=sha256,
            bytes=len(data),
            token=self._words.token,
            rank=config.rank,
            steps=steps,
            steps_saved=config.steps - outcome.steps,
            images=len(self._images),
            loss=outcome.losses,
            validation=tuple(looks.images),
            sweep=tuple(self._sweep),
            looks=tuple(looks.looks),
        )

    def _metadata(self) -> dict[str, str]:
        """What a file must tell of itself when it is found far from here."""
        config = self._config
        plain = {name: getattr(config, name) for name in ("rank", "learning_rate", "batch", "steps", "rank_stabilised")}
        return {
            "base": self._backbone.family,
            **_origin(self._models),
            "data_sha256": _data_hash(self._images),
            "token": self._words.token,
            "noun": self._words.noun,
            "rank": str(config.rank),
            # The trained scale is in the weights, so to loaders alpha is the rank.
            "alpha": str(config.rank),
            "trained_alpha": str(config.alpha if config.alpha is not None else config.rank),
            "training": json.dumps(plain, sort_keys=True),
            "seed": str(self._inputs.seed),
        }


def training_images(inputs: Inputs) -> tuple[TrainingImage, ...]:
    """What is learnt from: what the filter kept or, without one, the photos in which a product was found."""
    if inputs.filter is not None:
        return inputs.filter.kept
    captions = {} if inputs.caption is None else {one.picture.key: one.template for one in inputs.caption.captions}
    return tuple(
        TrainingImage(
            "photo", found.picture, found.picture, found.mask, captions.get(found.picture.key, WORDLESS), {}, True
        )
        for found in inputs.segment.found
    )


def split(images: Sequence[TrainingImage]) -> tuple[list[TrainingImage], list[TrainingImage]]:
    """Images to try tokens with, and positives kept aside to score them on; few images are both."""
    positives = sorted((image for image in images if image.positive), key=lambda image: image.picture.sha256)
    held = positives[: len(positives) // HELD_OUT]
    if not held:
        return list(images), positives
    return [image for image in images if image not in held], held


def _data_hash(images: Sequence[TrainingImage]) -> str:
    told = [[image.picture.sha256, image.text] for image in images]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _origin(models: Models) -> dict[str, str]:
    """The base's hub id, revision and licence, where the models come from a set."""
    model_set: Any = getattr(models, "model_set", None)
    if model_set is None:
        return {}
    entry = model_set.entry("base")
    return {"base": entry.repo or entry.path.name, "base_revision": entry.revision, "licence": entry.licence}
