"""Run a guess of a product's type in a worker: its photos read, CLIP asked, what it says kept with its confidence."""

from typing import Any

from catalog.models import Product
from generation import model_sets
from generation.checkpoints.sets import ModelSet
from generation.exceptions import GenerationError
from generation.selectors.facts import known_products, photos_hash
from generation.services import guessing
from generation.storage import site_files
from generation.zero_shot import type_shares
from jobs.context import JobContext
from jobs.exceptions import JobError

MOST_PHOTOS = 8  # more tell nothing new


def guess(context: JobContext, product_id: int, set_name: str) -> dict[str, Any]:
    """Keep what CLIP takes the product for; returns the type and its share of confidence.

    Nothing is kept for a product that is gone or has lost its photos. Raises JobError in one sentence.
    """
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        return {}
    chosen, files = model_sets.model_set(set_name), site_files()
    types = guessing.types_to_choose_from(chosen)
    if not types:
        raise JobError(_nothing_to_choose(chosen))
    photos = known_products([product])[product_id].photos
    if not photos:
        return {}
    try:
        models = model_sets.worker_models(chosen)
        images = [files.image(photo.picture) for photo in photos[:MOST_PHOTOS]]
        with models.clip() as clip:
            nouns = [row.name for row in types]
            shares = type_shares(clip, images, nouns, batch=context.batch_size(MOST_PHOTOS))
    except GenerationError as error:
        raise JobError(str(error)) from error
    scores = list(zip(types, shares, strict=True))
    identity = chosen.entry("clip").identity
    guessing.keep(product, scores, checkpoint=identity, photos=photos_hash(photos))
    best, share = max(scores, key=lambda pair: pair[1])
    return {"type": best.name, "confidence": round(share, 4)}


def _nothing_to_choose(models: ModelSet) -> str:
    if models.nouns:
        known = ", ".join(models.nouns)
        return f"The model set {models.name} can make none of the product types that are there; it knows {known}."
    if models.scenes:
        return "There is no product type to choose from: add some."
    return "No product type has approved prompts, so there is nothing to choose from: fill the prompt bank."
