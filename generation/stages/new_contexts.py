"""Stage new_contexts: photos and their kept views with everything but the product outpainted (paper 2.1.2).

The product's own pixels are put back over what the inpainter made of them, exactly; over a few pixels outside its mask
its colours run out into the new place, so that neither a seam nor a halo shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from generation.batches import Batches
from generation.captioning import worded
from generation.checkpoints.roles import Filling, Inpainter, Models, Sampling
from generation.context import StageContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.imaging import Mask, canvas_for, composite, letterbox, soft_edge
from generation.provenance import Origin, xmp
from generation.recipe import NewContextsConfig
from generation.records import (
    ContextImage,
    NewContextsResult,
    NovelViewsResult,
    Picture,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)
from generation.seeds import seed_for

STAGE = "new_contexts"


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    segment: SegmentResult
    prompts: tuple[str, ...]  # templates of the bank, in this product's order
    seed: int
    novel_views: NovelViewsResult | None = None
    model_set: str = ""


@dataclass(frozen=True)
class Place:
    """One image to make: where the product is from, and where it goes."""

    source: Picture
    made_from: Picture
    mask: Picture
    template: str
    seed: int

    @property
    def name(self) -> str:
        words = sha256(self.template.encode()).hexdigest()
        return f"{self.made_from.sha256[:16]} mask {self.mask.sha256[:16]} seed {self.seed} words {words[:16]}"


def run(
    inputs: Inputs, config: NewContextsConfig, models: Models, context: StageContext, files: Files
) -> NewContextsResult:
    """`per_photo` new contexts of each photo and `per_view` of each kept view.

    Prompts go around without repeats as long as the bank has enough. Raises NotPossible for an empty bank.
    """
    places = places_for(inputs, config)
    with models.inpainter() as inpainter:
        make = _Maker(inputs, config, inpainter, context, files).make
        batches = Batches(context, inpainter, "the outpainting of new contexts")
        kept = batches.of(places, lambda place: place.name, make)
    return NewContextsResult(tuple(from_plain(ContextImage, image) for image in kept))


def places_for(inputs: Inputs, config: NewContextsConfig) -> list[Place]:
    """Everything that is to be made, in order: photos first, then views. Raises NotPossible for an empty bank."""
    if not inputs.prompts:
        raise NotPossible(
            f"The prompt bank has no approved prompt for {inputs.product.noun}; approve some on the page of prompts, or"
            " turn the stage new_contexts off."
        )
    photos = [(photo.picture, photo.picture, photo.mask, config.per_photo) for photo in inputs.segment.found]
    views = inputs.novel_views.views if inputs.novel_views else ()
    kept = [(view.source, view.picture, view.mask, config.per_view) for view in views if view.kept]
    places: list[Place] = []
    for source, made_from, mask, count in photos + kept:
        if mask is None:
            continue
        for number in range(count):
            template = inputs.prompts[len(places) % len(inputs.prompts)]
            seed = seed_for(inputs.seed, STAGE, f"{made_from.sha256} {number}")
            places.append(Place(source, made_from, mask, template, seed))
    return places


def edges_carried_on(image: Image.Image, mask: Mask) -> Image.Image:
    """The picture with every pixel outside the mask in the colour of the nearest one inside.

    What is blended at the edge is then the product and its new place; the old ground would show as a halo.
    """
    if not mask.any():
        return image
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return Image.fromarray(np.asarray(image)[tuple(nearest)])


@dataclass(frozen=True)
class _Maker:
    inputs: Inputs
    config: NewContextsConfig
    inpainter: Inpainter
    context: StageContext
    files: Files

    def make(self, places: Sequence[Place]) -> list[dict[str, Any]]:
        laid = [self._filling(place) for place in places]
        sampling = Sampling(self.config.steps, self.config.guidance)
        filled = self.inpainter.fill(laid, sampling, check=self.context.check)
        made = []
        for place, filling, image in zip(places, laid, filled, strict=True):
            mask = ~filling.mask
            front = edges_carried_on(filling.image, mask)
            whole = composite(front, image, soft_edge(mask, self.config.soft_edge))
            made.append(
                ContextImage(
                    source=place.source,
                    made_from=place.made_from,
                    template=place.template,
                    seed=place.seed,
                    picture=self.files.put_picture(whole, xmp=xmp(self._origin(filling))),
                    mask=self.files.put_mask(mask),
                )
            )
        return [to_plain(image) for image in made]

    def _filling(self, place: Place) -> Filling:
        image, mask = self.files.image(place.made_from), self.files.mask(place.mask)
        canvas = canvas_for(image.size, self.config.size or self.inpainter.side, self.inpainter.multiple)
        laid = letterbox(image.size, canvas)
        prompt = worded(place.template, self.inputs.product.noun, self.inpainter)
        return Filling(laid.image(image), ~laid.mask(mask), prompt, place.seed)

    def _origin(self, filling: Filling) -> Origin:
        told = self.inputs
        return Origin(
            filling.prompt,
            filling.seed,
            STAGE,
            keeps_pixels=True,
            model_set=told.model_set,
        )
