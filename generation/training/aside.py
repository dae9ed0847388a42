"""Parts of a warm pipeline that training has no use for wait on the CPU, where a card's memory is short.

Images and captions are encoded before the first step. From then on the VAE and the text encoders only take room, of
FLUX.2-klein as much as its transformer does; they come back for as long as validation images are drawn.
"""

import logging
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from generation.checkpoints.devices import free_memory, is_out_of_memory
from generation.recipe import FinetuneConfig
from generation.training.denoisers import Denoiser

logger = logging.getLogger(__name__)
RESTING = torch.device("cpu")


class Aside:
    """These parts of a device, or none of them."""

    def __init__(self, parts: Sequence[nn.Module], device: torch.device) -> None:
        self._parts, self._device = list(parts), device

    @contextmanager
    def away(self) -> Iterator[None]:
        """Inside, the parts are on the CPU. An error inside lets go of what its frames held before they come back.

        Where there is no room for them even then, that error goes on, and the shelf drops what it has of the model.
        """
        self._move(RESTING)
        try:
            yield
        except BaseException as error:
            if self._parts:
                _let_go(error)
                free_memory(self._device)
                self._move_if_room()
            raise
        self._move(self._device)

    @contextmanager
    def called_back(self) -> Iterator[None]:
        """Inside `away`, have them on the device for a while."""
        self._move(self._device)
        try:
            yield
        finally:
            self._move(RESTING)

    def _move_if_room(self) -> None:
        try:
            self._move(self._device)
        except (RuntimeError, MemoryError) as lack:
            if not is_out_of_memory(lack):
                raise
            logger.warning("no room on %s for the parts that training had put aside", self._device)

    def _move(self, device: torch.device) -> None:
        for part in self._parts:
            part.to(device)


def _let_go(error: BaseException) -> None:
    """Clear the frames that an error went through, and those of the errors it came of: they hold activations."""
    each: BaseException | None = error
    seen: list[BaseException] = []
    while each is not None and each not in seen:
        traceback.clear_frames(each.__traceback__)
        seen.append(each)
        each = each.__cause__ or each.__context__


def idle_in(denoiser: Denoiser, config: FinetuneConfig) -> list[nn.Module]:
    """What of the pipeline such a training does not use once its images and captions are encoded."""
    return [denoiser.encoder, *([] if config.text_encoder else denoiser.readers)]
