"""What training needs of a family of image generators: latents, words, noise, the forward pass and its target.

A `Denoiser` is made from a warm backbone's pipeline and loads nothing. Tensors that are kept (`Moments`, `Words`) are
in the denoiser's own space, one item each, and on whichever device they were made.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from generation.checkpoints.roles import Backbone
from generation.exceptions import NotPossible
from generation.training.klein import KleinDenoiser
from generation.training.moments import Moments, Words
from generation.training.unet import UnetDenoiser

__all__ = ["Denoiser", "Moments", "Words", "denoiser_of", "fingerprint"]


class Denoiser(Protocol):
    """One warm generator, seen by the trainer."""

    family: str
    multiple: int  # pixels: sizes divide by it
    roots: dict[str, nn.Module]  # models that adapters may sit on, by the first part of their keys in a LoRA file

    @property
    def device(self) -> torch.device: ...

    @property
    def dtype(self) -> torch.dtype:
        """What the frozen base computes in."""

    @property
    def encoder(self) -> nn.Module:
        """The VAE: latents of another one mean nothing here."""

    @property
    def readers(self) -> list[nn.Module]:
        """The text encoders."""

    def moments(self, pixels: Tensor) -> list[Moments]:
        """Latent distributions of (n, 3, height, width) in -1 to 1; one forward pass of the VAE, without gradients."""

    def words(self, prompts: Sequence[str]) -> Words:
        """What the denoiser is told of each prompt; with gradients where they are on, for a trained text encoder."""

    def times(self, count: int, generator: torch.Generator) -> Tensor:
        """(count,) noise levels as the family draws them in training."""

    def noised(self, clean: Tensor, noise: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """What goes in at those noise levels, and what should come out."""

    def predict(self, noisy: Tensor, times: Tensor, words: Words, frames: Tensor) -> Tensor:
        """The forward pass. `frames` (n, 6): SDXL's original height and width, top, left, target height and width."""

    def weights(self, times: Tensor, snr_gamma: float | None) -> Tensor:
        """(n,) weight of each sample's loss: min-SNR, arXiv 2303.09556. Raises NotPossible where it has no sense."""

    def targets(self, text_encoder: bool) -> list[str]:
        """The layers that get an adapter, by their key in a LoRA file. Raises NotPossible."""


def denoiser_of(backbone: Backbone) -> Denoiser:
    """The trainer's view of a backbone. Raises NotPossible for a family that cannot be trained."""
    if backbone.family in ("sd", "sdxl"):
        return UnetDenoiser(backbone.pipeline)
    if backbone.family == "flux2-klein":
        return KleinDenoiser(backbone.pipeline, int(getattr(backbone, "text_tokens", 512)))
    raise NotPossible(f"Adapters cannot be trained on the family {backbone.family}; use sd, sdxl or flux2-klein.")


_KNOWN: WeakKeyDictionary[nn.Module, str] = WeakKeyDictionary()
_ENDS = 16  # numbers read at each end of a parameter


def fingerprint(model: nn.Module) -> str:
    """A name for a model by what it is: class, config, and both ends of every parameter. Read once per model.

    Two checkpoints that differ by training differ nearly everywhere, so the ends tell them apart without reading GBs.
    """
    if model not in _KNOWN:
        digest = hashlib.sha256(json.dumps([type(model).__name__, _config(model)], sort_keys=True).encode())
        for name, value in model.named_parameters():
            flat = value.detach().flatten()
            ends = torch.cat([flat[:_ENDS], flat[-_ENDS:]]).float().cpu()
            digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode() + ends.numpy().tobytes())
        _KNOWN[model] = digest.hexdigest()
    return _KNOWN[model]


def _config(model: nn.Module) -> dict[str, str]:
    config: Any = getattr(model, "config", {})
    values = config.to_dict() if hasattr(config, "to_dict") else dict(config)
    # Private entries tell where it was loaded from and by which version.
    return {name: str(value) for name, value in values.items() if not name.startswith("_") and "version" not in name}
