"""Stage negatives: images that are not the product (paper 2.1.3).

In-class: the base alone, on the text of a training image with the plain noun. Texts of new contexts are of the type's
bank: such an image is the same for all products of the type, and one that was drawn for another is taken as it is.
Counterfactual: the photo with another thing inpainted where the product was, its ground kept. Both keep the base from
taking everything for the product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from generation.batches import Batches
from generation.captioning import worded
from generation.checkpoints.roles import Backbone, Drawing, Filling, Inpainter, Models, Sampling
from generation.context import StageContext
from generation.files import Files
from generation.imaging import canvas_for, composite, letterbox, soft_edge
from generation.nouns import others_than, photo_of
from generation.provenance import Origin, xmp
from generation.recipe import NegativesConfig
from generation.records import (
    PLACEHOLDER,
    CaptionResult,
    InClassImage,
    Negative,
    NegativesResult,
    NewContextsResult,
    NovelViewsResult,
    Picture,
    ProductFacts,
    SegmentResult,
    from_plain,
    to_plain,
)
from generation.seeds import seed_for

STAGE = "negatives"
EDGE = 4.0  # pixels around the product that are redrawn with it, and blended: its fringe must not stay


@dataclass(frozen=True)
class Inputs:
    product: ProductFacts
    segment: SegmentResult
    seed: int
    caption: CaptionResult | None = None
    novel_views: NovelViewsResult | None = None
    new_contexts: NewContextsResult | None = None
    other_nouns: tuple[str, ...] = ()
    model_set: str = ""
    there: tuple[InClassImage, ...] = ()  # drawn before for products of the type; they change no result, only its cost


@dataclass(frozen=True)
class Wanted:
    """One negative to make; `mask` and `object` are a counterfactual's. A shared one knows its type and no product."""

    kind: Literal["in-class", "counterfactual"]
    source: Picture
    template: str
    subject: str  # what stands in the product's place
    seed: int
    mask: Picture | None = None
    shared: bool = False

    @property
    def prompt(self) -> str:
        return self.template.replace(PLACEHOLDER, self.subject)

    @property
    def object(self) -> str:
        return self.subject if self.kind == "counterfactual" else ""

    @property
    def name(self) -> str:
        mask = f" mask {self.mask.sha256[:16]}" if self.mask else ""
        return f"{self.kind} {self.source.sha256[:16]}{mask} seed {self.seed} {self.prompt[:80]}"


def run(
    inputs: Inputs, config: NegativesConfig, models: Models, context: StageContext, files: Files
) -> NegativesResult:
    """As many negatives as the positives ask for, and `spare` more: the filter drops some and then holds the ratio."""
    wanted = wanted_for(inputs, config)
    # A step, though nothing is slow: the files of steps that are kept are not swept before the result names them.
    there = context.step("negatives that the type has", lambda: _taken(wanted, inputs.there))
    made = {wanted[place]: from_plain(Negative, image) for place, image in there}
    drawn = [one for one in wanted if one.kind == "in-class" and one not in made]
    filled = [one for one in wanted if one.kind == "counterfactual"]
    maker = _Maker(inputs, config, context, files)
    kept: list[Any] = []
    if drawn:
        with models.base() as base:
            batches = Batches(context, base, "the drawing of in-class negatives")
            kept += batches.of(drawn, lambda one: one.name, lambda some: maker.draw(base, some))
    if filled:
        with models.inpainter() as inpainter:
            batches = Batches(context, inpainter, "the inpainting of counterfactuals")
            kept += batches.of(filled, lambda one: one.name, lambda some: maker.fill(inpainter, some))
    made |= {one: from_plain(Negative, image) for one, image in zip((*drawn, *filled), kept, strict=True)}
    return NegativesResult(tuple(made[one] for one in wanted), config.positives_per_negative)


def counts_for(positives: int, config: NegativesConfig, *, masks: bool) -> tuple[int, int]:
    """How many in-class negatives and counterfactuals to make; without masks all are in-class."""
    total = ceil(positives / config.positives_per_negative * config.spare)
    counterfactual = round(total * config.counterfactual_share) if masks else 0
    return total - counterfactual, counterfactual


def wanted_for(inputs: Inputs, config: NegativesConfig) -> list[Wanted]:
    """Everything that is to be made, in order: texts of contexts first, then photos' captions; other things last."""
    in_class, counterfactual = _counts(inputs, config)
    shared = _shared(inputs, config)[:in_class]
    return [*shared, *_own(inputs, in_class - len(shared)), *_counterfactuals(inputs, counterfactual)]


def _shared(inputs: Inputs, config: NegativesConfig) -> list[Wanted]:
    """In-class ones that products of the type share: of each text among the product's contexts one, then a second, …"""
    sources: dict[str, Picture] = {}
    for context in inputs.new_contexts.images if inputs.new_contexts else ():
        sources.setdefault(context.template, context.source)
    noun = inputs.product.noun
    return [
        # One seed for all runs: another product's image of this text must be this one.
        Wanted("in-class", source, text, noun, seed_for(0, STAGE, f"{noun} {text} {number}"), shared=True)
        for number in range(config.shared_per_prompt)
        for text, source in sources.items()
    ]


def _own(inputs: Inputs, count: int) -> list[Wanted]:
    """In-class ones on the captions of the photos, which take turns."""
    photos, noun = inputs.product.photos, inputs.product.noun
    captions, wanted = _captions(inputs), []
    for number in range(count):
        turn, place = divmod(number, len(photos))
        photo = photos[place].picture
        seed = seed_for(inputs.seed, STAGE, f"in-class {photo.sha256} {turn}")
        wanted.append(Wanted("in-class", photo, captions.get(photo.sha256, photo_of(noun)), noun, seed))
    return wanted


def _counterfactuals(inputs: Inputs, count: int) -> list[Wanted]:
    """Photos with other things in the product's place: both take turns."""
    found, others = inputs.segment.found, others_than(inputs.product.noun, inputs.other_nouns)
    captions, wanted = _captions(inputs), []
    for number in range(count):
        turn, place = divmod(number, len(found))
        mask, other = found[place], others[(turn + place) % len(others)]
        template = captions.get(mask.picture.sha256, photo_of(other))
        seed = seed_for(inputs.seed, STAGE, f"counterfactual {mask.picture.sha256} {turn}")
        wanted.append(Wanted("counterfactual", mask.picture, template, other, seed, mask.mask))
    return wanted


def _captions(inputs: Inputs) -> dict[str, str]:
    told = inputs.caption.captions if inputs.caption else ()
    return {caption.picture.sha256: caption.template for caption in told if caption.template}


def _taken(wanted: Sequence[Wanted], there: Sequence[InClassImage]) -> list[tuple[int, dict[str, Any]]]:
    """Those of the shared ones that the type has, each with its place in `wanted`."""
    found = {(image.template, image.seed): image for image in there}
    taken = []
    for place, one in enumerate(wanted):
        image = found.get((one.template, one.seed)) if one.shared else None
        if image is not None:
            made = Negative("in-class", one.source, image.prompt, one.seed, image.picture, template=one.template)
            taken.append((place, to_plain(made)))
    return taken


def _counts(inputs: Inputs, config: NegativesConfig) -> tuple[int, int]:
    views = [view for view in inputs.novel_views.views if view.kept] if inputs.novel_views else []
    contexts = inputs.new_contexts.images if inputs.new_contexts else ()
    positives = len(inputs.product.photos) + len(views) + len(contexts)
    return counts_for(positives, config, masks=bool(inputs.segment.found))


@dataclass(frozen=True)
class _Maker:
    inputs: Inputs
    config: NegativesConfig
    context: StageContext
    files: Files

    def draw(self, base: Backbone, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
        sampling = Sampling(self.config.steps, self.config.guidance, width=self.config.size, height=self.config.size)
        drawings = [Drawing(worded(one.template, one.subject, base), one.seed) for one in wanted]
        images = base.draw(drawings, sampling, check=self.context.check)
        prompts = [drawing.prompt for drawing in drawings]
        return [self._kept(*each) for each in zip(wanted, prompts, images, strict=True)]

    def fill(self, inpainter: Inpainter, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
        fillings, alphas, places = [], [], []
        masks = [self.files.mask(one.mask) for one in wanted if one.mask]
        for one, mask in zip(wanted, masks, strict=True):
            image = self.files.image(one.source)
            laid = letterbox(image.size, canvas_for(image.size, self.config.size or inpainter.side, inpainter.multiple))
            alpha = soft_edge(laid.mask(mask), EDGE)
            alphas.append(alpha)
            places.append(laid.inner)
            prompt = worded(one.template, one.subject, inpainter)
            fillings.append(Filling(laid.image(image), alpha > 0, prompt, one.seed))
        sampling = Sampling(self.config.steps, self.config.guidance)
        filled = inpainter.fill(fillings, sampling, check=self.context.check)
        # Without the bars that a narrow photo has beside it in the canvas: they are no ground to learn, and the
        # filter looks for the product where the photo has it.
        whole = [
            composite(image, filling.image, alpha).crop(place)
            for image, filling, alpha, place in zip(filled, fillings, alphas, places, strict=True)
        ]
        prompts = [filling.prompt for filling in fillings]
        return [self._kept(*each) for each in zip(wanted, prompts, whole, strict=True)]

    def _kept(self, one: Wanted, prompt: str, image: Any) -> dict[str, Any]:
        told = self.inputs
        origin = Origin(
            prompt,
            one.seed,
            STAGE,
            keeps_pixels=one.kind == "counterfactual",
            model_set=told.model_set,
        )
        picture = self.files.put_picture(image, xmp=xmp(origin))
        shared = one.template if one.shared else ""
        return to_plain(Negative(one.kind, one.source, prompt, one.seed, picture, one.object, shared))
