"""Stage class_images: images of a product type by the base alone, for DreamBooth's prior preservation.

They know no product: all products of a type share them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generation.batches import Batches
from generation.checkpoints.roles import Drawing, Models, Sampling
from generation.context import StageContext
from generation.files import Files
from generation.nouns import photo_of
from generation.provenance import Origin, xmp
from generation.recipe import FinetuneConfig
from generation.records import ClassImage, ClassImagesResult, from_plain, to_plain
from generation.seeds import seed_for

STAGE = "class_images"
STEPS, GUIDANCE = 30, 7.5


@dataclass(frozen=True)
class Inputs:
    noun: str
    seed: int
    model_set: str = ""


def run(
    inputs: Inputs, config: FinetuneConfig, models: Models, context: StageContext, files: Files
) -> ClassImagesResult:
    """`config.class_images` images of "a photo of a {noun}", at the size that is trained at."""
    prompt = photo_of(inputs.noun)
    seeds = [seed_for(inputs.seed, STAGE, f"{inputs.noun} {number}") for number in range(config.class_images)]
    sampling = Sampling(STEPS, GUIDANCE, width=config.size, height=config.size)
    with models.base() as base:

        def make(some: Sequence[int]) -> list[dict[str, Any]]:
            images = base.draw([Drawing(prompt, seed) for seed in some], sampling, check=context.check)
            origins = [Origin(prompt, seed, STAGE, model_set=inputs.model_set) for seed in some]
            pictures = [files.put_picture(image, xmp=xmp(of)) for image, of in zip(images, origins, strict=True)]
            return [to_plain(ClassImage(prompt, seed, kept)) for seed, kept in zip(some, pictures, strict=True)]

        batches = Batches(context, base, "the drawing of class images")
        kept = batches.of(seeds, lambda seed: f"{inputs.noun} seed {seed}", make)
    return ClassImagesResult(tuple(from_plain(ClassImage, image) for image in kept))
