"""Stable Diffusion 1.5 in small: a base, inpainters with 4 and 9 channels, and a ControlNet. 64 px native."""

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    PNDMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel

from tests.factories.checkpoints.tokenizers import CLIP_END, CLIP_START, CLIP_WORDS, clip_tokenizer

SIDE = 64


def tiny_vae(seed: int = 1, **kwargs: Any) -> AutoencoderKL:
    """Eight pixels a latent, as in the real one."""
    torch.manual_seed(seed)
    return AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=SIDE,
        **kwargs,
    )


def tiny_unet(seed: int = 2, **kwargs: Any) -> UNet2DConditionModel:
    torch.manual_seed(seed)
    shape: dict[str, Any] = {
        "sample_size": SIDE // 8,
        "block_out_channels": (16, 32),
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "layers_per_block": 1,
        "cross_attention_dim": 32,
        "attention_head_dim": 4,
        "norm_num_groups": 8,
    }
    return UNet2DConditionModel(**{**shape, **kwargs})


def clip_config(layers: int = 2) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=CLIP_WORDS,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        projection_dim=32,
        bos_token_id=CLIP_START,
        eos_token_id=CLIP_END,
        pad_token_id=CLIP_END,
    )


def tiny_text_encoder(seed: int = 3) -> CLIPTextModel:
    torch.manual_seed(seed)
    return CLIPTextModel(clip_config())


def _scheduler() -> PNDMScheduler:
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def _parts(seed: int, in_channels: int) -> dict[str, Any]:
    return {
        "vae": tiny_vae(seed),
        "text_encoder": tiny_text_encoder(seed + 2),
        "tokenizer": clip_tokenizer(),
        "unet": tiny_unet(seed + 1, in_channels=in_channels),
        "scheduler": _scheduler(),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


def make_tiny_sd(folder: Path) -> None:
    """The base."""
    StableDiffusionPipeline(**_parts(1, 4)).save_pretrained(folder)


def make_tiny_sd_inpainter(folder: Path, channels: int = 9) -> None:
    """An inpainter with 9 channels (latents, mask, masked picture) or 4 (blended step by step)."""
    StableDiffusionInpaintPipeline(**_parts(11, channels)).save_pretrained(folder)


def make_tiny_controlnet(folder: Path) -> None:
    torch.manual_seed(21)
    controlnet = ControlNetModel.from_unet(tiny_unet(), conditioning_embedding_out_channels=(8, 8, 8, 8))
    for parameter in controlnet.parameters():  # its last layers begin as zeros, and would do nothing
        torch.nn.init.normal_(parameter, std=0.2)
    controlnet.save_pretrained(folder)
