"""DINOs of both generations with their processors' files."""

import json
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import Dinov2Config, Dinov2Model, ViTConfig, ViTModel

from generation.checkpoints.sets import Entry

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
SIZES: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 8}
# As in the files of facebook/dinov2-base and facebook/dino-vitb16, but for the sizes.
PROCESSORS: dict[str, dict[str, Any]] = {
    "dinov2": {
        **IMAGENET, "image_processor_type": "BitImageProcessor", "do_center_crop": True, "resample": 3,
        "crop_size": {"height": 32, "width": 32}, "size": {"shortest_edge": 36},
    },
    "dino": {**IMAGENET, "image_processor_type": "ViTImageProcessor", "resample": 2, "size": 32},
}  # fmt: skip


def make_tiny_dino(folder: Path, family: Literal["dinov2", "dino"] = "dinov2") -> None:
    with torch.random.fork_rng():
        torch.manual_seed(6)
        model: Any = (
            Dinov2Model(Dinov2Config(image_size=32, mlp_ratio=2, **SIZES))
            if family == "dinov2"
            else ViTModel(ViTConfig(image_size=32, intermediate_size=64, **SIZES))
        )
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSORS[family]), "utf-8")


def dino_entry(folder: Path, family: Literal["dinov2", "dino"] = "dinov2", dtype: str = "float32") -> Entry:
    return Entry("dino", family, "", "", "apache-2.0", True, folder, dtype=dtype)
