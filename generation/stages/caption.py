"""Stage caption: each photo in words (paper 2.2), stored so that the product's noun can become `<token> <noun>`.

One that a person wrote, or that came with the photo, wins. What the captioner says of a photo is kept as it is in the
step; the template is made from it anew each time, so that a better rule needs no model.
"""

import hashlib
from dataclasses import dataclass
from functools import partial

from generation.captioning import as_template, shortened
from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.files import Files
from generation.memory import perceivers
from generation.recipe import CaptionConfig
from generation.records import Caption, CaptionResult, Photo, ProductFacts

AT_ONCE = 8  # photos in one pass of the captioner


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts


def run(inputs: Inputs, config: CaptionConfig, models: Models, context: StageContext, files: Files) -> CaptionResult:
    """One caption for each photo, in their order."""
    noun = inputs.product.noun
    told = _described(inputs.product, config, models, context, files)
    with models.base() as base:
        captions = [
            Caption(
                photo.picture,
                as_template(photo.caption, noun)
                if photo.caption
                else shortened(as_template(told[photo.picture.sha256], noun), noun, base.token_count, config.longest),
                "given" if photo.caption else "automatic",
            )
            for photo in inputs.product.photos
        ]
    return CaptionResult(tuple(captions))


def _described(
    product: ProductFacts, config: CaptionConfig, models: Models, context: StageContext, files: Files
) -> dict[str, str]:
    """What the captioner says, by the photo's SHA-256; photos with a caption are not shown to it."""
    photos = list({photo.picture.sha256: photo for photo in product.photos if not photo.caption}.values())
    instruction = config.instruction.replace("{noun}", product.noun)
    size = context.batch_size(AT_ONCE)
    place = perceivers("the describing of photos")
    told: dict[str, str] = {}

    def describe(batch: list[Photo]) -> list[str]:
        with models.captioner() as captioner:
            return captioner.describe([files.image(photo.picture) for photo in batch], instruction)

    for start in range(0, len(photos), size):
        context.check()
        context.progress(start, len(photos), "photos")
        batch = photos[start : start + size]
        hashes = [photo.picture.sha256 for photo in batch]
        name = f"describe {hashlib.sha256(' '.join(hashes).encode()).hexdigest()[:16]}"
        told |= dict(zip(hashes, context.step(name, partial(place.work, size, partial(describe, batch))), strict=True))
    context.progress(len(photos), len(photos), "photos")
    return told
