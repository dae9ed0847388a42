"""Stage negatives: images that are not the product (paper 2.1.3).

In-class: the base alone, on the text of a training image with the plain noun. Texts of new contexts are of the type's
bank: their images come from the stage in_class, which all products of the type share; those of photos are drawn here.
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
    InClassResult,
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
    in_class: InClassResult | None = None
    other_nouns: tuple[str, ...] = ()
    model_set: str = ""


@dataclass(frozen=True)
class Wanted:
    """One negative to make; `mask` and `object` are a counterfactual's."""

    kind: Literal["in-class", "counterfactual"]
    source: Picture
    template: str
    subject: str  # what stands in the product's place
    seed: int
    mask: Picture | None = None

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
    shared, wanted = shared_for(inputs, config), wanted_for(inputs, config)
    drawn = [one for one in wanted if one.kind == "in-class"]
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
    made = [from_plain(Negative, image) for image in kept]
    return NegativesResult((*shared, *made), config.positives_per_negative)


def counts_for(positives: int, config: NegativesConfig, *, masks: bool) -> tuple[int, int]:
    """How many in-class negatives and counterfactuals to make; without masks all are in-class."""
    total = ceil(positives / config.positives_per_negative * config.spare)
    counterfactual = round(total * config.counterfactual_share) if masks else 0
    return total - counterfactual, counterfactual


def shared_for(inputs: Inputs, config: NegativesConfig) -> list[Negative]:
    """In-class negatives that the type has: of each text among the product's contexts one, then a second, …"""
    of_text: dict[str, list[InClassImage]] = {}
    for image in inputs.in_class.images if inputs.in_class else ():
        of_text.setdefault(image.template, []).append(image)
    sources: dict[str, Picture] = {}
    for context in inputs.new_contexts.images if inputs.new_contexts else ():
        sources.setdefault(context.template, context.source)
    texts = [text for text in sources if text in of_text]
    rounds = max((len(of_text[text]) for text in texts), default=0)
    shared = [
        Negative("in-class", sources[text], image.prompt, image.seed, image.picture)
        for number in range(rounds)
        for text in texts
        for image in of_text[text][number : number + 1]
    ]
    return shared[: _counts(inputs, config)[0]]


def wanted_for(inputs: Inputs, config: NegativesConfig) -> list[Wanted]:
    """Everything that is to be made beside what is shared, in order: photos, captions and other things take turns."""
    product, found = inputs.product, inputs.segment.found
    in_class, counterfactual = _counts(inputs, config)
    in_class -= len(shared_for(inputs, config))
    captions = (
        {caption.picture.sha256: caption.template for caption in inputs.caption.captions} if inputs.caption else {}
    )
    wanted = []
    for number in range(in_class):
        photo = product.photos[number % len(product.photos)].picture
        template = captions.get(photo.sha256)
        template = template or photo_of(product.noun)
        seed = seed_for(inputs.seed, STAGE, f"in-class {photo.sha256} {number // len(product.photos)}")
        wanted.append(Wanted("in-class", photo, template, product.noun, seed))
    others = others_than(product.noun, inputs.other_nouns)
    for number in range(counterfactual):
        turn, place = divmod(number, len(found))
        mask = found[place]
        other = others[(turn + place) % len(others)]
        template = captions.get(mask.picture.sha256)
        template = template or photo_of(other)
        seed = seed_for(inputs.seed, STAGE, f"counterfactual {mask.picture.sha256} {turn}")
        wanted.append(Wanted("counterfactual", mask.picture, template, other, seed, mask.mask))
    return wanted


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
        return to_plain(Negative(one.kind, one.source, prompt, one.seed, picture, one.object))
