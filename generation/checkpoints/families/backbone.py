"""A warm image generator whose adapters are swapped: what the families have in common on top of `warm`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from generation.checkpoints.families.adapters import AdapterSlots, Factors, read_adapter
from generation.checkpoints.families.warm import Pixels, Warm, runs, size_of, to_images
from generation.checkpoints.roles import Check, Drawing, Edit, Filling, Sampling, go_on
from generation.checkpoints.sets import Entry
from generation.exceptions import NotPossible

# Under torch.compile: room for this rank, unless the entry's option `adapter_rank` says otherwise.
STANDING_RANK = 64


class WarmBackbone(Warm, ABC):
    """Draws, fills and edits what its family can. One object is every role that has this checkpoint.

    A family says how one pass is done (`_fill`, `_edit`), each giving (n, height, width, 3) of 0 to 1, and what its
    pipeline is told beside sizes and steps (`_told`).
    """

    side: int  # native pixels a side
    token_limit: int
    components: tuple[str, ...]  # names that adapters may target, the denoiser first
    standing: tuple[str, ...]  # ends of the denoiser's layers that are adapted under torch.compile

    def __init__(self, pipeline: Any, entry: Entry, device: str) -> None:
        super().__init__(pipeline, entry, device)
        self._slots = AdapterSlots({name: getattr(pipeline, name) for name in self.components})
        self._adapters = 0
        if self.device.type == "cpu":
            # Convolutions that read channels last decode in 0.88 of the time there.
            pipeline.vae.to(memory_format=torch.channels_last)
        if self.compiled:
            self._slots.stand(self._standing_layers(), int(entry.options.get("adapter_rank", STANDING_RANK)))

    def to(self, device: str) -> None:
        super().to(device)
        self._slots.move(self.device)

    def draw(self, drawings: Sequence[Drawing], sampling: Sampling, *, check: Check = go_on) -> list[Image.Image]:
        """One image per drawing, in one pass. Raises NotPossible for sizes or schedulers that do not fit."""
        return to_images(self.pixels(drawings, sampling, check=check))

    def pixels(self, drawings: Sequence[Drawing], sampling: Sampling, *, check: Check = go_on) -> Pixels:
        """`draw` before rounding: (n, height, width, 3), 0 to 1."""
        self._slots.rows([drawing.adapter for drawing in drawings], self._adapters)
        return self._draw(drawings, sampling, check)

    def fill(self, fillings: Sequence[Filling], sampling: Sampling, *, check: Check = go_on) -> list[Image.Image]:
        """One image per filling, at its own size unless the sampling names one.

        Those of one size are one pass. Sizes that do not divide by `multiple` are drawn at the nearest that does.
        """
        filled: dict[int, Image.Image] = {}
        self._slots.rows([0], self._adapters)
        sizes = [_target(filling.image.size, sampling) for filling in fillings]
        for places in runs([(size, filling.control is None) for size, filling in zip(sizes, fillings, strict=True)]):
            size = sizes[places[0]]
            canvas = _divisible(size, self.multiple)
            fitted = [_fitted(fillings[place], canvas) for place in places]
            for place, image in zip(places, to_images(self._fill(fitted, sampling, check)), strict=True):
                filled[place] = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
        return [filled[place] for place in range(len(fillings))]

    def edit(self, edits: Sequence[Edit], sampling: Sampling, *, check: Check = go_on) -> list[Image.Image]:
        """One image per edit; those with the same references are one pass. Raises NotPossible."""
        edited: dict[int, Image.Image] = {}
        self._slots.rows([0], self._adapters)
        for places in runs([tuple(id(reference) for reference in edit.references) for edit in edits]):
            pixels = self._edit([edits[place] for place in places], sampling, check)
            edited |= dict(zip(places, to_images(pixels), strict=True))
        return [edited[place] for place in range(len(edits))]

    @contextmanager
    def adapted(self, *adapters: bytes) -> Iterator[None]:
        """Inside, drawings have these LoRAs; outside, the base is what it was, to the last bit."""
        if self._adapters:
            raise NotPossible("Adapters are in already; leave the first `adapted` before the next.")
        read = [read_adapter(adapter) for adapter in adapters]
        with self._held(read):
            self._adapters = len(adapters)
            try:
                yield
            finally:
                self._adapters = 0

    @contextmanager
    def _held(self, adapters: list[dict[str, Factors]]) -> Iterator[None]:
        if not self.compiled:
            with self._slots.holding(adapters, self.device):
                yield
            return
        inner, outer = zip(*(self._split(adapter) for adapter in adapters), strict=True)
        with self._slots.holding(list(outer), self.device):
            if self._slots.fits_standing(list(inner)):
                with self._slots.filling(inner[0]):
                    yield
            else:
                # What was compiled knows nothing of hooks that came later.
                with torch.compiler.set_stance("force_eager"), self._slots.holding(list(inner), self.device):
                    yield

    def _split(self, adapter: dict[str, Factors]) -> tuple[dict[str, Factors], dict[str, Factors]]:
        """The denoiser's part, which may be compiled, and that of the text encoders, which never are."""
        prefix = self.components[0] + "."
        inner = {name: factors for name, factors in adapter.items() if name.startswith(prefix)}
        return inner, {name: factors for name, factors in adapter.items() if name not in inner}

    def _standing_layers(self) -> list[str]:
        layers = (name for name, layer in self.denoiser.named_modules() if isinstance(layer, nn.Linear))
        return [f"{self.components[0]}.{name}" for name in layers if name.endswith(self.standing)]

    def _draw(self, drawings: Sequence[Drawing], sampling: Sampling, check: Check) -> Pixels:
        width, height = size_of(sampling, self.side, self.multiple)
        words = [drawing.prompt for drawing in drawings]
        seeds = [drawing.seed for drawing in drawings]
        pixels: Pixels = self.call(
            self.pipeline, sampling, check, width=width, height=height, **self._told(words, seeds, sampling)
        ).images
        return pixels

    @abstractmethod
    def _fill(self, fillings: Sequence[Filling], sampling: Sampling, check: Check) -> Pixels: ...

    @abstractmethod
    def _edit(self, edits: Sequence[Edit], sampling: Sampling, check: Check) -> Pixels: ...

    @abstractmethod
    def _told(self, words: list[str], seeds: list[int], sampling: Sampling) -> dict[str, Any]: ...


def mask_image(filling: Filling) -> Image.Image:
    """White where it is to be drawn anew."""
    return Image.fromarray(filling.mask.astype(np.uint8) * 255)


def _target(size: tuple[int, int], sampling: Sampling) -> tuple[int, int]:
    return sampling.width or size[0], sampling.height or size[1]


def _divisible(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    width, height = (max(round(side / multiple), 1) * multiple for side in size)
    return width, height


def _fitted(filling: Filling, canvas: tuple[int, int]) -> Filling:
    if filling.mask.shape[::-1] != filling.image.size:
        raise NotPossible(f"A mask of {filling.mask.shape[::-1]} pixels is not for a picture of {filling.image.size}.")
    if filling.image.size == canvas:
        return filling
    # Nearest, not area: what is to be redrawn stays redrawn, and thin masks do not vanish.
    mask = np.asarray(mask_image(filling).resize(canvas, Image.Resampling.NEAREST)) > 127
    image = filling.image.resize(canvas, Image.Resampling.LANCZOS)
    return Filling(image, mask, filling.prompt, filling.seed, filling.control)
