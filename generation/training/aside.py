"""Parts of a warm pipeline that training has no use for wait on the CPU, where a card's memory is short.

Images and captions are encoded before the first step. From then on the VAE and the text encoders only take room, of
FLUX.2-klein as much as its transformer does; they come back for as long as validation images are drawn.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from generation.recipe import FinetuneConfig
from generation.training.denoisers import Denoiser

RESTING = torch.device("cpu")


class Aside:
    """These parts of a device, or none of them."""

    def __init__(self, parts: Sequence[nn.Module], device: torch.device) -> None:
        self._parts, self._device = list(parts), device

    @contextmanager
    def away(self) -> Iterator[None]:
        """Inside, the parts are on the CPU."""
        self._move(RESTING)
        try:
            yield
        finally:
            self._move(self._device)

    @contextmanager
    def called_back(self) -> Iterator[None]:
        """Inside `away`, have them on the device for a while."""
        self._move(self._device)
        try:
            yield
        finally:
            self._move(RESTING)

    def _move(self, device: torch.device) -> None:
        for part in self._parts:
            part.to(device)


def idle_in(denoiser: Denoiser, config: FinetuneConfig) -> list[nn.Module]:
    """What of the pipeline such a training does not use once its images and captions are encoded."""
    return [denoiser.encoder, *([] if config.text_encoder else denoiser.readers)]
