"""Stage generate: candidates of the product in the target prompts (paper 2, A.2.2).

With the product's adapter, by its token; or, without any training, by a reference editor that is shown its photos, or
by putting its cut-outs before backgrounds. What the image-safety filter holds back is kept with its reason, and is no
candidate.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from PIL import Image

from generation import swapping
from generation.batches import Batches
from generation.captioning import worded
from generation.checkpoints.roles import Backbone, Drawing, Edit, Models, Safety, Sampling
from generation.context import StageContext
from generation.exceptions import NotPossible
from generation.files import Files
from generation.imaging import shrunk
from generation.provenance import Origin, xmp
from generation.recipe import GenerateConfig
from generation.records import (
    Backdrop,
    FinetuneResult,
    GeneratedImage,
    GenerateResult,
    MatteResult,
    Picture,
    ProductFacts,
    SegmentResult,
    TargetPrompt,
    from_plain,
    to_plain,
)

STAGE = "generate"
LONGEST_REFERENCE = 1024  # pixels; editors read no more of a photo
Draw = Callable[[Sequence[TargetPrompt]], list[Image.Image]]


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    targets: tuple[TargetPrompt, ...]
    seed: int = 0  # of the run; each target has its own
    segment: SegmentResult | None = None
    matte: MatteResult | None = None
    finetune: FinetuneResult | None = None
    backdrops: tuple[Backdrop, ...] = ()
    model_set: str = ""
    method: str = ""
    run: str = ""


def run(inputs: Inputs, config: GenerateConfig, models: Models, context: StageContext, files: Files) -> GenerateResult:
    """One image per target, in their order. Raises NotPossible without targets, or without what the way needs."""
    if config.way == "background-swap":
        return _swapped(inputs, config, context, files)
    if not inputs.targets:
        raise NotPossible(
            f"The prompt bank has no approved prompt for {inputs.product.noun}; approve some on the page of prompts."
        )
    with models.served() as served, models.safety() as safety:
        prompts = prompts_for(inputs, config, served)
        way = _Way(inputs, config, prompts, served, context, files)
        with way.drawing() as draw:
            keep = _Keeper(inputs, config, prompts, safety, files)
            batches = Batches(context, served, "the drawing of candidates", largest=config.batch)
            kept = batches.of(inputs.targets, _name, lambda some: keep.all(some, draw(some)))
    images = tuple(from_plain(GeneratedImage, image) for image in kept)
    return GenerateResult(images, config.scheduler, _settings(inputs, config))


def _swapped(inputs: Inputs, config: GenerateConfig, context: StageContext, files: Files) -> GenerateResult:
    """Cut-outs before backgrounds: no model is asked, and nothing is held back, as all of it is a photo or our own."""
    if inputs.matte is None or config.swap is None or not inputs.targets:
        raise NotPossible(f"{inputs.product.title} has no cut-out or no background; run the stage matte before.")
    origin = Origin("", 0, STAGE, model_set=inputs.model_set, method=inputs.method, run=inputs.run)
    swap = swapping.Swap(
        inputs.product.noun, inputs.matte, inputs.backdrops, config.swap, origin, config.size, config.format
    )
    images = swapping.run(swap, inputs.targets, context, files)
    own = {one.name: one.picture.key for one in inputs.backdrops if one.picture}
    return GenerateResult(tuple(images), "none", {"way": config.way, "size": config.size, "own_backgrounds": own})


def subject_for(inputs: Inputs, config: GenerateConfig) -> str:
    """What prompts call the product: `<token> <noun>` for an adapter, the noun for a reference editor."""
    noun = inputs.product.noun
    return noun if config.way == "reference-edit" or not inputs.finetune else f"{inputs.finetune.token} {noun}"


def prompts_for(inputs: Inputs, config: GenerateConfig, served: Backbone) -> dict[str, str]:
    """By template what the model is given: no longer than it reads, and with the product in its place."""
    subject = subject_for(inputs, config)
    return {target.template: worded(target.template, subject, served) for target in inputs.targets}


@dataclass(frozen=True)
class _Way:
    """How images are drawn from targets."""

    inputs: Inputs
    config: GenerateConfig
    prompts: dict[str, str]
    served: Backbone
    context: StageContext
    files: Files

    @contextmanager
    def drawing(self) -> Iterator[Draw]:
        if self.config.way == "reference-edit":
            yield self._edit(self._references())
            return
        if self.inputs.finetune is None:
            raise NotPossible(f"{self.inputs.product.title} has no adapter; run the stage finetune, or reference-edit.")
        with self.served.adapted(self.files.data(self.inputs.finetune.adapter)):
            yield self._draw

    def _draw(self, targets: Sequence[TargetPrompt]) -> list[Image.Image]:
        drawings = [Drawing(self.prompts[target.template], target.seed) for target in targets]
        return self.served.draw(drawings, self._sampling(), check=self.context.check)

    def _edit(self, references: tuple[Image.Image, ...]) -> Draw:
        def edit(targets: Sequence[TargetPrompt]) -> list[Image.Image]:
            edits = [Edit(references, self.prompts[target.template], target.seed) for target in targets]
            return self.served.edit(edits, self._sampling(), check=self.context.check)

        return edit

    def _references(self) -> tuple[Image.Image, ...]:
        """The first photos, those in which the product was found before the others."""
        found = {mask.picture.sha256 for mask in self.inputs.segment.found} if self.inputs.segment else set()
        pictures = [photo.picture for photo in self.inputs.product.photos]
        if not pictures:
            raise NotPossible(f"{self.inputs.product.title} has no photo to show to the editor; add at least one.")

        def not_found(picture: Picture) -> bool:
            return picture.sha256 not in found

        chosen = sorted(pictures, key=not_found)[: self.config.references]
        return tuple(shrunk(self.files.image(picture), LONGEST_REFERENCE) for picture in chosen)

    def _sampling(self) -> Sampling:
        config = self.config
        return Sampling(
            config.steps, config.guidance, config.size, config.size, config.negative_prompt, config.scheduler
        )


@dataclass(frozen=True)
class _Keeper:
    """Puts images into the store with what they are made of, and asks the safety filter."""

    inputs: Inputs
    config: GenerateConfig
    prompts: dict[str, str]
    safety: Safety
    files: Files

    def all(self, targets: Sequence[TargetPrompt], images: Sequence[Image.Image]) -> list[dict[str, Any]]:
        verdicts = self.safety.check(images)
        return [
            to_plain(self._kept(target, image, "" if verdict.safe else verdict.reason or "unsafe"))
            for target, image, verdict in zip(targets, images, verdicts, strict=True)
        ]

    def _kept(self, target: TargetPrompt, image: Image.Image, dropped: str) -> GeneratedImage:
        told = self.inputs
        prompt = self.prompts[target.template]
        origin = Origin(
            prompt,
            target.seed,
            STAGE,
            negative_prompt=self.config.negative_prompt,
            model_set=told.model_set,
            method=told.method,
            run=told.run,
        )
        picture = self.files.put_picture(image, xmp=xmp(origin), encoding=self.config.format)
        return GeneratedImage(target.template, prompt, target.seed, picture, dropped)


def _name(target: TargetPrompt) -> str:
    return f"candidate seed {target.seed} words {sha256(target.template.encode()).hexdigest()[:16]}"


def _settings(inputs: Inputs, config: GenerateConfig) -> dict[str, Any]:
    """What else decides the images, for whoever wants to draw one again."""
    tuned = inputs.finetune if config.way == "adapter" else None
    return {
        "way": config.way,
        "steps": config.steps,
        "guidance": config.guidance,
        "size": config.size,
        "negative_prompt": config.negative_prompt,
        "adapter": tuned.sha256 if tuned else "",
        "token": tuned.token if tuned else "",
    }
