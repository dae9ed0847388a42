"""What stages are given: a product with photos, masks and captions in a store, and the models of a tiny set."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from generation.checkpoints.cache import ModelCache
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Places
from generation.files import Files, FolderStore
from generation.imaging import Mask, box_of, share_of
from generation.records import (
    Caption,
    CaptionResult,
    FinetuneResult,
    Photo,
    PhotoMask,
    ProductFacts,
    SegmentResult,
)
from tests.factories.checkpoints.loras import lora_bytes
from tests.factories.checkpoints.model_set import tiny_set

_KEPT = tempfile.TemporaryDirectory(prefix="vitrine-sets-", ignore_cleanup_errors=True)


@cache
def tiny_models(family: Any = "sd") -> ModelCache:
    """All roles of a tiny set, warm for the whole test process."""
    file = tiny_set(Path(_KEPT.name), family)
    return ModelCache(read_set(str(file), Places(Path(_KEPT.name))), torch.device("cpu"), 4 << 30)


def files_in(folder: Path) -> Files:
    return Files(FolderStore(folder))


def picture_of(number: int, width: int = 96, height: int = 72) -> tuple[Image.Image, Mask]:
    """A bright disc on a quiet ground, and its mask: what the tiny segmenter has learned to find."""
    random = np.random.default_rng(number)
    rows, columns = np.mgrid[:height, :width]
    middle = width * (0.45 + 0.03 * number), height * 0.5
    mask = np.hypot(columns - middle[0], rows - middle[1]) < height * 0.3
    pixels = np.where(mask[..., None], (220, 60 + 20 * number, 40), (40, 60, 110)) + random.normal(
        0, 4, (height, width, 3)
    )
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), mask


def make_product(files: Files, photos: int = 2) -> tuple[ProductFacts, SegmentResult, CaptionResult]:
    """A mug with its photos; each is masked and captioned."""
    shown, masks, captions = [], [], []
    for number in range(photos):
        image, mask = picture_of(number)
        picture = files.put_picture(image)
        shown.append(Photo(picture))
        masks.append(PhotoMask(picture, files.put_mask(mask), box_of(mask), share_of(mask), 0.9, "automatic"))
        captions.append(Caption(picture, f"a red {{product}} on a blue table, photo {number}", "automatic"))
    return ProductFacts("Acme mug", "mug", tuple(shown)), SegmentResult(tuple(masks)), CaptionResult(tuple(captions))


def make_finetuned(files: Files, models: ModelCache, token: str = "sks") -> FinetuneResult:
    """A LoRA of random weights for the set's base."""
    with models.base() as base:
        data = lora_bytes(base)
    key, sha256 = files.put_data(data, "safetensors")
    return FinetuneResult(key, sha256, len(data), token, 4, 10, 0, 8, ())
