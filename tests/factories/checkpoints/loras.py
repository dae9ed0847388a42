"""Adapters with seeded weights large enough to be seen, written as the trainer and diffusers write them."""

import json
from typing import Any

import safetensors.torch
import torch
from torch import nn

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_ATTENTION = ("q_proj", "k_proj", "v_proj", "out_proj")


def layers_of(model: nn.Module, ends: tuple[str, ...]) -> list[tuple[str, nn.Linear]]:
    return [
        (name, layer)
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and any(name == end or name.endswith("." + end) for end in ends)
    ]


def lora_tensors(component: str, layers: list[tuple[str, nn.Linear]], rank: int, seed: int) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, layer in layers:
        tensors[f"{component}.{name}.lora_A.weight"] = torch.randn(rank, layer.in_features, generator=random) * 0.3
        tensors[f"{component}.{name}.lora_B.weight"] = torch.randn(layer.out_features, rank, generator=random) / rank
    return tensors


def lora_bytes(
    backbone: Any, *, rank: int = 4, seed: int = 0, text_encoder: bool = False, config: dict[str, Any] | None = None
) -> bytes:
    """A LoRA on the denoiser's attention, and on the first text encoder's if asked."""
    component = backbone.components[0]
    tensors = lora_tensors(component, layers_of(backbone.denoiser, ATTENTION), rank, seed)
    if text_encoder:
        encoder = backbone.pipeline.text_encoder
        tensors |= lora_tensors("text_encoder", layers_of(encoder, TEXT_ATTENTION), rank, seed + 1)
    told = {f"{component}.{name}": value for name, value in (config or {}).items()}
    return safetensors.torch.save(tensors, {"lora_adapter_metadata": json.dumps(told)} if told else None)
