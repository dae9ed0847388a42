"""FLUX.2-klein in training: a transformer told by a Qwen3, flow matching. Train the base, serve the distilled one."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from generation.checkpoints.devices import sent
from generation.exceptions import NotPossible
from generation.training.grouped import linear_names
from generation.training.moments import Moments, Words
from generation.training.pipelines import OfPipeline

LEVELS = 1000  # noise levels of training, as in diffusers' trainer for this family


class KleinDenoiser(OfPipeline):
    """A pipeline of FLUX.2-klein. Latents are those that the transformer sees: 2 x 2 patches, normalised."""

    family = "flux2-klein"

    def __init__(self, pipeline: Any, text_tokens: int = 512) -> None:
        super().__init__(pipeline, "transformer")
        self._text_tokens = text_tokens
        self.multiple = 2 * int(pipeline.vae_scale_factor)
        self.roots: dict[str, nn.Module] = {"transformer": pipeline.transformer}

    @property
    def readers(self) -> list[nn.Module]:
        return [self._pipeline.text_encoder]

    @torch.no_grad()
    def moments(self, pixels: Tensor) -> list[Moments]:
        vae = self._pipeline.vae
        mode = _patches(vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode().float())
        mean = vae.bn.running_mean.float().view(1, -1, 1, 1)
        deviation = (vae.bn.running_var.float() + vae.config.batch_norm_eps).sqrt().view(1, -1, 1, 1)
        # The family trains on the mode of the distribution, so there is nothing to draw.
        return [Moments(latent, torch.zeros_like(latent)) for latent in (mode - mean) / deviation]

    def words(self, prompts: Sequence[str]) -> Words:
        hidden, places = self._pipeline.encode_prompt(
            list(prompts), device=self.device, max_sequence_length=self._text_tokens
        )
        return {"hidden": hidden, "places": places.expand(len(prompts), -1, -1)}

    def times(self, count: int, generator: torch.Generator) -> Tensor:
        return 1.0 - torch.randint(0, LEVELS, (count,), generator=generator).float() / LEVELS  # in (0, 1]

    def noised(self, clean: Tensor, noise: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        share = sent(times.to(clean.dtype), clean.device).view(-1, 1, 1, 1)
        return (1 - share) * clean + share * noise, noise - clean

    def predict(self, noisy: Tensor, times: Tensor, words: Words, frames: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        said: Tensor = self._pipeline.transformer(
            hidden_states=noisy.flatten(2).transpose(1, 2),  # (n, height · width, channels)
            timestep=times,
            guidance=None,
            encoder_hidden_states=words["hidden"],
            txt_ids=words["places"],
            img_ids=_places(height, width, frames.device).expand(len(noisy), -1, -1),
            return_dict=False,
        )[0]
        return said[:, : height * width].transpose(1, 2).reshape(noisy.shape)

    def weights(self, times: Tensor, snr_gamma: float | None) -> Tensor:
        if snr_gamma is not None:
            raise NotPossible(
                "min-SNR weighting is for models that predict noise or velocity; klein is a flow. Leave snr_gamma out."
            )
        return torch.ones(len(times))

    def targets(self, text_encoder: bool) -> list[str]:
        if text_encoder:
            raise NotPossible(
                "diffusers loads no adapter on klein's text encoder; set text_encoder = false, or use sd or sdxl."
            )
        # The output layer is a list's first in double blocks and the layer itself in single ones: each by its path.
        model = self._pipeline.transformer
        double = [f"transformer_blocks.{place}.attn.to_out.0" for place in range(len(model.transformer_blocks))]
        single = [
            f"single_transformer_blocks.{place}.attn.{layer}"
            for place in range(len(model.single_transformer_blocks))
            for layer in ("to_qkv_mlp_proj", "to_out")
        ]
        return linear_names("transformer", model, ["to_q", "to_k", "to_v", *double, *single])


def _patches(latents: Tensor) -> Tensor:
    """(n, c, h, w) to (n, 4 c, h / 2, w / 2): the 2 x 2 neighbours of each place become channels."""
    count, channels, height, width = latents.shape
    blocks = latents.reshape(count, channels, height // 2, 2, width // 2, 2)
    return blocks.permute(0, 1, 3, 5, 2, 4).reshape(count, 4 * channels, height // 2, width // 2)


def _places(height: int, width: int, device: torch.device) -> Tensor:
    """(1, height · width, 4): time 0, row, column, layer 0 of each patch."""
    sides = (torch.arange(side, device=device) for side in (height, width))
    rows, columns = torch.meshgrid(*sides, indexing="ij")
    nought = torch.zeros_like(rows)
    return torch.stack([nought, rows, columns, nought], dim=-1).flatten(0, 1).unsqueeze(0)
