"""What every family's denoiser takes from its warm pipeline in the same way."""

from typing import Any

import torch
from torch import nn


class OfPipeline:
    """A warm pipeline as the trainer sees it; `denoising` is the part that is trained."""

    def __init__(self, pipeline: Any, denoising: str) -> None:
        self._pipeline = pipeline
        self._denoising: Any = getattr(pipeline, denoising)

    @property
    def device(self) -> torch.device:
        device: torch.device = self._denoising.device
        return device

    @property
    def dtype(self) -> torch.dtype:
        dtype: torch.dtype = self._denoising.dtype
        return dtype

    @property
    def encoder(self) -> nn.Module:
        vae: nn.Module = self._pipeline.vae
        return vae
