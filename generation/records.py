"""What stages take and give: frozen dataclasses of plain values, so that each is stored as JSON and read back equal.

Pictures and other files are named by their key in the store (`generation.files`), never by a path. Boxes are
(left, top, right, bottom) in pixels, right and bottom exclusive. Captions and prompts are templates that hold
`{product}` exactly once: `<token> <noun>` for the product itself, the plain noun for any other of its kind.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter

PLACEHOLDER = "{product}"
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Picture:
    """An image in the store: RGB, or for a mask one channel with 0 or 255."""

    key: str
    sha256: str  # of the file's bytes
    width: int
    height: int


@dataclass(frozen=True)
class MaskPrompt:
    """Where the product is, told by a person or found: a box, and points labelled 1 for product or 0 for ground."""

    box: Box | None = None
    points: tuple[tuple[int, int, Literal[0, 1]], ...] = ()


@dataclass(frozen=True)
class Photo:
    """A reference photo as a stage sees it; `mask` and `caption` are a person's, and win over a stage's own."""

    picture: Picture
    mask: Picture | None = None
    caption: str = ""


@dataclass(frozen=True)
class ProductFacts:
    """What stages may know of a product. `noun` is its type in everyday words: "phone case"."""

    title: str
    noun: str
    photos: tuple[Photo, ...]


@dataclass(frozen=True)
class PhotoMask:
    """The product in one picture. With a `problem`, one plain sentence, there is no mask and a person is asked."""

    picture: Picture
    mask: Picture | None
    box: Box | None
    share: float  # of the picture's area, 0 to 1
    score: float  # the segmenter's predicted IoU, 0 to 1; 1 for a person's mask
    made_by: Literal["automatic", "person"]
    problem: str = ""


@dataclass(frozen=True)
class SegmentResult:
    masks: tuple[PhotoMask, ...]

    @property
    def found(self) -> tuple[PhotoMask, ...]:
        """Those that later stages can work with."""
        return tuple(mask for mask in self.masks if mask.mask is not None)


@dataclass(frozen=True)
class PhotoCutOut:
    """The product of one photo with its edge: `alpha` and its own `colours`, both of the size of `box` in the photo.

    `scale` is what the photo was reduced by first. With a `problem`, one plain sentence, there is no cut-out.
    `quality`, 0 to 1, orders a product's cut-outs.
    """

    picture: Picture
    alpha: Picture | None
    colours: Picture | None
    box: Box | None
    scale: float
    quality: float
    problem: str = ""


@dataclass(frozen=True)
class MatteResult:
    cutouts: tuple[PhotoCutOut, ...]

    @property
    def found(self) -> tuple[PhotoCutOut, ...]:
        """Those that can be placed, best first."""
        there = [cutout for cutout in self.cutouts if cutout.alpha is not None]
        return tuple(sorted(there, key=lambda cutout: -cutout.quality))


@dataclass(frozen=True)
class Caption:
    """A photo in words, as a template: the captioner's, or given by a person or with the photo, as its row says."""

    picture: Picture
    template: str
    made_by: Literal["automatic", "given", "person"]  # "person" in results of former versions, for "given"


@dataclass(frozen=True)
class CaptionResult:
    captions: tuple[Caption, ...]


@dataclass(frozen=True)
class NovelView:
    """One frame of a video made from a photo. Dropped ones keep their picture and say why."""

    source: Picture
    frame: int
    seed: int
    picture: Picture
    mask: Picture | None
    similarity: float  # DINO-I to the source
    seg_similarity: float  # the same between the two cut-outs
    growth: float  # area of the mask over that of the source's, as shares of their pictures
    kept: bool
    reason: str = ""


@dataclass(frozen=True)
class NovelViewsResult:
    views: tuple[NovelView, ...]


@dataclass(frozen=True)
class ContextImage:
    """A photo or a view in a new place; inside `mask` it is the source to the last bit."""

    source: Picture  # the photo that it comes from in the end
    made_from: Picture  # that photo, or a view of it
    template: str
    seed: int
    picture: Picture
    mask: Picture  # the product's, at this picture's size


@dataclass(frozen=True)
class NewContextsResult:
    images: tuple[ContextImage, ...]


@dataclass(frozen=True)
class Negative:
    """An image that is not the product. Its prompt is plain words: no template, no token."""

    kind: Literal["in-class", "counterfactual"]
    source: Picture
    prompt: str
    seed: int
    picture: Picture
    object: str = ""  # what a counterfactual shows in the product's place
    template: str = ""  # the bank's text, of an image that any product of the type may train beside


@dataclass(frozen=True)
class NegativesResult:
    images: tuple[Negative, ...]
    positives_per_negative: float = 2.0  # as the recipe asks; the filter holds it


@dataclass(frozen=True)
class InClassImage:
    """What the base alone made of a prompt of the bank with the plain noun in the product's place."""

    template: str
    prompt: str  # as given to the model
    seed: int
    picture: Picture


Kind = Literal["photo", "novel-view", "new-context", "in-class", "counterfactual"]


@dataclass(frozen=True)
class TrainingImage:
    """One image with what to say of it, judged. Positives' `text` is a template, negatives' plain words."""

    kind: Kind
    source: Picture
    picture: Picture
    mask: Picture | None
    text: str
    scores: dict[str, float]  # clip_i, clip_t, seg_clip_i, iou: those that were measured
    kept: bool
    reason: str = ""

    @property
    def positive(self) -> bool:
        return self.kind in ("photo", "novel-view", "new-context")


@dataclass(frozen=True)
class FilterResult:
    images: tuple[TrainingImage, ...]

    @property
    def kept(self) -> tuple[TrainingImage, ...]:
        return tuple(image for image in self.images if image.kept)


@dataclass(frozen=True)
class ClassImage:
    prompt: str
    seed: int
    picture: Picture


@dataclass(frozen=True)
class ClassImagesResult:
    """Images of a product type by the base alone, for DreamBooth's prior preservation; shared by its products."""

    images: tuple[ClassImage, ...]


@dataclass(frozen=True)
class ValidationImage:
    step: int
    prompt: str
    picture: Picture


@dataclass(frozen=True)
class TokenScore:
    """One candidate of the sweep. `score` is higher for better; `refused` says why it was never tried."""

    token: str
    score: float | None
    steps: int
    refused: str = ""


@dataclass(frozen=True)
class QualityLook:
    """One look of early stopping: cosines, higher is better; diversity is 1 minus the images' mean cosine."""

    step: int
    fidelity: float
    text_alignment: float
    diversity: float


@dataclass(frozen=True)
class FinetuneResult:
    """One LoRA. `adapter` is a safetensors file that plain diffusers loads."""

    adapter: str  # its key in the store
    sha256: str
    bytes: int
    token: str
    rank: int
    steps: int
    steps_saved: int  # by early stopping
    images: int
    loss: tuple[tuple[int, float], ...]  # (step, mean since the point before)
    validation: tuple[ValidationImage, ...] = ()
    sweep: tuple[TokenScore, ...] = ()
    looks: tuple[QualityLook, ...] = ()


@dataclass(frozen=True)
class BackdropLight:
    """Degrees: azimuth 0 from the camera, 90 from the right, 180 from behind; softness 0 hard, 1 from all around."""

    azimuth: float = -40.0
    elevation: float = 50.0
    softness: float = 0.6
    colour: str = "#ffffff"


@dataclass(frozen=True)
class Backdrop:
    """A background: a picture of the bank by its name, or a seller's own in the store (`picture`).

    `words` is a template; `floor`, `horizon` and `widest` are shares of the picture, `fits` centimetres. What stands in
    view "front" has its foot between the two rows of `floor`; "above" lies, "wall" hangs.
    """

    name: str
    sha256: str
    words: str
    context: str = ""
    floor: tuple[float, float] = (0.74, 0.90)
    light: BackdropLight = field(default_factory=BackdropLight)
    horizon: float = 0.4
    view: Literal["front", "above", "wall"] = "front"
    gloss: float = 0.0
    fits: tuple[float, float] = (0.0, 400.0)
    widest: float = 1.0
    picture: Picture | None = None


@dataclass(frozen=True)
class TargetPrompt:
    """What to generate: a template of the bank and a seed; for a swap also the name of its background."""

    template: str
    seed: int
    backdrop: str = ""


@dataclass(frozen=True)
class GeneratedImage:
    """One candidate, or with `dropped` what the image-safety filter held back, and why."""

    template: str
    prompt: str  # as given to the model
    seed: int
    picture: Picture
    dropped: str = ""
    quality: float | None = None  # 0 to 1, of a swap's cut-out and contrast; it orders where nothing measures
    mask: Picture | None = None  # where the product is: of a swap, which put it there


@dataclass(frozen=True)
class GenerateResult:
    images: tuple[GeneratedImage, ...]
    scheduler: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def candidates(self) -> tuple[GeneratedImage, ...]:
        return tuple(image for image in self.images if not image.dropped)


@dataclass(frozen=True)
class Metrics:
    """Cosines, each the mean over the product's photos (CLIP-I, DINO-I and the segmented ones) or with the prompt.

    The four segmented ones are None where no product was found in the candidate.
    """

    picture: Picture
    clip_i: float
    clip_t: float
    dino_i: float
    seg_clip_i: float | None
    seg_clip_t: float | None
    seg_dino_i: float | None
    mask: Picture | None

    @property
    def total(self) -> float:
        """The paper's ranking score (2.5)."""
        return self.clip_t + self.clip_i + self.dino_i


@dataclass(frozen=True)
class MeasureResult:
    """`embeddings` is a safetensors file, float16: rows of `clip`, `dino`, `seg_clip`, `seg_dino` and `prompt` in the
    order of `metrics`, and of `photo_clip`, `photo_dino`, `photo_seg_clip`, `photo_seg_dino` in that of the photos."""

    metrics: tuple[Metrics, ...]
    embeddings: str


@dataclass(frozen=True)
class Order:
    """A learned order of a product's images: who made it, each picture's chance to pass (0 to 1) by its SHA-256,
    and the pictures that may not be picked, such as near-duplicates of better ones."""

    ranker: str
    chances: dict[str, float]
    unfit: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """`score` is the sum, None where nothing was measured; the place is then by the pictures' own quality.

    `chance` is what a learned ranker said, where one decided the place.
    """

    picture: Picture
    score: float | None
    place: int  # from 1, best first
    picked: bool
    chance: float | None = None


@dataclass(frozen=True)
class SelectResult:
    """`ranker` is who decided the places; empty: the plain sum, or the pictures' own quality."""

    choices: tuple[Choice, ...]
    ranker: str = ""

    @property
    def picked(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.picked)


Record = TypeVar("Record")


def to_plain(record: Any) -> dict[str, Any]:
    """The record as JSON-ready values."""
    return asdict(record)


def from_plain(kind: type[Record], values: dict[str, Any]) -> Record:
    """The record of that class back from `to_plain`, equal to what it was. Raises pydantic.ValidationError."""
    return TypeAdapter(kind).validate_python(values)
