"""Image-safety filters: Stable Diffusion's concept filter, and an image classifier with the labels normal and nsfw."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import CLIPConfig, CLIPVisionConfig, ViTConfig, ViTForImageClassification

from generation.checkpoints.sets import Entry
from tests.factories.checkpoints.clip import CONFIG

SIDE = 32


def make_tiny_safety(folder: Path, threshold: float = 1.0) -> None:
    """A concept filter; with a threshold of 1, above any cosine, everything is safe, and with one of -1 nothing is."""
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE, patch_size=8
    )
    with torch.random.fork_rng():
        torch.manual_seed(8)
        model = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision.to_dict(), projection_dim=32))
        model.concept_embeds.data.normal_()
        model.special_care_embeds.data.normal_()
    model.concept_embeds_weights.data.fill_(threshold)
    model.special_care_embeds_weights.data.fill_(1.0)
    model.save_pretrained(folder)
    processor = {
        "image_mean": CONFIG["preprocess_cfg"]["mean"],
        "image_std": CONFIG["preprocess_cfg"]["std"],
        "do_center_crop": True,
        "crop_size": SIDE,
        "size": SIDE,
        "resample": 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), "utf-8")


def make_tiny_classifier(folder: Path, nsfw: float = 0.0) -> None:
    """A classifier; `nsfw` is added to that label's logit: 20 makes it sure, -20 sure of the contrary."""
    config = ViTConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE, patch_size=8,
        id2label={0: "normal", 1: "nsfw"}, label2id={"normal": 0, "nsfw": 1},
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(9)
        model: Any = ViTForImageClassification(config)
    model.classifier.bias.data[1] += nsfw
    model.save_pretrained(folder)
    processor = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": SIDE, "width": SIDE}}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), "utf-8")


def safety_entry(folder: Path, family: str = "clip-concepts", **options: object) -> Entry:
    return Entry("safety", family, "", "", "apache-2.0", True, folder, options=dict(options))
