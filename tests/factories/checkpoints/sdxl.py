"""Stable Diffusion XL in small: two text encoders, time ids, the penultimate layer; a base and an inpainter."""

from pathlib import Path
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline
from transformers import CLIPTextModelWithProjection

from tests.factories.checkpoints.sd import clip_config, tiny_text_encoder, tiny_unet, tiny_vae
from tests.factories.checkpoints.tokenizers import clip_tokenizer

TIME_DIM = 8


def _parts(seed: int, in_channels: int) -> dict[str, Any]:
    unet = tiny_unet(
        seed + 1,
        in_channels=in_channels,
        cross_attention_dim=64,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_DIM,
        projection_class_embeddings_input_dim=6 * TIME_DIM + 32,
        use_linear_projection=True,
    )
    torch.manual_seed(seed + 3)
    return {
        "vae": tiny_vae(seed, force_upcast=False),
        "text_encoder": tiny_text_encoder(seed + 2),
        "text_encoder_2": CLIPTextModelWithProjection(clip_config(3)),
        "tokenizer": clip_tokenizer(),
        "tokenizer_2": clip_tokenizer(pad="!"),
        "unet": unet,
        "scheduler": EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ),
        "add_watermarker": False,
    }


def make_tiny_sdxl(folder: Path) -> None:
    """The base."""
    StableDiffusionXLPipeline(**_parts(31, 4)).save_pretrained(folder)


def make_tiny_sdxl_inpainter(folder: Path) -> None:
    """Nine channels, as `diffusers/stable-diffusion-xl-1.0-inpainting-0.1`."""
    StableDiffusionXLInpaintPipeline(**_parts(41, 9)).save_pretrained(folder)
