"""Stage in_class: negatives that all products of a type share (paper 2.1.3, figure 7).

The base alone, on the texts of new contexts with the plain noun where the product was: they come from the type's bank,
so that every product whose contexts have such a text can train beside the same image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from generation.batches import Batches
from generation.captioning import worded
from generation.checkpoints.roles import Backbone, Drawing, Models, Sampling
from generation.context import StageContext
from generation.files import Files
from generation.provenance import Origin, xmp
from generation.recipe import NegativesConfig
from generation.records import InClassImage, InClassResult, from_plain, to_plain
from generation.seeds import seed_for

STAGE = "in_class"


@dataclass(frozen=True)
class Inputs:
    noun: str
    prompts: tuple[str, ...]  # templates of the type's bank
    seed: int
    model_set: str = ""


@dataclass(frozen=True)
class Wanted:
    """One image to draw."""

    template: str
    prompt: str
    seed: int

    @property
    def name(self) -> str:
        return f"seed {self.seed} words {sha256(self.prompt.encode()).hexdigest()[:16]}"


def run(inputs: Inputs, config: NegativesConfig, models: Models, context: StageContext, files: Files) -> InClassResult:
    """`shared_per_prompt` images of each prompt, a round of all prompts after the other."""
    sampling = Sampling(config.steps, config.guidance, width=config.size, height=config.size)
    with models.base() as base:
        wanted = wanted_for(inputs, config, base)

        def make(some: Sequence[Wanted]) -> list[dict[str, Any]]:
            images = base.draw([Drawing(one.prompt, one.seed) for one in some], sampling, check=context.check)
            origins = [Origin(one.prompt, one.seed, STAGE, model_set=inputs.model_set) for one in some]
            pictures = [files.put_picture(image, xmp=xmp(of)) for image, of in zip(images, origins, strict=True)]
            return [
                to_plain(InClassImage(one.template, one.prompt, one.seed, kept))
                for one, kept in zip(some, pictures, strict=True)
            ]

        batches = Batches(context, base, "the drawing of the type's negatives")
        kept = batches.of(wanted, lambda one: one.name, make)
    return InClassResult(tuple(from_plain(InClassImage, image) for image in kept))


def wanted_for(inputs: Inputs, config: NegativesConfig, base: Backbone) -> list[Wanted]:
    """Everything that is to be drawn, in order. A prompt's seeds are its own: one more in the bank changes no other."""
    prompts = {template: worded(template, inputs.noun, base) for template in inputs.prompts}
    return [
        Wanted(template, prompt, seed_for(inputs.seed, STAGE, f"{inputs.noun} {template} {number}"))
        for number in range(config.shared_per_prompt)
        for template, prompt in prompts.items()
    ]
