"""Stage measure: the six metrics of the paper's Table 2 for each candidate, and its embeddings for the ranker.

The product in a candidate is found by the segmenter's automatic prompts; of what they bring up, the cut-out that CLIP
finds most like the product's noun is taken. Never the one most like the photos: that is what Seg CLIP-I and Seg DINO-I
measure, and the best of several would flatter the very images in which the product went wrong. Seg CLIP-T, whose
prompt names the noun, is the only one that this choice can lift. A background swap says itself where it put the
product.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import load, save

from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.files import Files
from generation.finding import guesses_in
from generation.imaging import Mask, cut_out
from generation.memory import perceivers
from generation.metrics import Looks, Rows, Table, six_metrics
from generation.nouns import photo_of
from generation.prompting import distinct, ranked, stands_out
from generation.recipe import MeasureConfig, SegmentConfig
from generation.records import (
    PLACEHOLDER,
    GeneratedImage,
    GenerateResult,
    MeasureResult,
    Metrics,
    Picture,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)

GUESSES = 4  # cut-outs of a candidate that CLIP compares with the noun
NOUN_WEIGHT = 8.0  # points for a cosine of 1: 0.05 between two cut-outs, much for CLIP, weighs as 0.4 of the score
ROWS = ("clip", "dino", "seg_clip", "seg_dino", "prompt")


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    segment: SegmentResult
    generate: GenerateResult


def run(inputs: Inputs, config: MeasureConfig, models: Models, context: StageContext, files: Files) -> MeasureResult:
    """Metrics in the order of the candidates. Memory holds one batch of pictures, and all embeddings at the end."""
    candidates = inputs.generate.candidates
    size = context.batch_size(config.batch)
    measuring = Measuring(inputs, size, models, context, files)
    place = perceivers("the measuring of candidates")
    metrics: list[Metrics] = []
    names = []
    for start in range(0, len(candidates), size):
        context.check()
        context.progress(start, len(candidates), "images")
        batch = candidates[start : start + size]
        names.append(_name(batch))
        work = partial(measuring.measure, batch, names[-1])
        plain = context.step(names[-1], partial(place.work, size, work))
        metrics += [from_plain(Metrics, each) for each in plain]
    context.progress(len(candidates), len(candidates), "images")
    return MeasureResult(tuple(metrics), measuring.kept(names))


class Measuring:
    """One run of the stage. What photos and prompts look like is computed once, and only if a batch needs it.

    `size` bounds each pass of a model, cut-outs, texts and photos included.
    """

    def __init__(self, inputs: Inputs, size: int, models: Models, context: StageContext, files: Files) -> None:
        self.inputs, self.size, self.models, self.context, self.files = inputs, size, models, context, files

    def measure(self, batch: Sequence[GeneratedImage], name: str) -> list[dict[str, Any]]:
        """The metrics of a batch, as JSON; its embeddings are kept as a checkpoint of that name."""
        metrics, embeddings = self._measured(batch)
        self.context.keep_checkpoint(name, embeddings)
        return metrics

    def _measured(self, batch: Sequence[GeneratedImage]) -> tuple[list[dict[str, Any]], bytes]:
        images = [self.files.image(candidate.picture) for candidate in batch]
        masks = self._masks(batch, images)
        cuts = [cut_out(image, mask) if mask is not None else None for image, mask in zip(images, masks, strict=True)]
        looks = self._looks(images, cuts)
        prompts = np.stack([self._prompts[candidate.template] for candidate in batch])
        table = six_metrics(looks, prompts, self.photos)
        parts = {**vars(looks), "prompt": prompts}
        metrics = [
            to_plain(_metrics(candidate, table, place, self._put(masks[place])))
            for place, candidate in enumerate(batch)
        ]
        return metrics, save({row: parts[row].astype(np.float16) for row in ROWS})

    def kept(self, names: Sequence[str]) -> str:
        """All embeddings in one safetensors file, float16; returns its key."""
        parts = [load(self._part(place, name)) for place, name in enumerate(names)]
        photos = {f"photo_{name}": rows.astype(np.float16) for name, rows in vars(self.photos).items()}
        rows = {row: np.concatenate([part[row] for part in parts]) for row in ROWS if parts}
        return self.files.put_data(save({**rows, **photos}), "safetensors")[0]

    def _part(self, place: int, name: str) -> bytes:
        """The embeddings of a batch as they were kept; computed anew where its step was done and they are gone."""
        part = self.context.checkpoint(name)
        if part is None:
            batch = self.inputs.generate.candidates[place * self.size : (place + 1) * self.size]
            part = self._measured(batch)[1]
        return part

    @cached_property
    def photos(self) -> Looks:
        """The product's photos, whole and cut out; zeros where none was found."""
        found = {mask.picture.sha256: mask.mask for mask in self.inputs.segment.masks}
        photos = self.inputs.product.photos
        looks = []
        # A batch at a time: photos may be large, and a product may have dozens.
        for start in range(0, len(photos), self.size):
            images, cuts = [], []
            for photo in photos[start : start + self.size]:
                mask = found.get(photo.picture.sha256)
                images.append(self.files.image(photo.picture))
                cuts.append(cut_out(images[-1], self.files.mask(mask)) if mask else None)
            looks.append(self._looks(images, cuts))
        return Looks(*(np.concatenate([getattr(look, name) for look in looks]) for name in ROWS[:4]))

    @cached_property
    def _prompts(self) -> dict[str, Rows]:
        """Each different prompt's row, by its template. The noun alone stands for the product: CLIP knows no token."""
        templates = list(dict.fromkeys(candidate.template for candidate in self.inputs.generate.candidates))
        noun = self.inputs.product.noun
        with self.models.clip() as clip:
            rows = self._rows(clip.texts, [template.replace(PLACEHOLDER, noun) for template in templates])
        return dict(zip(templates, rows, strict=True))

    @cached_property
    def _noun(self) -> Rows:
        with self.models.clip() as clip:
            rows = clip.texts([photo_of(self.inputs.product.noun)])
        return np.asarray(rows[0], np.float32)

    def _masks(self, batch: Sequence[GeneratedImage], images: Sequence[Image.Image]) -> list[Mask | None]:
        """Where the product is in each, or None: as is known of a swap, and else as it is found."""
        masks = [self.files.mask(candidate.mask) if candidate.mask else None for candidate in batch]
        unknown = [image for image, mask in zip(images, masks, strict=True) if mask is None]
        found = iter(self._found(unknown) if unknown else [])
        return [next(found) if mask is None else mask for mask in masks]

    def _found(self, images: Sequence[Image.Image]) -> list[Mask | None]:
        """Where the product is found in each, or None."""
        shares = (SegmentConfig().smallest_share, SegmentConfig().largest_share)
        found = []
        with self.models.segmenter() as segmenter:
            for image, embedding in zip(images, segmenter.embed_all(images), strict=True):
                guessed = stands_out(image)
                guesses = guesses_in(segmenter, image, guessed, embedding=embedding)
                found.append(distinct(ranked(guesses, guessed, shares), GUESSES))
        cuts = [cut_out(image, guess.mask) for image, some in zip(images, found, strict=True) for guess, _ in some]
        with self.models.clip() as clip:
            likeness = iter((self._rows(clip.images, cuts) @ self._noun).tolist() if cuts else [])
        masks: list[Mask | None] = []
        for some in found:
            scored = [(points + NOUN_WEIGHT * next(likeness), guess.mask) for guess, points in some]
            masks.append(max(scored, key=lambda one: one[0])[1] if scored else None)
        return masks

    def _looks(self, images: Sequence[Image.Image], cuts: Sequence[Image.Image | None]) -> Looks:
        there = [cut for cut in cuts if cut is not None]
        with self.models.clip() as clip:
            clip_rows = self._rows(clip.images, [*images, *there])
        with self.models.dino() as dino:
            dino_rows = self._rows(dino.images, [*images, *there])
        places = [place for place, cut in enumerate(cuts) if cut is not None]
        return Looks(
            clip_rows[: len(images)],
            dino_rows[: len(images)],
            _spread(clip_rows[len(images) :], places, len(images)),
            _spread(dino_rows[len(images) :], places, len(images)),
        )

    def _rows(self, embed: Callable[[Sequence[Any]], Rows], things: Sequence[Any]) -> Rows:
        """The rows of pictures or texts, as many in a pass as a batch has."""
        return np.concatenate([embed(things[start : start + self.size]) for start in range(0, len(things), self.size)])

    def _put(self, mask: Mask | None) -> Picture | None:
        return None if mask is None else self.files.put_mask(mask)


def _metrics(candidate: GeneratedImage, table: Table, place: int, mask: Picture | None) -> Metrics:
    found = mask is not None and not np.isnan(table.seg_clip_i[place])
    return Metrics(
        picture=candidate.picture,
        clip_i=float(table.clip_i[place]),
        clip_t=float(table.clip_t[place]),
        dino_i=float(table.dino_i[place]),
        seg_clip_i=float(table.seg_clip_i[place]) if found else None,
        seg_clip_t=float(table.seg_clip_t[place]) if found else None,
        seg_dino_i=float(table.seg_dino_i[place]) if found else None,
        mask=mask,
    )


def _spread(rows: Rows, places: Sequence[int], count: int) -> Rows:
    """(count, d) with the rows at their places and zeros elsewhere."""
    spread = np.zeros((count, rows.shape[1]), np.float32)
    spread[list(places)] = rows
    return spread


def _name(batch: Sequence[GeneratedImage]) -> str:
    told = " ".join(f"{candidate.picture.sha256} {candidate.template}" for candidate in batch)
    return f"measure {hashlib.sha256(told.encode()).hexdigest()[:16]}"
