"""Stages that do at once what real ones do slowly: for tests of what is around a stage. Real ones run in their own.

Each makes pictures of a few pixels from its inputs, so that other inputs give other pictures.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from generation import records
from generation.context import StageContext
from generation.files import Files
from generation.records import Picture, ProductFacts, TargetPrompt


def picture(files: Files, *parts: Any) -> Picture:
    """A picture of 8 by 8 pixels that the parts decide."""
    noise = np.frombuffer(hashlib.sha256(repr(parts).encode()).digest() * 6, dtype=np.uint8)
    return files.put_picture(Image.fromarray(noise.reshape(8, 8, 3)))


@dataclass(frozen=True)
class OfProduct:
    product: ProductFacts


@dataclass(frozen=True)
class Views:
    product: ProductFacts
    seed: int
    segment: records.SegmentResult


@dataclass(frozen=True)
class Contexts:
    product: ProductFacts
    seed: int
    prompts: tuple[str, ...]
    segment: records.SegmentResult
    novel_views: records.NovelViewsResult | None = None


@dataclass(frozen=True)
class Negatives:
    product: ProductFacts
    seed: int
    other_nouns: tuple[str, ...]
    caption: records.CaptionResult
    segment: records.SegmentResult
    new_contexts: records.NewContextsResult | None = None
    there: tuple[records.InClassImage, ...] = ()


@dataclass(frozen=True)
class Filter:
    product: ProductFacts
    segment: records.SegmentResult
    novel_views: records.NovelViewsResult | None = None
    new_contexts: records.NewContextsResult | None = None
    negatives: records.NegativesResult | None = None


@dataclass(frozen=True)
class OfType:
    noun: str
    seed: int


@dataclass(frozen=True)
class Finetune:
    product: ProductFacts
    seed: int
    caption: records.CaptionResult
    filter: records.FilterResult | None = None
    class_images: records.ClassImagesResult | None = None


@dataclass(frozen=True)
class Generate:
    product: ProductFacts
    targets: tuple[TargetPrompt, ...]
    segment: records.SegmentResult
    finetune: records.FinetuneResult | None = None


@dataclass(frozen=True)
class Measure:
    product: ProductFacts
    generate: records.GenerateResult
    segment: records.SegmentResult


@dataclass(frozen=True)
class Select:
    measure: records.MeasureResult
    order: records.Order | None = None


def _mask_of(photo: records.Photo, files: Files) -> dict[str, Any]:
    return records.to_plain(photo.mask or picture(files, "mask", photo.picture.sha256))


def segment(inputs: OfProduct, _config: Any, context: StageContext, files: Files) -> Any:
    masks = []
    for photo in inputs.product.photos:
        made = context.step(
            f"mask {photo.picture.sha256}",
            partial(_mask_of, photo, files),
        )
        mask = Picture(**made)
        masks.append(
            records.PhotoMask(photo.picture, mask, (0, 0, 4, 4), 0.25, 0.9, "person" if photo.mask else "automatic")
        )
        context.progress(len(masks), len(inputs.product.photos), "photos")
    return records.SegmentResult(tuple(masks))


def caption(inputs: OfProduct, _config: Any, _context: StageContext, _files: Files) -> Any:
    return records.CaptionResult(
        tuple(
            records.Caption(photo.picture, photo.caption or "A {product} in red.", "automatic")
            for photo in inputs.product.photos
        )
    )


def novel_views(inputs: Views, config: Any, _context: StageContext, files: Files) -> Any:
    return records.NovelViewsResult(
        tuple(
            records.NovelView(
                mask.picture, number, inputs.seed, picture(files, "view", mask.picture.key, number, inputs.seed),
                mask.mask, 0.9, 0.8, 1.0, number > 0, "" if number else "nearly the photo itself",
            )
            for mask in inputs.segment.found
            for number in range(config.views)
        )
    )  # fmt: skip


def new_contexts(inputs: Contexts, config: Any, _context: StageContext, files: Files) -> Any:
    made = []
    for mask in inputs.segment.found:
        for number in range(config.per_photo):
            text = inputs.prompts[number % len(inputs.prompts)]
            made.append(
                records.ContextImage(
                    mask.picture, mask.picture, text, inputs.seed,
                    picture(files, "context", mask.picture.key, text, number, inputs.seed), mask.mask or mask.picture,
                )
            )  # fmt: skip
    return records.NewContextsResult(tuple(made))


def negatives(inputs: Negatives, config: Any, _context: StageContext, files: Files) -> Any:
    nouns = inputs.other_nouns or ("thing",)
    made = [
        records.Negative(
            "counterfactual", mask.picture, f"a photo of a {noun}", inputs.seed, picture(files, "other", noun), noun
        )
        for mask in inputs.segment.found
        for noun in nouns[:2]
    ]
    there = {image.template: image for image in inputs.there}
    contexts = inputs.new_contexts.images if inputs.new_contexts and config.shared_per_prompt else ()
    for text, source in {context.template: context.source for context in contexts}.items():
        # The picture tells which product it was drawn for.
        drawn = there[text].picture if text in there else picture(files, "in-class", text, source.key)
        made.append(records.Negative("in-class", source, text, 0, drawn, template=text))
    return records.NegativesResult(tuple(made))


def filter_(inputs: Filter, _config: Any, _context: StageContext, _files: Files) -> Any:
    photos = [
        records.TrainingImage("photo", mask.picture, mask.picture, mask.mask, "A {product}.", {}, True)
        for mask in inputs.segment.found
    ]
    contexts = inputs.new_contexts.images if inputs.new_contexts else ()
    judged = [
        records.TrainingImage(
            "new-context", image.source, image.picture, image.mask, image.template, {"clip_i": 0.7, "iou": 0.9},
            number % 2 == 0, "" if number % 2 == 0 else "CLIP-I 0.7 is below 0.8",
        )
        for number, image in enumerate(contexts)
    ]  # fmt: skip
    return records.FilterResult((*photos, *judged))


def class_images(inputs: OfType, config: Any, _context: StageContext, files: Files) -> Any:
    return records.ClassImagesResult(
        tuple(
            records.ClassImage(f"a photo of a {inputs.noun}", number, picture(files, "class", inputs.noun, number))
            for number in range(config.class_images)
        )
    )


def finetune(inputs: Finetune, config: Any, context: StageContext, files: Files) -> Any:
    begun = context.checkpoint("trainer")
    context.keep_checkpoint("trainer", b"half way")
    context.show("Step 1: a photo", picture(files, "validation", inputs.seed))
    weights = repr((inputs.product, inputs.seed, config.rank, inputs.filter, "go")).encode()
    key, sha256 = files.put_data(weights, "safetensors")
    steps_saved = 1 if begun else 0
    return records.FinetuneResult(
        key, sha256, len(weights), "sks", config.rank, config.steps, steps_saved, 4, ((1, 0.5), (2, 0.25))
    )


def generate(inputs: Generate, _config: Any, _context: StageContext, files: Files) -> Any:
    weights = inputs.finetune.sha256 if inputs.finetune else ""
    images = [
        records.GeneratedImage(
            target.template, target.template.replace("{product}", f"sks {inputs.product.noun}"), target.seed,
            picture(files, "candidate", target.template, target.seed, weights),
            "shows blood" if number == 0 else "",
        )
        for number, target in enumerate(inputs.targets)
    ]  # fmt: skip
    return records.GenerateResult(tuple(images), "ddim", {"steps": 2})


def measure(inputs: Measure, _config: Any, _context: StageContext, files: Files) -> Any:
    key, _ = files.put_data(b"embeddings" + inputs.product.noun.encode(), "safetensors")
    metrics = []
    for image in inputs.generate.candidates:
        value = int(image.picture.sha256[:4], 16) / 65_536
        metrics.append(records.Metrics(image.picture, value, 0.2, 0.5, value, None, 0.4, None))
    return records.MeasureResult(tuple(metrics), key)


def select(inputs: Select, config: Any, _context: StageContext, _files: Files) -> Any:
    ranked = sorted(inputs.measure.metrics, key=lambda metrics: -metrics.total)
    return records.SelectResult(
        tuple(
            records.Choice(
                metrics.picture, metrics.total, place, place <= config.top and metrics.total >= config.least_sum
            )
            for place, metrics in enumerate(ranked, start=1)
        )
    )


STAND_INS: dict[str, tuple[type[Any], Callable[..., Any]]] = {
    "segment": (OfProduct, segment),
    "caption": (OfProduct, caption),
    "novel_views": (Views, novel_views),
    "new_contexts": (Contexts, new_contexts),
    "negatives": (Negatives, negatives),
    "filter": (Filter, filter_),
    "class_images": (OfType, class_images),
    "finetune": (Finetune, finetune),
    "generate": (Generate, generate),
    "measure": (Measure, measure),
    "select": (Select, select),
}


class Workshop:
    """Which stages ran for what, in order; and trouble that a test makes: `trouble["filter"] = an error to raise`."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.groups: list[int] = []  # how many adapters each call trained
        self.trouble: dict[str, Exception] = {}

    def code(self, stage: Any) -> Any:
        """In place of the stage's module."""
        inputs, work = STAND_INS[stage.name]

        def run(given: Any, config: Any, _models: Any, context: StageContext, files: Files) -> Any:
            if stage.name in self.trouble:
                raise self.trouble[stage.name]
            self.ran.append(stage.name)
            return work(given, config, context, files)

        def run_group(given: Any, config: Any, models: Any, contexts: Any, files: Files) -> list[Any]:
            self.groups.append(len(given))
            return [run(one, config, models, context, files) for one, context in zip(given, contexts, strict=True)]

        return SimpleNamespace(Inputs=inputs, run=run, run_group=run_group)
