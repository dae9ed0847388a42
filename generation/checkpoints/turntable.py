"""A pipeline that turns the product of a picture on its spot: the small sets' way to new views.

A UNet2DConditionModel draws the latents of the turned view; it sees the picture's own latents beside the noise and is
told the turn in place of words. It is no video model: each view is drawn for itself, from the picture, and the place
behind the product stays. It does what `StableVideoDiffusionPipeline` does for large sets, with far less training.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils.torch_utils import randn_tensor
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

_PIPELINE: Any = DiffusionPipeline  # its methods have no types
_HARMONICS = 2  # more would leave angles between those that were trained on to chance


def turn_tokens(turns: Tensor, width: int) -> Tensor:
    """(n, 1, width) what the UNet is told of turns in radians: sines and cosines, repeated until the width is full."""
    waves = [wave(turns * time) for time in range(1, _HARMONICS + 1) for wave in (torch.sin, torch.cos)]
    rows = torch.stack(waves, dim=-1)
    return rows.repeat(1, math.ceil(width / rows.shape[-1]))[:, None, :width]


@dataclass(frozen=True)
class Film:
    """`frames`: (1, n, height, width, 3), 0 to 1."""

    frames: NDArray[np.float32]


class TurntablePipeline(_PIPELINE):  # type: ignore[misc]
    """Called as the image-to-video pipelines are; the frames are one full turn, the picture itself the first."""

    def __init__(self, vae: Any, unet: Any, scheduler: Any) -> None:
        super().__init__()
        self.register_modules(vae=vae, unet=unet, scheduler=scheduler)
        self.vae_scale_factor = 2 ** (len(vae.config.block_out_channels) - 1)
        self.image_processor: Any = VaeImageProcessor(vae_scale_factor=self.vae_scale_factor)

    @torch.no_grad()
    def __call__(  # noqa: PLR0913 - the names that pipelines share
        self,
        image: Image.Image,
        *,
        width: int,
        height: int,
        num_frames: int,
        num_inference_steps: int = 20,
        generator: torch.Generator | None = None,
        output_type: str = "np",
        callback_on_step_end: Any = None,
    ) -> Film:
        """One film. `callback_on_step_end` is called after each step, and may end the call by raising."""
        if output_type != "np":
            raise ValueError(f"output_type is {output_type!r}; a turntable gives 'np' only.")
        first = self.image_processor.preprocess(image, height=height, width=width)
        turns = torch.arange(1, num_frames) * (2 * math.pi / num_frames)
        later = self.turned(
            first, turns, steps=num_inference_steps, generator=generator, after_step=callback_on_step_end
        )
        pixels = torch.cat([first.float(), later.cpu()]) / 2 + 0.5
        return Film(pixels.clamp(0, 1).permute(0, 2, 3, 1)[None].numpy())

    @torch.no_grad()
    def turned(
        self, pictures: Tensor, turns: Tensor, *, steps: int, generator: Any = None, after_step: Any = None
    ) -> Tensor:
        """Pixels (n, 3, height, width) in -1 to 1 of views at those turns (n,), of one picture or of one for each."""
        vae, unet = self.vae, self.unet
        factor = vae.config.scaling_factor
        source = vae.encode(pictures.to(vae.device, vae.dtype)).latent_dist.mode() * factor
        source = source.to(unet.dtype).expand(len(turns), -1, -1, -1)
        told = turn_tokens(turns, unet.config.cross_attention_dim).to(unet.device, unet.dtype)
        self.scheduler.set_timesteps(steps, device=unet.device)
        drawn = randn_tensor(source.shape, generator=generator, device=unet.device, dtype=unet.dtype)
        drawn = drawn * self.scheduler.init_noise_sigma
        for number, time in enumerate(self.scheduler.timesteps):
            mixed = torch.cat([self.scheduler.scale_model_input(drawn, time), source], dim=1)
            said = unet(mixed, time, told, return_dict=False)[0]
            drawn = self.scheduler.step(said, time, drawn, return_dict=False)[0]
            if after_step is not None:
                after_step(self, number, time, {})
        pixels: Tensor = vae.decode(drawn.to(vae.dtype) / factor, return_dict=False)[0]
        return pixels.float()
