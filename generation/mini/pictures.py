"""Pictures in uint8 as the nets take and give them, and how far two of them are apart."""

import torch
from torch import Tensor


def as_pixels(images: Tensor) -> Tensor:
    """uint8 (n, height, width, 3) to (n, 3, height, width) in -1 to 1, as the models take them."""
    return (images.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def as_images(pixels: Tensor) -> Tensor:
    """The way back, rounded and cut to what a picture can hold."""
    return ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous()


def psnr(images: Tensor, others: Tensor) -> Tensor:
    """(n,) peak signal-to-noise ratio in dB between pictures in uint8; higher is better, equal ones give 99."""
    errors = (images.float() - others.float()).square().flatten(1).mean(1)
    return (10 * torch.log10(255.0**2 / errors.clamp(min=1e-9))).clamp(max=99.0)
