"""The set's pipeline put together, and sheets of what it draws: one prompt and seed a tile, the same ones each time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from generation.mini.diffusion import scheduler
from generation.world.captions import caption
from generation.world.sampling import sample_scene, sample_thing
from generation.world.scenes import CONTEXTS, FAMILIES, HELD_OUT, Scene

_PIPELINE: Any = StableDiffusionPipeline  # its methods have no types


def pipeline_of(vae: Any, text_encoder: Any, tokenizer: Any, unet: Any) -> Any:
    """Stable Diffusion's own pipeline over the set's models, without a safety checker."""
    made = _PIPELINE(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.set_progress_bar_config(disable=True)
    return made


def asked_scenes(count: int) -> list[Scene]:
    """Held-out scenes whose captions are drawn: every family, and every context as often, in turn."""
    return [_asked(place) for place in range(count)]


@torch.inference_mode()
def draw(  # noqa: PLR0913 - the numbers of a sampling
    pipeline: Any, prompts: Sequence[str], *, seed: int = 0, steps: int = 20, guidance: float = 3.0, batch: int = 24
) -> Tensor:
    """Pictures in uint8 (n, side, side, 3); the seed of each is `seed` and its place."""
    made: list[Tensor] = []
    for first in range(0, len(prompts), batch):
        some = list(prompts[first : first + batch])
        generators = [torch.Generator().manual_seed(seed + first + place) for place in range(len(some))]
        pixels = pipeline(
            some, num_inference_steps=steps, guidance_scale=guidance, generator=generators, output_type="np"
        ).images
        made.append(torch.from_numpy((np.asarray(pixels) * 255).round().astype(np.uint8)))
    return torch.cat(made)


def sheet(images: Tensor, columns: int, enlarged: int = 2) -> Image.Image:
    """Pictures in uint8 (n, h, w, 3) as one, row by row; the last row is filled up in grey."""
    missing = -len(images) % columns
    whole = torch.cat([images, torch.full((missing, *images.shape[1:]), 128, dtype=torch.uint8)])
    rows = whole.reshape(-1, columns, *whole.shape[1:]).permute(0, 2, 1, 3, 4).flatten(2, 3).flatten(0, 1)
    picture = Image.fromarray(rows.contiguous().numpy())
    return picture.resize((picture.width * enlarged, picture.height * enlarged), Image.Resampling.NEAREST)


def save_sheet(images: Tensor, path: Path, columns: int = 8) -> None:
    """Writes the sheet as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet(images, columns).save(path)


def captions_of(scenes: Sequence[Scene]) -> list[str]:
    """What is asked for, in words."""
    return [caption(scene) for scene in scenes]


def _asked(place: int) -> Scene:
    """A row of eight contexts for each family; a product of its own for each."""
    family = FAMILIES[place // len(CONTEXTS) % len(FAMILIES)]
    seed = HELD_OUT + 70_000 + place
    return sample_scene(seed, sample_thing(seed, family), CONTEXTS[place % len(CONTEXTS)], "plain")
