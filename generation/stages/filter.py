"""Stage filter: which of the new images may train (paper 2.3); every drop has its figures and a plain reason.

Positives are measured as candidates are (`generation.metrics`): CLIP-I and segmented CLIP-I as means over the product's
photos, CLIP-T with the image's own text. New contexts show the product's mask anew: found where the reference is, it
must still overlap it. Of each photo's images the best by the sum stay. Negatives that look like the product go.
Last, positives and negatives are brought to the ratio that the recipe asks for; the photos themselves always stay.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from PIL import Image

from generation.captioning import WORDLESS
from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.files import Files
from generation.finding import find_again
from generation.imaging import Mask, cut_out, iou, resize_mask
from generation.judging import Judged, judged, kept_best, ratio_held
from generation.memory import perceivers
from generation.metrics import Rows, to_photos, to_prompts
from generation.recipe import FilterConfig
from generation.records import (
    PLACEHOLDER,
    CaptionResult,
    FilterResult,
    Kind,
    NegativesResult,
    NewContextsResult,
    NovelViewsResult,
    Picture,
    ProductFacts,
    SegmentResult,
    TrainingImage,
)

AT_ONCE = 16  # images in one pass


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    segment: SegmentResult
    caption: CaptionResult | None = None
    novel_views: NovelViewsResult | None = None
    new_contexts: NewContextsResult | None = None
    negatives: NegativesResult | None = None


@dataclass(frozen=True)
class Made:
    """One new image to be judged. `mask` is the product's, or where a counterfactual has something else."""

    kind: Kind
    source: Picture
    picture: Picture
    mask: Picture | None
    text: str


def run(inputs: Inputs, config: FilterConfig, models: Models, context: StageContext, files: Files) -> FilterResult:
    """The photos, then every new image with its scores, kept or with the reason why not."""
    judging = Judging(inputs, models, files)
    made = judging.made()
    size = context.batch_size(AT_ONCE)
    place = perceivers("the judging of training images")
    images: list[Judged] = []
    for start in range(0, len(made), size):
        context.check()
        context.progress(start, len(made), "images")
        batch = made[start : start + size]
        scores = context.step(_name(batch), partial(place.work, size, partial(judging.scores, batch)))
        images += [judged(_training(one, its), config) for one, its in zip(batch, scores, strict=True)]
    context.progress(len(made), len(made), "images")
    images = kept_best(images, config.kept_share)
    ratio = inputs.negatives.positives_per_negative if inputs.negatives else None
    held = ratio_held([*map(Judged, judging.originals()), *images], ratio)
    return FilterResult(tuple(one.image for one in held))


class Judging:
    """One run of the stage. What the photos look like is computed once, and only if an image needs it."""

    def __init__(self, inputs: Inputs, models: Models, files: Files) -> None:
        self.inputs, self.models, self.files = inputs, models, files

    def originals(self) -> list[TrainingImage]:
        """The photos, which nobody doubts."""
        masks = self._reference_masks
        return [
            TrainingImage(
                "photo",
                photo.picture,
                photo.picture,
                masks.get(photo.picture.sha256),
                self._captions[photo.picture.sha256],
                {},
                True,
            )
            for photo in self.inputs.product.photos
        ]

    def made(self) -> list[Made]:
        """All new images: views that their stage kept, contexts, negatives."""
        inputs, captions, masks = self.inputs, self._captions, self._reference_masks
        made: list[Made] = []
        for view in inputs.novel_views.views if inputs.novel_views else ():
            if view.kept:
                text = captions.get(view.source.sha256, WORDLESS)
                made.append(Made("novel-view", view.source, view.picture, view.mask, text))
        contexts = inputs.new_contexts.images if inputs.new_contexts else ()
        made += [Made("new-context", one.source, one.picture, one.mask, one.template) for one in contexts]
        for negative in inputs.negatives.images if inputs.negatives else ():
            mask = masks.get(negative.source.sha256) if negative.kind == "counterfactual" else None
            made.append(Made(negative.kind, negative.source, negative.picture, mask, negative.prompt))
        return made

    def scores(self, batch: Sequence[Made]) -> list[dict[str, float]]:
        """clip_i and clip_t of each, seg_clip_i where it has a mask, iou for new contexts."""
        images = [self.files.image(one.picture) for one in batch]
        masks = [
            resize_mask(self.files.mask(one.mask), image.size) if one.mask else None
            for one, image in zip(batch, images, strict=True)
        ]
        cut = {place: mask for place, mask in enumerate(masks) if mask is not None and mask.any()}
        cuts = [cut_out(images[place], mask) for place, mask in cut.items()]
        with self.models.clip() as clip:
            rows = clip.images([*images, *cuts])
            texts = clip.texts([one.text.replace(PLACEHOLDER, self.inputs.product.noun) for one in batch])
        whole = rows[: len(images)]
        found = [
            {"clip_i": float(clip_i), "clip_t": float(clip_t)}
            for clip_i, clip_t in zip(to_photos(whole, self._photos), to_prompts(whole, texts), strict=True)
        ]
        if cuts:
            for place, value in zip(cut, to_photos(rows[len(images) :], self._photo_cuts), strict=True):
                found[place]["seg_clip_i"] = float(value)
        again = [place for place in cut if batch[place].kind == "new-context"]
        for place, value in zip(again, self._overlaps([(images[place], cut[place]) for place in again]), strict=True):
            found[place]["iou"] = value
        return found

    def _overlaps(self, contexts: Sequence[tuple[Image.Image, Mask]]) -> list[float]:
        """IoU of the product's mask, found anew in each picture, with its reference."""
        if not contexts:
            return []
        overlaps = []
        with self.models.segmenter() as segmenter:
            embeddings = segmenter.embed_all([image for image, _ in contexts])
            for (image, reference), embedding in zip(contexts, embeddings, strict=True):
                again = find_again(segmenter, image, reference, embedding=embedding)
                overlaps.append(iou(again.mask, reference) if again else 0.0)
        return overlaps

    @cached_property
    def _captions(self) -> dict[str, str]:
        plain = {photo.picture.sha256: WORDLESS for photo in self.inputs.product.photos}
        told = self.inputs.caption.captions if self.inputs.caption else ()
        return plain | {caption.picture.sha256: caption.template for caption in told}

    @cached_property
    def _reference_masks(self) -> dict[str, Picture]:
        return {found.picture.sha256: found.mask for found in self.inputs.segment.masks if found.mask}

    @cached_property
    def _photos(self) -> Rows:
        """One at a time: photos may be large, and there are few."""
        photos = self.inputs.product.photos
        with self.models.clip() as clip:
            return np.concatenate([clip.images([self.files.image(photo.picture)]) for photo in photos])

    @cached_property
    def _photo_cuts(self) -> Rows:
        found = [(mask.picture, mask.mask) for mask in self.inputs.segment.masks if mask.mask]
        with self.models.clip() as clip:
            return np.concatenate(
                [clip.images([cut_out(self.files.image(photo), self.files.mask(mask))]) for photo, mask in found]
            )


def _training(made: Made, scores: dict[str, float]) -> TrainingImage:
    return TrainingImage(made.kind, made.source, made.picture, made.mask, made.text, scores, True)


def _name(batch: Sequence[Made]) -> str:
    told = " ".join(f"{one.kind} {one.picture.sha256} {one.text}" for one in batch)
    return f"judge {hashlib.sha256(told.encode()).hexdigest()[:16]}"
