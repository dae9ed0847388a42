"""What a stage may ask of a model, role by role. Stages know these protocols only; adapters are beside this file.

Images are RGB `PIL.Image`; masks are (height, width) arrays of bool; embeddings are float32 arrays, a unit-length row
each. Whoever calls chooses the batch: an adapter takes all that it is given in one pass, and lack of memory is raised.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.records import MaskPrompt

Mask = NDArray[np.bool_]
Embeddings = NDArray[np.float32]
Check = Callable[[], None]  # called between steps; raises where the work has to stop
Role = Literal[
    "base", "served", "inpainter", "video", "segmenter", "clip", "dino", "captioner", "writer", "safety"
]  # fmt: skip


@dataclass(frozen=True)
class MaskGuess:
    """A mask and the segmenter's own prediction of its IoU with the truth, 0 to 1."""

    mask: Mask
    score: float


class Segmenter(Protocol):
    """Cuts things out of pictures, from points and boxes or by itself.

    `most_on_busy_ground`: the highest score that it gives where the ground is not plain or nothing stands out from it.
    """

    most_on_busy_ground: float

    def embed(self, image: Image.Image) -> bytes:
        """What is slow about a picture, done once: an opaque embedding that `cut` takes, here or in another process."""

    def embed_all(self, images: Sequence[Image.Image]) -> list[bytes]:
        """The same of several pictures in one pass."""

    def cut(self, embedding: bytes, prompt: MaskPrompt) -> list[MaskGuess]:
        """Masks at the picture's size, best first. Raises ValueError for a prompt without any point or box."""

    def everything(self, image: Image.Image) -> list[MaskGuess]:
        """Masks of all there is in the picture, largest first."""


class Clip(Protocol):
    """Images and texts in one space."""

    def images(self, images: Sequence[Image.Image]) -> Embeddings:
        """(n, d) unit rows."""

    def texts(self, texts: Sequence[str]) -> Embeddings:
        """(n, d) unit rows in the space of the images."""


class Dino(Protocol):
    """Images by their look alone."""

    def images(self, images: Sequence[Image.Image]) -> Embeddings:
        """(n, d) unit rows."""


class Captioner(Protocol):
    def describe(self, images: Sequence[Image.Image], instruction: str) -> list[str]:
        """One text per image, as the instruction asks; models that know no instructions describe the image plainly."""


class Writer(Protocol):
    def write(self, instruction: str, *, seed: int) -> str:
        """What a language model answers. The same seed on the same machine gives the same text."""


@dataclass(frozen=True)
class SafetyVerdict:
    """Whether an image may be shown; `reason` in a few words when not."""

    safe: bool
    reason: str = ""


class Safety(Protocol):
    """The image-safety filter: a role of its own, as SDXL, FLUX and Wan have none."""

    def check(self, images: Sequence[Image.Image]) -> list[SafetyVerdict]: ...


@dataclass(frozen=True)
class Sampling:
    """How images are drawn. Width and height in pixels, 0 for the backbone's own; steps of the scheduler."""

    steps: int
    guidance: float
    width: int = 0
    height: int = 0
    negative_prompt: str = ""
    scheduler: Literal["default", "ddim", "dpm++"] = "default"


def go_on() -> None:
    """The check of those who never stop."""


@dataclass(frozen=True)
class Drawing:
    """One image to draw from words. Each has its seed, so that a batch equals its images drawn alone.

    `adapter` says which of those that `adapted` was given, by place: products can share a batch.
    """

    prompt: str
    seed: int
    adapter: int = 0


@dataclass(frozen=True)
class Filling:
    """One image in which everything under `mask` is to be drawn anew. Image and mask have the same size.

    `control` is for inpainters with a ControlNet: edges, depth or what it was trained on.
    """

    image: Image.Image
    mask: Mask
    prompt: str
    seed: int
    control: Image.Image | None = None


@dataclass(frozen=True)
class Edit:
    """One image to draw from reference photos and an instruction."""

    references: tuple[Image.Image, ...]
    prompt: str
    seed: int


class SavesMemory(Protocol):
    def save_memory(self, level: int) -> bool:
        """Trade speed for memory: 0 is none of it, each level saves more. False where there is no such level."""


class ReadsPrompts(Protocol):
    token_limit: int  # where the family cuts

    def token_count(self, prompt: str) -> int:
        """Tokens of the prompt without the ones at both ends."""


class Inpainter(SavesMemory, ReadsPrompts, Protocol):
    """Fills masked parts. Kept pixels may come back changed (through the VAE): stages composite them back."""

    side: int  # native pixels a side
    multiple: int  # sizes divide by it

    def fill(self, fillings: Sequence[Filling], sampling: Sampling, *, check: Check = go_on) -> list[Image.Image]:
        """One image per filling, at its size when the sampling names none."""


class Backbone(SavesMemory, ReadsPrompts, Protocol):
    """An image generator of one family, warm on its device, into which adapters are swapped."""

    family: str
    side: int
    multiple: int
    pipeline: Any  # the diffusers pipeline; the trainer takes its parts

    def draw(self, drawings: Sequence[Drawing], sampling: Sampling, *, check: Check = go_on) -> list[Image.Image]: ...

    def edit(self, edits: Sequence[Edit], sampling: Sampling, *, check: Check = go_on) -> list[Image.Image]:
        """Draw with reference photos. Raises NotPossible for a family that cannot."""

    def adapted(self, *adapters: bytes) -> AbstractContextManager[None]:
        """Inside, `draw` uses these LoRAs (each the bytes of a safetensors file), each drawing its own of them.

        Nothing is reloaded on the way in or out. Raises NotPossible for an adapter of another model.
        """


@dataclass(frozen=True)
class Filming:
    """A video of `frames` frames, begun with a picture."""

    image: Image.Image
    prompt: str
    frames: int
    steps: int
    guidance: float
    seed: int


class Video(SavesMemory, Protocol):
    """Moves the camera around what a picture shows."""

    def film(self, filming: Filming, *, check: Check = go_on) -> list[Image.Image]:
        """At least the frames asked for, at about the picture's aspect; the first is close to the picture itself."""


class Models(Protocol):
    """The models of one set, each loaded when first asked for and free to go when its `with` block ends."""

    def base(self) -> AbstractContextManager[Backbone]:
        """What adapters are trained on."""

    def served(self) -> AbstractContextManager[Backbone]:
        """What adapters are used with: the base itself, or the distilled model of its family."""

    def inpainter(self) -> AbstractContextManager[Inpainter]: ...

    def video(self) -> AbstractContextManager[Video]: ...

    def segmenter(self) -> AbstractContextManager[Segmenter]: ...

    def clip(self) -> AbstractContextManager[Clip]: ...

    def dino(self) -> AbstractContextManager[Dino]: ...

    def captioner(self) -> AbstractContextManager[Captioner]: ...

    def writer(self) -> AbstractContextManager[Writer]: ...

    def safety(self) -> AbstractContextManager[Safety]: ...
