"""Random-weight models for `benchmarks/training.py`: a small Stable Diffusion on disk, full-size denoisers on a GPU."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    DDPMScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2Transformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from PIL import Image, ImageDraw
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from tests.factories.checkpoints.tokenizers import CLIP_END, CLIP_START, CLIP_WORDS, clip_tokenizer


def small_sd(folder: Path) -> None:
    """UNet 18 M, VAE 5 M, text encoder 17 M, 256 px native, in the hub's layout."""
    unet = {
        "sample_size": 32,
        "block_out_channels": (64, 128, 256),
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 256,
        "attention_head_dim": 8,
    }
    reader = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 4}
    _save(folder, unet, (32, 64, 128, 128), reader)


def full_sd15(folder: Path) -> None:
    """The architecture of Stable Diffusion 1.5: UNet 0.86 B, 4 GB on disk."""
    reader = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
    _save(folder, {"sample_size": 64, "cross_attention_dim": 768}, (128, 256, 512, 512), reader)


def _save(folder: Path, unet: dict[str, Any], vae: tuple[int, ...], reader: dict[str, Any]) -> None:
    torch.manual_seed(0)
    scheduler = DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1
    )
    words = CLIPTextConfig(
        **reader, vocab_size=CLIP_WORDS, projection_dim=reader["hidden_size"], bos_token_id=CLIP_START,
        eos_token_id=CLIP_END, pad_token_id=CLIP_END,
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=vae, down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=2, sample_size=256,
        ),
        text_encoder=CLIPTextModel(words), tokenizer=clip_tokenizer(), unet=UNet2DConditionModel(**unet),
        scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip


def photos(folder: Path, count: int, side: int = 1024) -> None:
    """JPEGs as a camera's: a shape on a soft ground."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        ground = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8))
        image = ground.resize((side, side), Image.Resampling.BICUBIC)
        x, y = (int(value) for value in rng.integers(side // 10, side // 2, 2))
        ImageDraw.Draw(image).rounded_rectangle([x, y, x + side // 3, y + side // 3], side // 25, fill=(200, 40, 40))
        image.save(folder / f"{number:02d}.jpg", quality=92)


class Shape:
    """A denoiser of an architecture with random weights, without VAE and text encoders, and rows to train it on."""

    def __init__(self, name: str, device: torch.device, dtype: torch.dtype) -> None:
        self.name, self._device, self._dtype = name, device, dtype
        build = {"sd15": _sd15, "sdxl": _sdxl, "klein": _klein, "tiny": _tiny}[name]
        # In its precision from the start: klein alone takes 16 GB in float32.
        usual = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            with device:
                self.pipeline, self.latent, self.words = build()
        finally:
            torch.set_default_dtype(usual)

    @property
    def family(self) -> str:
        return {"klein": "flux2-klein", "sdxl": "sdxl"}.get(self.name, "sd")

    def said(self, rows: int) -> dict[str, Tensor]:
        """Random words for that many rows."""
        return {
            part: torch.zeros(rows, *size, device=self._device)
            if part == "places"
            else torch.randn(rows, *size, device=self._device, dtype=self._dtype)
            for part, size in self.words.items()
        }


Built = tuple[Any, tuple[int, int, int], dict[str, tuple[int, ...]]]


def _pipeline(unet: Any, second: Any = None) -> SimpleNamespace:
    scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    return SimpleNamespace(unet=unet, vae_scale_factor=8, scheduler=scheduler, text_encoder=None, text_encoder_2=second)


def _tiny() -> Built:
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=64, norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )  # fmt: skip
    return _pipeline(unet), (4, 8, 8), {"hidden": (77, 64)}


def _sd15() -> Built:
    """512 px: 0.86 B parameters."""
    return _pipeline(UNet2DConditionModel(sample_size=64, cross_attention_dim=768)), (4, 64, 64), {"hidden": (77, 768)}


def _sdxl() -> Built:
    """1024 px: 2.57 B parameters."""
    unet = UNet2DConditionModel(
        sample_size=128, block_out_channels=(320, 640, 1280), cross_attention_dim=2048, use_linear_projection=True,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10), attention_head_dim=(5, 10, 20), addition_embed_type="text_time",
        addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
    )  # fmt: skip
    return _pipeline(unet, second=torch.nn.Identity()), (4, 128, 128), {"hidden": (77, 2048), "pooled": (1280,)}


def _klein() -> Built:
    """512 px: 3.9 B parameters."""
    transformer = Flux2Transformer2DModel(
        in_channels=128, num_layers=5, num_single_layers=20, attention_head_dim=128, num_attention_heads=24,
        joint_attention_dim=7680, guidance_embeds=False,
    )  # fmt: skip
    pipeline = SimpleNamespace(
        transformer=transformer, vae_scale_factor=8, scheduler=FlowMatchEulerDiscreteScheduler(), text_encoder=None
    )
    return pipeline, (128, 32, 32), {"hidden": (512, 7680), "places": (512, 4)}
