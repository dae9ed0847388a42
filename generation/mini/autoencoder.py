"""The autoencoder: 64 px to 16 x 16 latents of four channels (AutoencoderKL, a quarter of the side), and back.

It starts from what a linear code can do: the encoder is first regressed to the whitened principal components of the
4 x 4 patches while the decoder learns to draw from those, and only then do both go on together. Trained at once from
chance, the same net stays far below the linear code for as long as this start takes in all.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from generation.mini.pictures import as_images, as_pixels, psnr
from generation.mini.training import Numbers, Plan, Weights, batch_of

LATENTS = 4
_AUTOENCODER: Any = AutoencoderKL  # its methods have no types
_LOG_VARIANCE = -7.0  # the posterior's, everywhere: latents of variance one are drawn with a deviation of 0.03


@dataclass(frozen=True)
class Sizes:
    """The net's sizes: channels at full, half and a quarter of the side."""

    channels: tuple[int, ...] = (16, 32, 64)
    layers: int = 1
    groups: int = 1  # fewer than 16 channels in a group make channels-last bfloat16 ten times slower
    side: int = 64
    linear_steps: int = 500  # of the start
    sharpness: float = 0.25  # weight of the error between neighbouring pixels' differences


def build(sizes: Sizes) -> Any:
    """The net with weights by chance; its posterior's deviation is settled, and so are the 1 x 1 convolutions."""
    count = len(sizes.channels)
    net = _AUTOENCODER(
        in_channels=3,
        out_channels=3,
        latent_channels=LATENTS,
        down_block_types=("DownEncoderBlock2D",) * count,
        up_block_types=("UpDecoderBlock2D",) * count,
        block_out_channels=sizes.channels,
        layers_per_block=sizes.layers,
        norm_num_groups=sizes.groups,
        sample_size=sizes.side,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )
    with torch.no_grad():
        net.encoder.conv_out.weight[LATENTS:] = 0
        net.encoder.conv_out.bias[LATENTS:] = _LOG_VARIANCE
        for convolution in (net.quant_conv, net.post_quant_conv):
            nn.init.dirac_(convolution.weight)
            nn.init.zeros_(convolution.bias)
            convolution.requires_grad_(False)
    return net.to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class LinearCode:
    """The best linear code of patches: `basis` (channels, 3 x patch x patch), its rows of length one, and scales."""

    mean: Tensor
    basis: Tensor
    scales: Tensor  # (channels,) deviation along each row
    patch: int = 4

    def encode(self, pixels: Tensor) -> Tensor:
        """(n, 3, h, w) to codes (n, channels, h / patch, w / patch) of variance one."""
        flat = functional.unfold(pixels, self.patch, stride=self.patch).transpose(1, 2) - self.mean
        codes = (flat @ self.basis.T / self.scales).transpose(1, 2)
        return codes.reshape(*codes.shape[:2], pixels.shape[2] // self.patch, pixels.shape[3] // self.patch)

    def decode(self, codes: Tensor) -> Tensor:
        """The pixels that codes stand for."""
        flat = (codes.flatten(2).transpose(1, 2) * self.scales) @ self.basis + self.mean
        size = (codes.shape[2] * self.patch, codes.shape[3] * self.patch)
        return functional.fold(flat.transpose(1, 2), size, self.patch, stride=self.patch)


def linear_code(pixels: Tensor, channels: int = LATENTS, patch: int = 4) -> LinearCode:
    """The principal components of the pictures' patches."""
    flat = functional.unfold(pixels, patch, stride=patch).transpose(1, 2).flatten(0, 1).double()
    mean = flat.mean(0)
    values, vectors = torch.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))
    best = values.argsort(descending=True)[:channels]
    basis = vectors[:, best].T
    signs = torch.where(basis.sum(1) < 0, -1.0, 1.0).double()  # or the library would choose them
    basis = basis * signs[:, None]
    return LinearCode(mean.float(), basis.float().contiguous(), values[best].clamp(min=1e-12).sqrt().float(), patch)


class AutoencoderTask:
    """Trains the net on pictures in uint8 (n, side, side, 3)."""

    def __init__(self, images: Tensor, sizes: Sizes, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.net = build(sizes)
        self.modules: dict[str, nn.Module] = {"vae": self.net}
        self.sizes = sizes
        self.code = linear_code(as_pixels(images[:: max(1, len(images) // 500)]))
        self._images = images

    def settings(self) -> dict[str, Any]:
        return asdict(self.sizes)

    def loss(self, step: int, plan: Plan, generator: torch.Generator) -> tuple[Tensor, Numbers]:
        pixels = as_pixels(self._images[batch_of(len(self._images), plan, step)])
        mirrored = torch.rand(len(pixels), generator=generator) < 0.5
        pixels[mirrored] = pixels[mirrored].flip(3)
        with torch.autocast("cpu", torch.bfloat16):
            latents = self.net.encode(pixels).latent_dist.mean
        latents = latents.float()
        starts = step < self.sizes.linear_steps
        codes = self.code.encode(pixels) if starts else latents
        shaken = codes + torch.randn(latents.shape, generator=generator) * 0.03
        with torch.autocast("cpu", torch.bfloat16):
            drawn = self.net.decode(shaken).sample
        drawn = drawn.float()
        error = drawn - pixels
        loss = error.abs().mean() + 4 * error.square().mean() + self.sizes.sharpness * _differences(error)
        numbers = {"psnr": float(-10 * (error.detach().square().mean() / 4).log10())}
        if starts:
            off = (latents - codes).square().mean()
            return loss + off, {**numbers, "code_error": float(off.detach())}
        # Scales of latents that wander would make the shaking mean less and less.
        return loss + 0.01 * latents.square().mean((0, 2, 3)).log().square().mean(), {**numbers, "code_error": 0.0}


def _differences(error: Tensor) -> Tensor:
    """The mean absolute error of what changes from a pixel to the next."""
    return error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()


@torch.no_grad()
def settle(net: Any, images: Tensor) -> None:
    """Bakes the latents' means and deviations over the pictures into the 1 x 1 convolutions: zero and one from here.

    Pixels stay what they are. `scaling_factor` stays 1, so that a pipeline needs no number beside the weights.
    """
    means = torch.cat([_encoded(net, part) for part in torch.split(images, 64)]).transpose(0, 1).flatten(1)
    centre, scale = means.mean(1), means.std(1)
    into, out = net.quant_conv, net.post_quant_conv
    into.weight[:LATENTS] /= scale[:, None, None, None]
    into.bias[:LATENTS] = (into.bias[:LATENTS] - centre) / scale
    into.bias[LATENTS:] -= 2 * scale.log()
    out.bias += (out.weight[:, :, 0, 0] * centre).sum(1)
    out.weight *= scale[None, :, None, None]


def encoded(net: Any, images: Tensor, batch: int = 64) -> Tensor:
    """(n, 4, side / 4, side / 4) latents of pictures in uint8: the means, scaled as pipelines do it."""
    with torch.no_grad():
        means = [_encoded(net, part) for part in torch.split(images, batch)]
        return torch.cat(means) * float(net.config.scaling_factor)


def drawn(net: Any, latents: Tensor, batch: int = 32) -> Tensor:
    """The pictures (uint8) that latents stand for."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        parts = (latents / net.config.scaling_factor).split(batch)
        return torch.cat([as_images(net.decode(part.contiguous()).sample) for part in parts])


@dataclass(frozen=True)
class Fidelity:
    """Mean PSNR in dB on held-out renders (higher is better), and the linear code's for comparison."""

    psnr: float
    psnr_of_linear: float
    worst: float
    pictures: int


def evaluate(net: Any, images: Tensor, code: LinearCode | None = None) -> Fidelity:
    """How well pictures come back. Without a linear code, that of these very pictures is taken: its best case."""
    code = code or linear_code(as_pixels(images))
    back = psnr(images, drawn(net, encoded(net, images)))
    linear = psnr(images, as_images(code.decode(code.encode(as_pixels(images)))))
    return Fidelity(float(back.mean()), float(linear.mean()), float(back.min()), len(images))


def load(folder: Path) -> Any:
    """A net saved by `save_pretrained`, in float32 and eval mode."""
    return _AUTOENCODER.from_pretrained(folder, local_files_only=True).float().eval()


def from_weights(sizes: Sizes, weights: Weights) -> Any:
    """The net with a training's weights, by their names in a checkpoint."""
    net = build(sizes)
    net.load_state_dict({key.removeprefix("vae."): value for key, value in weights.items() if key.startswith("vae.")})
    return net.eval()


def _encoded(net: Any, images: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        means: Tensor = net.encode(as_pixels(images)).latent_dist.mean
    return means.float()


def side_by_side(net: Any, images: Tensor) -> Sequence[Tensor]:
    """Pictures, and the same after the way through the net."""
    return images, drawn(net, encoded(net, images))
