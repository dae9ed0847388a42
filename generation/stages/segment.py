"""Stage segment: the product's mask in each photo (paper 2.1.2).

A person's mask wins, then what a transparent picture was cut out by before. A photo in which nothing can be found
asks a person, and the others go on.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from generation.checkpoints.roles import Models
from generation.context import StageContext
from generation.exceptions import ProductNotFound
from generation.files import HALF, Files
from generation.finding import find_product
from generation.imaging import box_of, share_of
from generation.memory import perceivers
from generation.recipe import SegmentConfig
from generation.records import Photo, PhotoMask, Picture, ProductFacts, SegmentResult, from_plain, to_plain


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts


def run(inputs: Inputs, config: SegmentConfig, models: Models, context: StageContext, files: Files) -> SegmentResult:
    """One PhotoMask for each photo, in their order.

    Raises ProductNotFound when no photo has a mask: a person must mark one.
    """
    photos = inputs.product.photos
    place = perceivers("the cutting out of the product")
    masks = []
    for done, photo in enumerate(photos):
        context.check()
        context.progress(done, len(photos), "photos")
        # A person's mask is part of the name: corrected while the stage had stopped, it must not meet the old result.
        name = f"photo {photo.picture.sha256[:16]} mask {photo.mask.sha256[:16] if photo.mask else 'automatic'}"
        work = partial(_work, photo, inputs.product.noun, config, models, files)
        masks.append(from_plain(PhotoMask, context.step(name, partial(place.work, 1, work))))
    context.progress(len(photos), len(photos), "photos")
    if not any(mask.mask for mask in masks):
        raise ProductNotFound(_nothing(inputs.product, len(photos)))
    return SegmentResult(tuple(masks))


def _work(photo: Photo, noun: str, config: SegmentConfig, models: Models, files: Files) -> dict[str, Any]:
    made = _by_person(photo, photo.mask, files) if photo.mask else _automatic(photo, noun, config, models, files)
    return to_plain(made)


def _by_person(photo: Photo, drawn: Picture, files: Files) -> PhotoMask:
    mask = files.mask(drawn)
    box = box_of(mask)
    if box is None:
        problem = "The mask drawn for this photo is empty; mark the product anew."
        return PhotoMask(photo.picture, None, None, 0.0, 0.0, "person", problem)
    return PhotoMask(photo.picture, drawn, box, share_of(mask), 1.0, "person")


def _automatic(photo: Photo, noun: str, config: SegmentConfig, models: Models, files: Files) -> PhotoMask:
    cut_before = files.transparent(photo.picture)
    own = None if cut_before is None else np.asarray(cut_before.getchannel("A")) > HALF
    # Rounded corners of a photo, or a mark left in an empty one, are no cut-out of its product.
    if own is not None and config.smallest_share <= share_of(own) <= config.largest_share:
        return PhotoMask(photo.picture, files.put_mask(own), box_of(own), share_of(own), 1.0, "automatic")
    image = files.image(photo.picture)
    with models.segmenter() as segmenter:
        found = find_product(segmenter, image, config, noun=noun)
    if found.mask is None:
        return PhotoMask(photo.picture, None, None, 0.0, found.score, "automatic", found.problem)
    picture = files.put_mask(found.mask)
    return PhotoMask(photo.picture, picture, box_of(found.mask), share_of(found.mask), found.score, "automatic")


def _nothing(product: ProductFacts, count: int) -> str:
    if not count:
        return f"{product.title} has no photo; add at least one."
    where = "its photo" if count == 1 else f"any of its {count} photos"
    return f"No {product.noun} was found in {where}; open one of them and mark it with a box or a few clicks."
