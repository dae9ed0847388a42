"""What the trainer keeps of an image and of a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Words = dict[str, Tensor]  # by part; each (n, …), one row a prompt


@dataclass(frozen=True)
class Moments:
    """An image's latent distribution, (channels, height, width) each, float32. Drawing anew costs no VAE pass."""

    mean: Tensor
    deviation: Tensor


def stacked(words: Sequence[Words]) -> Words:
    """Several prompts' words in one batch."""
    return {part: torch.cat([one[part] for one in words]) for part in words[0]}
