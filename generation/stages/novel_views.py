"""Stage novel_views: frames of a video filmed from each photo, with what tells good ones from bad (paper 2.1.1).

A view that is nearly the photo itself teaches nothing, and one in which the product is broken teaches wrongly: both are
dropped, with their figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from generation.checkpoints.roles import Dino, Filming, Models, Segmenter, Video
from generation.context import StageContext
from generation.files import Files
from generation.finding import find_again
from generation.imaging import Mask, cut_out, resize_mask, share_of
from generation.memory import Room, perceivers, room
from generation.provenance import Origin, xmp
from generation.recipe import NovelViewsConfig
from generation.records import (
    NovelView,
    NovelViewsResult,
    PhotoMask,
    Picture,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)
from generation.seeds import seed_for

STAGE = "novel_views"
AT_ONCE = 16  # pictures in one pass of DINO


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    segment: SegmentResult
    seed: int
    model_set: str = ""


@dataclass(frozen=True)
class _Frame:
    number: int
    seed: int
    picture: Picture


def run(
    inputs: Inputs, config: NovelViewsConfig, models: Models, context: StageContext, files: Files
) -> NovelViewsResult:
    """Views of every photo whose product was found, `config.views` each, dropped ones among them."""
    photos = inputs.segment.found
    filmed = []
    with models.video() as video, room(video, "the filming of new views") as place:
        for done, photo in enumerate(photos):
            context.check()
            context.progress(done, 2 * len(photos), "photos filmed")
            film = partial(_film, _Filmed(photo, inputs, config), video, place, context, files)
            kept = context.step(f"film {photo.picture.sha256[:16]}", film)
            filmed.append([from_plain(_Frame, frame) for frame in kept])
    views: list[NovelView] = []
    size = context.batch_size(AT_ONCE)
    judged = perceivers("the judging of new views")
    with models.segmenter() as segmenter, models.dino() as dino:
        judge = _Judge(segmenter, dino, size, config, files)
        for done, (photo, frames) in enumerate(zip(photos, filmed, strict=True)):
            context.check()
            context.progress(len(photos) + done, 2 * len(photos), "photos' views judged")
            # Its mask is in the name: a person may have corrected it since.
            name = f"views of {photo.picture.sha256[:16]} mask {_mask_of(photo).sha256[:16]}"
            kept = context.step(name, partial(judged.work, size, partial(judge.views, photo, frames)))
            views += [from_plain(NovelView, view) for view in kept]
    context.progress(2 * len(photos), 2 * len(photos), "photos")
    return NovelViewsResult(tuple(views))


def frames_chosen(count: int, views: int) -> list[int]:
    """At most that many of `count` frames, at equal intervals, the last one among them and the first left out."""
    return sorted({round(place) for place in np.linspace(0, count - 1, views + 1)[1:]} - {0})


@dataclass(frozen=True)
class _Filmed:
    """What a film is made from."""

    photo: PhotoMask
    inputs: Inputs
    config: NovelViewsConfig


def _film(made: _Filmed, video: Video, place: Room, context: StageContext, files: Files) -> list[dict[str, Any]]:
    inputs, config, source = made.inputs, made.config, made.photo.picture
    filming = Filming(
        image=files.image(source),
        prompt=config.prompt.replace("{noun}", inputs.product.noun),
        frames=config.frames,
        steps=config.steps,
        guidance=config.guidance,
        seed=seed_for(inputs.seed, STAGE, source.sha256),
    )
    frames = place.work(1, lambda: video.film(filming, check=context.check))
    origin = Origin(
        filming.prompt,
        filming.seed,
        STAGE,
        model_set=inputs.model_set,
    )
    return [
        to_plain(_Frame(number, filming.seed, files.put_picture(frames[number], xmp=xmp(origin))))
        for number in frames_chosen(len(frames), config.views)
    ]


@dataclass(frozen=True)
class _Judge:
    """Compares views with their photo, by look and by area, the product alone as well."""

    segmenter: Segmenter
    dino: Dino
    size: int  # pictures in one pass
    config: NovelViewsConfig
    files: Files

    def views(self, photo: PhotoMask, frames: Sequence[_Frame]) -> list[dict[str, Any]]:
        source, reference = self.files.image(photo.picture), self.files.mask(_mask_of(photo))
        images = [self.files.image(frame.picture) for frame in frames]
        masks = [self._mask(image, reference) for image in images]
        likeness = self._cosines(source, images)
        cut = [cut_out(image, mask) for image, mask in zip(images, masks, strict=True) if mask is not None]
        likeness_cut = iter(self._cosines(cut_out(source, reference), cut))
        views = []
        for frame, mask, similarity in zip(frames, masks, likeness, strict=True):
            figures = _Figures(
                similarity=similarity,
                seg_similarity=0.0 if mask is None else next(likeness_cut),
                growth=0.0 if mask is None else share_of(mask) / share_of(reference),
            )
            views.append(to_plain(self._view(photo, frame, mask, figures)))
        return views

    def _view(self, photo: PhotoMask, frame: _Frame, mask: Mask | None, figures: "_Figures") -> NovelView:
        reason = reason_to_drop(figures, self.config, found=mask is not None)
        return NovelView(
            source=photo.picture,
            frame=frame.number,
            seed=frame.seed,
            picture=frame.picture,
            mask=None if mask is None else self.files.put_mask(mask),
            similarity=figures.similarity,
            seg_similarity=figures.seg_similarity,
            growth=figures.growth,
            kept=not reason,
            reason=reason,
        )

    def _mask(self, image: Image.Image, reference: Mask) -> Mask | None:
        found = find_again(self.segmenter, image, resize_mask(reference, image.size))
        return None if found is None else found.mask

    def _cosines(self, one: Image.Image, others: Sequence[Image.Image]) -> list[float]:
        if not others:
            return []
        images = [one, *others]
        passes = [images[start : start + self.size] for start in range(0, len(images), self.size)]
        rows = np.concatenate([self.dino.images(some) for some in passes])
        return [float(cosine) for cosine in rows[1:] @ rows[0]]


@dataclass(frozen=True)
class _Figures:
    similarity: float  # DINO-I to the photo
    seg_similarity: float  # the same between the cut-outs
    growth: float  # area over that of the photo's, as shares


def reason_to_drop(figures: _Figures, config: NovelViewsConfig, *, found: bool) -> str:
    """Why a view may not train, with the figure and its bound; empty for a good one."""
    if figures.similarity > config.nearest_source:
        return (
            f"It is nearly the photo itself: DINO similarity {figures.similarity:.3f}, over {config.nearest_source:g}."
        )
    if not found:
        return "The product was not found in it."
    if not config.smallest_growth <= figures.growth <= config.largest_growth:
        return (
            f"The product has {figures.growth:.2f} times its area in the photo, outside"
            f" {config.smallest_growth:g} to {config.largest_growth:g}."
        )
    if figures.seg_similarity < config.furthest_source:
        return (
            f"The product no longer looks itself: DINO similarity of the cut-outs {figures.seg_similarity:.3f}, under"
            f" {config.furthest_source:g}."
        )
    return ""


def _mask_of(photo: PhotoMask) -> Picture:
    if photo.mask is None:
        raise ValueError("A photo without a mask has no views; `SegmentResult.found` leaves them out.")
    return photo.mask
