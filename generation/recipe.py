"""Every parameter of the pipeline, as frozen dataclasses: a recipe is one of each, and a method is a named recipe.

No torch and no Django here: pages, commands, notebooks and stages all read the same classes. Defaults are those of the
paper (arXiv 2503.08729) where it states them, and the project's own where it is silent; each of these says so.
A stage whose config is None is off.
"""

import tomllib
from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from generation.exceptions import BadRecipe

# Values are checked wherever a config is made; a parameter that does not exist is an error.
_STRICT = ConfigDict(extra="forbid")
Share = Annotated[float, Field(ge=0, le=1)]
Cosine = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Steps = Annotated[int, Field(ge=1, le=200)]
# Pixels a side; backbones want multiples of 8 (FLUX-like ones of 16). 0: what the model set says.
Side = Annotated[int, Field(ge=0, le=4096, multiple_of=8)]
Guidance = Annotated[float, Field(ge=0, le=30)]


@dataclass(frozen=True, config=_STRICT)
class SegmentConfig:
    """Masks of the product in its photos (paper 2.1.2)."""

    smallest_share: Share = 0.01  # of the photo's area: less is no product but a speck
    largest_share: Share = 0.95  # more is the ground itself
    surest: Share = 0.6  # the segmenter's own score; an automatic mask below it asks a person


@dataclass(frozen=True, config=_STRICT)
class CaptionConfig:
    """Fine-grained captions by a vision-language model (paper 2.2)."""

    instruction: str = (
        "Describe this photo of a {noun} in one sentence for training an image generator. Name the {noun} once, and say"
        " its colours, material and fine details, where it stands in the picture, what is around it, and the light."
    )
    longest: Count = 60  # CLIP tokens: SD and SDXL cut at 77, and the scene must not fall off


@dataclass(frozen=True, config=_STRICT)
class NovelViewsConfig:
    """New viewpoints from image-to-video diffusion (paper 2.1.1)."""

    views: Count = 8  # per photo, at equal intervals, the first frame left out
    frames: Count = 33
    steps: Steps = 30
    guidance: Guidance = 5.0
    prompt: str = "The camera slowly orbits around the {noun}. The {noun} stands still. Static scene, steady light."
    nearest_source: Cosine = 0.995  # DINO-I to the source above which a view is a near-duplicate
    furthest_source: Cosine = 0.5  # segmented DINO-I below which the product is broken
    smallest_growth: float = 0.5  # area of the view's mask over the source's: outside the two it is broken
    largest_growth: float = 2.0


@dataclass(frozen=True, config=_STRICT)
class NewContextsConfig:
    """Photos and novel views with everything outside the mask outpainted from prompts of the bank (paper 2.1.2)."""

    per_photo: Count = 4
    per_view: Annotated[int, Field(ge=0, le=1000)] = 1
    steps: Steps = 30
    guidance: Guidance = 7.5
    soft_edge: Annotated[float, Field(ge=0, le=64)] = 4.0  # pixels over which product and scene are blended
    size: Side = 0


@dataclass(frozen=True, config=_STRICT)
class NegativesConfig:
    """In-class negatives and counterfactuals (paper 2.1.3)."""

    positives_per_negative: Annotated[float, Field(gt=0, le=100)] = 2.0  # the paper's 2 : 1, held after filtering
    counterfactual_share: Share = 0.5  # of the negatives; the rest are in-class
    spare: Annotated[float, Field(ge=1, le=10)] = 1.5  # made per one needed, as some are dropped
    shared_per_prompt: Annotated[int, Field(ge=0, le=100)] = 1  # of a text of the bank; 0: none is shared
    steps: Steps = 30
    guidance: Guidance = 7.5
    size: Side = 0


@dataclass(frozen=True, config=_STRICT)
class FilterConfig:
    """Which new images may train (paper 2.3); the thresholds are to be found by `manage.py generation calibrate`."""

    kept_share: Share = 0.75  # the best by summed metrics, per source photo
    least_clip_i: Cosine = 0.5
    least_clip_t: Cosine = 0.15
    least_seg_clip_i: Cosine = 0.7
    least_iou: Share = 0.8  # of the product's mask in the new image with the reference mask
    most_negative_clip_i: Cosine = 0.97  # above it a negative shows the product itself


@dataclass(frozen=True, config=_STRICT)
class EarlyStop:
    """Stop when fidelity no longer grows or diversity is going; an option, off in the paper's method."""

    every: Count = 200  # steps between two looks
    patience: Count = 2  # looks without a better score
    diversity_weight: Annotated[float, Field(ge=0, le=10)] = 1.0
    prompts: Count = 4


@dataclass(frozen=True, config=_STRICT)
class TokenSweep:
    """Choose the token among rare ones by short runs, halving the field each time (paper 2.4)."""

    candidates: Annotated[int, Field(ge=1, le=64)] = 4
    steps: Count = 100  # of the first round


@dataclass(frozen=True, config=_STRICT)
class FinetuneConfig:
    """LoRA on the denoiser's attention (paper 2.4, A.5)."""

    rank: Annotated[int, Field(ge=1, le=512)] = 64
    alpha: Annotated[float, Field(gt=0, le=1024)] | None = None  # None: equal to the rank
    rank_stabilised: bool = False  # scale by alpha / sqrt(rank), arXiv 2312.03732
    text_encoder: bool = False
    steps: Count = 1800
    batch: Annotated[int, Field(ge=1, le=64)] = 1
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-4
    warmup: Annotated[int, Field(ge=0, le=10_000)] = 0
    schedule: Literal["constant", "cosine"] = "constant"
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01
    clip_gradient: Annotated[float, Field(gt=0)] = 1.0
    snr_gamma: Annotated[float, Field(gt=0)] | None = None  # min-SNR weighting, arXiv 2303.09556; 5 is usual
    masked_loss: bool = False
    unmasked_weight: Share = 0.1  # of pixels outside the product, with masked_loss
    prior_weight: Annotated[float, Field(ge=0, le=10)] = 0.0  # DreamBooth's prior preservation; the paper leaves it out
    class_images: Annotated[int, Field(ge=0, le=10_000)] = 0  # per type, shared; needs prior_weight
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    gradient_checkpointing: bool = False
    eight_bit: bool = False  # the optimizer's moments, where bitsandbytes is there
    checkpoint_every: Count = 100  # steps; what a killed worker loses at most
    validate_every: Annotated[int, Field(ge=0)] = 600  # steps; 0: never
    token: str = ""  # given by a person; empty: swept or, without a sweep, the first of the list
    sweep: TokenSweep | None = field(default_factory=TokenSweep)
    early_stop: EarlyStop | None = None
    size: Side = 0


@dataclass(frozen=True, config=_STRICT)
class MatteConfig:
    """Cut-outs with exact edges and the product's own colours, for pictures that keep its pixels."""

    band: Annotated[float, Field(gt=0, le=0.1)] = 0.008  # of the product's longer side: how far the edge is looked for
    most_cut_off: Share = 0.06  # of the cut-out's box that may lie along the photo's frame; more is cut off
    most_parts: Count = 3  # larger parts that it may have; more are islands, and a person is asked


@dataclass(frozen=True, config=_STRICT)
class SwapConfig:
    """How a cut-out is put before a background."""

    padding: Annotated[float, Field(ge=0, le=0.3)] = 0.08  # of the picture's side, free around the product
    shadow: Annotated[float, Field(ge=0, le=1.5)] = 1.0  # times what the scene's light gives; 0 is none
    reflection: Annotated[float, Field(ge=0, le=1.5)] = 1.0  # the same, on glossy floors
    harmony: Share = 0.7  # how far the scene's exposure and white balance go towards the product's
    wrap: Share = 0.25  # light of the scene around the product's edge
    backgrounds: str = ""  # names with commas between, own pictures too; empty: all that fit the product


@dataclass(frozen=True, config=_STRICT)
class GenerateConfig:
    """Candidates from target prompts of the bank (paper 2, A.2.2)."""

    way: Literal["adapter", "reference-edit", "background-swap"] = "adapter"  # the last two need no training
    candidates: Count = 20
    prompts: Count = 10  # different ones; candidates beyond them get other seeds
    steps: Steps = 30
    guidance: Guidance = 7.5
    negative_prompt: str = ""
    scheduler: Literal["default", "ddim", "dpm++"] = "default"
    references: Annotated[int, Field(ge=1, le=8)] = 1  # photos shown to the reference editor
    batch: Annotated[int, Field(ge=1, le=256)] = 4
    size: Side = 0
    format: Literal["png", "webp"] = "png"  # of its files, without loss; WebP is a third smaller
    swap: SwapConfig | None = None


@dataclass(frozen=True, config=_STRICT)
class MeasureConfig:
    """The six metrics of the paper's Table 2."""

    batch: Annotated[int, Field(ge=1, le=1024)] = 16


@dataclass(frozen=True, config=_STRICT)
class SelectConfig:
    """The best candidates by CLIP-T + CLIP-I + DINO-I (paper 2.5); unmeasured ones by their cut-outs and contrast."""

    top: Count = 4
    least_sum: float = 0.0  # of the three cosines; candidates below it are never picked
    escalate_below: Annotated[int, Field(ge=0)] = 1  # picked images under which a product goes to the next tier


@dataclass(frozen=True, config=_STRICT)
class Recipe:
    """All stages of one method. `next_tier` names the method for products that picked too few candidates here."""

    segment: SegmentConfig = field(default_factory=SegmentConfig)
    matte: MatteConfig | None = None
    caption: CaptionConfig | None = field(default_factory=CaptionConfig)
    novel_views: NovelViewsConfig | None = field(default_factory=NovelViewsConfig)
    new_contexts: NewContextsConfig | None = field(default_factory=NewContextsConfig)
    negatives: NegativesConfig | None = field(default_factory=NegativesConfig)
    filter: FilterConfig | None = field(default_factory=FilterConfig)
    finetune: FinetuneConfig | None = field(default_factory=FinetuneConfig)
    generate: GenerateConfig = field(default_factory=GenerateConfig)
    measure: MeasureConfig | None = field(default_factory=MeasureConfig)
    select: SelectConfig = field(default_factory=SelectConfig)
    next_tier: str = ""

    def __post_init__(self) -> None:
        """Refuse combinations that no stage could run. Raises ValueError."""
        if self.generate.way == "adapter" and self.finetune is None:
            raise ValueError("generate.way = 'adapter' needs the stage finetune; turn it on or use 'reference-edit'")
        self._check_swap()
        if self.finetune is not None and self.caption is None:
            raise ValueError("finetune trains on captions; turn the stage caption on")
        made = [name for name in ("novel_views", "new_contexts", "negatives") if getattr(self, name) is not None]
        if made and self.filter is None:
            raise ValueError(f"{made[0]} makes images that must be judged before training; turn the stage filter on")
        if self.finetune and self.finetune.class_images and not self.finetune.prior_weight:
            raise ValueError(
                "finetune.class_images are used with finetune.prior_weight only; set it, or leave them out"
            )
        if self.finetune and self.finetune.prior_weight and not self.finetune.class_images:
            raise ValueError("finetune.prior_weight needs finetune.class_images; the paper of DreamBooth has 200")

    def _check_swap(self) -> None:
        swaps = self.generate.way == "background-swap"
        if swaps and (self.matte is None or self.generate.swap is None):
            raise ValueError(
                "generate.way = 'background-swap' needs the stage matte and the part generate.swap; turn both on"
            )
        if self.generate.swap is not None and not swaps:
            raise ValueError("generate.swap is used with generate.way = 'background-swap' only; turn it off")
        if self.measure is None and not swaps:
            raise ValueError("only 'background-swap' can select without metrics; turn the stage measure on")


# Parameters that came when recipes and results were kept already, with the values that mean what was done before.
CAME_LATER: dict[str, dict[str, Any]] = {
    "negatives": {"shared_per_prompt": 0},
    "generate": {"format": "png", "swap": None},
}
# Parts of a stage that are on or off as a stage is.
_OPTIONS = {"finetune": ("sweep", "early_stop"), "generate": ("swap",)}
_ADAPTER: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def recipe_from(values: dict[str, Any]) -> Recipe:
    """A recipe from plain values, as JSON or TOML give them.

    A stage given as `false` is off, as are finetune's sweep and early_stop and generate's swap; one left out has its
    defaults.

    Raises BadRecipe with one sentence for each value that does not fit, naming it by its path.
    """
    plain = {name: None if value is False else value for name, value in values.items()}
    for stage, options in _OPTIONS.items():
        if isinstance(parts := plain.get(stage), dict):
            plain[stage] = {
                name: None if name in options and value is False else value for name, value in parts.items()
            }
    try:
        return _ADAPTER.validate_python(plain)
    except ValidationError as error:
        raise BadRecipe([_sentence(problem) for problem in error.errors()]) from None


def kept_recipe(values: dict[str, Any]) -> Recipe:
    """A recipe that was kept with every parameter there was: those that came later are as if they were not there."""
    return recipe_from(
        {name: CAME_LATER.get(name, {}) | value if isinstance(value, dict) else value for name, value in values.items()}
    )


def recipe_from_toml(text: str) -> Recipe:
    """A recipe from the text of a TOML file. Raises BadRecipe, naming the line where the file is no TOML."""
    try:
        return recipe_from(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe([f"This is no valid TOML: {error}."]) from None


def as_plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON-ready values with every parameter spelled out; `recipe_from` takes it back."""
    return {name: False if value is None else value for name, value in asdict(recipe).items()}


def differences(one: Recipe, other: Recipe) -> list[tuple[str, Any, Any]]:
    """Where two recipes differ: (path, value in one, value in the other), in the order of the stages."""
    left, right = _flat(as_plain(one)), _flat(as_plain(other))
    return [
        (path, left.get(path), right.get(path))
        for path in dict.fromkeys([*left, *right])
        if left.get(path) != right.get(path)
    ]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _sentence(problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"] if isinstance(part, str) and part.isidentifier())
    if problem["type"] == "unexpected_keyword_argument":
        return f"There is no parameter {path}."
    told = problem["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(problem["input"], dict | Recipe) else f" (it is {problem['input']!r})"
    return f"{path or 'The recipe'}: {told[0].lower()}{told[1:]}{shown}."
