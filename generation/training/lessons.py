"""A product's images and captions as tensors, ready to be drawn from: what is slow about them happens here, once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from generation.files import Files, Mask
from generation.memory import perceivers
from generation.records import Picture
from generation.seeds import seed_for
from generation.training.caches import TensorCache, Tensors, key_of
from generation.training.denoisers import Denoiser, fingerprint
from generation.training.moments import Words, stacked

AT_ONCE = 4  # pictures in one pass of the VAE, prompts in one of the text encoder, as long as there is memory


@dataclass(frozen=True)
class Sample:
    """One training image and its words as the model reads them. `mask` is the product's, for a masked loss."""

    picture: Picture
    prompt: str
    mask: Picture | None = None


@dataclass(frozen=True)
class Crop:
    """The square of a picture that is trained on, in its pixels."""

    left: int
    top: int
    side: int


@dataclass(frozen=True)
class Lesson:
    """n samples, encoded. Latents and masks are (n, …); `words` has a row for each different prompt."""

    means: Tensor
    deviations: Tensor
    frames: Tensor  # (n, 6), see Denoiser.predict
    prompts: list[str]  # the different ones
    which: Tensor  # (n,) the row of `words` or place in `prompts` of each sample
    words: Words  # empty when the text encoder trains, as they change with every step
    weights: Tensor | None = None  # (n, 1, height, width), how much each latent pixel counts; mean 1 a sample

    def __len__(self) -> int:
        return len(self.means)

    def place(self, seed: int, position: int) -> int:
        """The sample at a position of the endless stream in which each epoch is a new order of all samples."""
        epoch, within = divmod(position, len(self))
        generator = torch.Generator().manual_seed(derived(seed, "order", epoch))
        return int(torch.randperm(len(self), generator=generator)[within])


def derived(seed: int, *parts: object) -> int:
    """A seed for one purpose of a training, whoever trains beside it."""
    return seed_for(seed, "finetune", " ".join(str(part) for part in parts))


@dataclass(frozen=True)
class Encoding:
    """How samples become a lesson."""

    denoiser: Denoiser
    files: Files
    cache: TensorCache
    side: int
    unmasked_weight: float | None = None  # of pixels outside the product; None: no masked loss
    keep_words: bool = True
    at_once: int = AT_ONCE
    check: Callable[[], None] = field(default=lambda: None)  # called between passes; may raise

    def lesson(self, samples: Sequence[Sample]) -> Lesson:
        """Encode the samples, or take what the cache has of them."""
        crops = [self._crop(sample) for sample in samples]
        latents = self._latents(samples, crops)
        prompts = list(dict.fromkeys(sample.prompt for sample in samples))
        device = self.denoiser.device
        weights = None if self.unmasked_weight is None else self._weights(samples, crops, latents[0]["mean"])
        return Lesson(
            means=torch.stack([one["mean"] for one in latents]).to(device),
            deviations=torch.stack([one["deviation"] for one in latents]).to(device),
            frames=torch.stack([_frame(s.picture, c, self.side) for s, c in zip(samples, crops, strict=True)]),
            prompts=prompts,
            which=torch.tensor([prompts.index(sample.prompt) for sample in samples]),
            words=self.words(prompts) if self.keep_words else {},
            weights=None if weights is None else weights.to(device),
        )

    def words(self, prompts: Sequence[str]) -> Words:
        """What the frozen text encoders make of the prompts, a row each, on the device."""
        readers = [fingerprint(reader) for reader in self.denoiser.readers]
        keys = [key_of("words", self.denoiser.family, readers, prompt) for prompt in prompts]
        found = self.cache.many(keys, lambda places: self._read([prompts[place] for place in places]))
        return {part: value.to(self.denoiser.device) for part, value in stacked(found).items()}

    def _read(self, prompts: list[str]) -> list[Tensors]:
        made: list[Tensors] = []
        with torch.no_grad():
            for start in range(0, len(prompts), self.at_once):
                self.check()
                few = prompts[start : start + self.at_once]
                words = self._passed(few, self.denoiser.words)
                rows = len(next(iter(words.values())))
                made += [{part: value[row : row + 1] for part, value in words.items()} for row in range(rows)]
        return made

    def _latents(self, samples: Sequence[Sample], crops: Sequence[Crop]) -> list[Tensors]:
        vae = fingerprint(self.denoiser.encoder)
        keys = [
            key_of("latents", sample.picture.sha256, vae, self.side, crop.left, crop.top, crop.side)
            for sample, crop in zip(samples, crops, strict=True)
        ]

        def encode(places: list[int]) -> list[Tensors]:
            made: list[Tensors] = []
            for start in range(0, len(places), self.at_once):
                self.check()
                few = places[start : start + self.at_once]
                pixels = torch.stack([self._pixels(samples[place], crops[place]) for place in few])
                moments = self._passed(pixels, self.denoiser.moments)
                made += [{"mean": m.mean, "deviation": m.deviation} for m in moments]
            return made

        return self.cache.many(keys, encode)

    def _passed(self, few: Any, encode: Callable[[Any], Any]) -> Any:
        """One pass. Lack of memory is raised in a way that the job begins again with half as many at once."""
        return perceivers("the encoding of training images").work(len(few), lambda: encode(few))

    def _crop(self, sample: Sample) -> Crop:
        width, height = sample.picture.width, sample.picture.height
        if width == height:
            return Crop(0, 0, width)
        return square(width, height, None if sample.mask is None else self.files.mask(sample.mask))

    def _pixels(self, sample: Sample, crop: Crop) -> Tensor:
        """(3, side, side), -1 to 1."""
        image = _cut(self.files.image(sample.picture), sample.picture, crop, self.side, Image.Resampling.LANCZOS)
        return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float().div_(127.5).sub_(1)

    def _weights(self, samples: Sequence[Sample], crops: Sequence[Crop], latent: Tensor) -> Tensor:
        rows = [self._weight(sample, crop, latent.shape[-1]) for sample, crop in zip(samples, crops, strict=True)]
        return torch.stack(rows).unsqueeze(1)

    def _weight(self, sample: Sample, crop: Crop, cells: int) -> Tensor:
        """(cells, cells): 1 in the product, the lower weight outside, then scaled to a mean of 1.

        Unscaled, a small product would train at a lower rate than a large one.
        """
        if sample.mask is None or self.unmasked_weight is None:
            return torch.ones(cells, cells)
        mask = Image.fromarray(self.files.mask(sample.mask).astype(np.uint8) * 255)
        cut = _cut(mask, sample.picture, crop, cells, Image.Resampling.BOX)
        share = np.asarray(cut, dtype=np.float32) / 255
        weight = torch.from_numpy(self.unmasked_weight + (1 - self.unmasked_weight) * share)
        mean = weight.mean()
        return weight / mean if mean > 0 else torch.ones(cells, cells)


def square(width: int, height: int, mask: Mask | None) -> Crop:
    """The largest square of a picture, moved along its longer side so that the product is as near its middle as can be.

    The mask, (height, width), may have another size than the picture; without one, the middle is taken.
    """
    side = min(width, height)
    spare = max(width, height) - side
    start = spare // 2
    if mask is not None and mask.any():
        along = np.flatnonzero(mask.any(axis=0 if width > height else 1))
        scale = max(width, height) / (mask.shape[1] if width > height else mask.shape[0])
        middle = (int(along[0]) + int(along[-1]) + 1) / 2 * scale
        start = round(min(max(middle - side / 2, 0), spare))
    return Crop(start, 0, side) if width > height else Crop(0, start, side)


def _cut(image: Image.Image, picture: Picture, crop: Crop, side: int, way: Image.Resampling) -> Image.Image:
    """The crop of a picture, or of its mask at a size of its own, as a square of `side` pixels."""
    wide, high = image.width / picture.width, image.height / picture.height
    box = (crop.left * wide, crop.top * high, (crop.left + crop.side) * wide, (crop.top + crop.side) * high)
    return image.resize((side, side), way, box=box)


def _frame(picture: Picture, crop: Crop, side: int) -> Tensor:
    """SDXL's size conditioning (arXiv 2307.01952, 2.2): original size, crop in target pixels, target size."""
    scale = side / crop.side
    return torch.tensor(
        [picture.height, picture.width, round(crop.top * scale), round(crop.left * scale), side, side]
    ).float()
