"""Stable Diffusion 1.5 and XL in training: a UNet told by CLIP, epsilon or v prediction."""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import DDPMScheduler
from torch import Tensor, nn

from generation.checkpoints.devices import sent
from generation.exceptions import NotPossible
from generation.training.grouped import linear_names
from generation.training.moments import Moments, Words
from generation.training.pipelines import OfPipeline

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_ATTENTION = ("q_proj", "k_proj", "v_proj", "out_proj")


class UnetDenoiser(OfPipeline):
    """A pipeline of Stable Diffusion; with a second text encoder it is XL."""

    def __init__(self, pipeline: Any) -> None:
        super().__init__(pipeline, "unet")
        self.is_xl = getattr(pipeline, "text_encoder_2", None) is not None
        self.family = "sdxl" if self.is_xl else "sd"
        self.multiple = int(pipeline.vae_scale_factor)
        encoders = ("text_encoder", "text_encoder_2") if self.is_xl else ("text_encoder",)
        self.roots: dict[str, nn.Module] = {name: getattr(pipeline, name) for name in ("unet", *encoders)}
        kind: Any = DDPMScheduler  # its methods have no types
        scheduler = kind.from_config(pipeline.scheduler.config)
        self._kept: Tensor = scheduler.alphas_cumprod.double()  # share of the signal's variance, by noise level
        self._prediction: str = scheduler.config.prediction_type
        if self._prediction not in ("epsilon", "v_prediction"):
            raise NotPossible(f"The base predicts {self._prediction!r}; training knows epsilon and v_prediction.")

    @property
    def readers(self) -> list[nn.Module]:
        return [model for name, model in self.roots.items() if name != "unet"]

    @torch.no_grad()
    def moments(self, pixels: Tensor) -> list[Moments]:
        vae = self._pipeline.vae
        dtype = vae.dtype
        # SDXL's VAE overflows in float16 (its config says so), and encodes each picture once only.
        upcast = dtype is torch.float16 and vae.config.force_upcast
        if upcast:
            vae.to(torch.float32)
        try:
            drawn = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist
        finally:
            if upcast:
                vae.to(dtype)
        factor, shift = vae.config.scaling_factor, getattr(vae.config, "shift_factor", None) or 0.0
        means, deviations = (drawn.mean.float() - shift) * factor, drawn.std.float() * factor
        return [Moments(mean, deviation) for mean, deviation in zip(means, deviations, strict=True)]

    def words(self, prompts: Sequence[str]) -> Words:
        told = self._pipeline.encode_prompt(
            list(prompts), device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        return {"hidden": told[0], "pooled": told[2]} if self.is_xl else {"hidden": told[0]}

    def times(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.randint(0, len(self._kept), (count,), generator=generator)

    def noised(self, clean: Tensor, noise: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        kept = self._kept[times.cpu()]
        both = torch.stack([kept.sqrt(), (1 - kept).sqrt()]).to(clean.dtype)
        signal, noisy = sent(both, clean.device).view(2, -1, 1, 1, 1)
        target = noise if self._prediction == "epsilon" else signal * noise - noisy * clean
        return signal * clean + noisy * noise, target

    def predict(self, noisy: Tensor, times: Tensor, words: Words, frames: Tensor) -> Tensor:
        added = {"text_embeds": words["pooled"], "time_ids": frames} if self.is_xl else None
        said: Tensor = self._pipeline.unet(noisy, times, words["hidden"], added_cond_kwargs=added, return_dict=False)[0]
        return said

    def weights(self, times: Tensor, snr_gamma: float | None) -> Tensor:
        if snr_gamma is None:
            return torch.ones(len(times))
        kept = self._kept[times.cpu()]
        # A schedule rescaled to end in pure noise has a ratio of 0 there.
        ratio = (kept / (1 - kept)).clamp(min=1e-8)
        below = ratio.clamp(max=snr_gamma)
        return (below / (ratio if self._prediction == "epsilon" else ratio + 1)).float()

    def targets(self, text_encoder: bool) -> list[str]:
        names = linear_names("unet", self.roots["unet"], ATTENTION)
        if text_encoder:
            for root, model in self.roots.items():
                names += linear_names(root, model, TEXT_ATTENTION) if root != "unet" else []
        return names
