"""What a lens does to what lies far behind: a blur that leaves the product, and whatever stands with it, sharp."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def blurred_behind(near: Tensor, far: Tensor, share: Tensor, radius: float) -> Tensor:
    """The picture [3, h, w] with its far part out of focus.

    `near` and `far` [3, h, w] are the two parts' colours, each already weighted by its share of the pixel; `share`
    [h, w] is the far part's. What is near never bleeds into the blur: it is a mean over far colours only. `radius` is
    in pixels.
    """
    spread = _gauss(_gauss(torch.cat([far, share[None]]), radius, across=True), radius, across=False)
    return near + share * spread[:3] / spread[3].clamp(min=1e-6)


def _gauss(channels: Tensor, radius: float, *, across: bool) -> Tensor:
    """Each channel [h, w] blurred one way by a Gaussian of that standard deviation."""
    reach = math.ceil(2.5 * radius)
    offsets = torch.arange(-reach, reach + 1, dtype=channels.dtype, device=channels.device)
    weights = torch.exp(-0.5 * (offsets / radius) ** 2)
    weights = (weights / weights.sum()).view((1, 1, 1, -1) if across else (1, 1, -1, 1))
    sides = (reach, reach, 0, 0) if across else (0, 0, reach, reach)
    padded = functional.pad(channels[:, None], sides, mode="replicate")
    return functional.conv2d(padded, weights)[:, 0]
