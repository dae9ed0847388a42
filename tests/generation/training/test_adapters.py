"""Adapters as files: plain diffusers draws with them what we draw, by other tools' keys too; lower ranks come close."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray

from generation.checkpoints.roles import Drawing, Sampling
from generation.exceptions import NotPossible
from generation.recipe import FinetuneConfig
from generation.training.adapters import Adapter, export, labelled, open_adapter, shrink, to_kohya, write_adapter
from generation.training.denoisers import denoiser_of
from generation.training.grouped import AdapterGroup
from generation.training.loop import resident
from generation.training.passes import ready
from tests.factories.checkpoints.makers import load, warm
from tests.factories.training import KINDS, make_config

STABILISED = make_config(rank_stabilised=True, alpha=3.0)
TOLD = {"base": "tiny", "licence": "none"}


def strong_row(group: AdapterGroup, seed: int = 0) -> torch.Tensor:
    return torch.randn(group.size, generator=torch.Generator().manual_seed(seed)) * 0.3


def in_diffusers(kind: str, backbone: Any, data: bytes | None, folder: Path) -> NDArray[np.float32]:
    """One image by the pipeline alone, the adapter loaded by `load_lora_weights` from a file."""
    pipeline = backbone.pipeline
    told: dict[str, Any] = {"prompt": "a photo of sks mug", "num_inference_steps": 2, "height": 64, "width": 64}
    told |= {"guidance_scale": 1.0, "output_type": "np", "generator": torch.Generator().manual_seed(0)}
    if kind == "klein":
        told["max_sequence_length"] = 64
    if data is not None:
        (folder / "adapter.safetensors").write_bytes(data)
        pipeline.load_lora_weights(folder, weight_name="adapter.safetensors")
    image: NDArray[np.float32] = pipeline(**told).images[0]
    if data is not None:
        pipeline.unload_lora_weights()
    return image


def in_training(kind: str, backbone: Any, row: torch.Tensor, config: FinetuneConfig) -> NDArray[np.float32]:
    """The same image by the layers that trained."""
    denoiser = denoiser_of(backbone)
    group = resident(denoiser, config)
    group.fill([row])
    with ready(denoiser, group, config):
        return in_diffusers(kind, backbone, None, Path())


CASES = [(kind, False) for kind in KINDS] + [("sd", True), ("sdxl", True)]


@pytest.mark.parametrize(("kind", "text_encoder"), CASES, ids=str)
def test_plain_diffusers_draws_what_we_trained(kind: str, text_encoder: bool, tmp_path: Path) -> None:
    backbone = load(kind)
    config = make_config(rank_stabilised=True, alpha=3.0, text_encoder=text_encoder)
    group = resident(denoiser_of(backbone), config)
    row = strong_row(group)
    base, ours = in_diffusers(kind, backbone, None, tmp_path), in_training(kind, backbone, row, config)
    data = export(group, row, TOLD)
    assert np.abs(ours - base).max() > 0.01
    assert np.abs(in_diffusers(kind, backbone, data, tmp_path) - ours).max() < 1e-5
    assert np.abs(in_diffusers(kind, backbone, to_kohya(data), tmp_path) - ours).max() < 1e-5
    half = export(group, row, TOLD, half=True)
    assert np.abs(in_diffusers(kind, backbone, half, tmp_path) - ours).max() < 5e-3
    assert len(half) < 0.75 * len(data)


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_generator_takes_it_as_well(kind: str) -> None:
    backbone = warm(kind)
    group = resident(denoiser_of(backbone), STABILISED)
    row = strong_row(group)
    sampling, drawings = Sampling(steps=2, guidance=1.0), [Drawing("a photo of sks mug", 3)]
    group.fill([row])
    with ready(denoiser_of(backbone), group, STABILISED):
        ours = backbone.pixels(drawings, sampling)
    with backbone.adapted(export(group, row, TOLD)):
        assert np.abs(backbone.pixels(drawings, sampling) - ours).max() < 1e-5


def test_half_a_tiny_update_keeps_its_digits() -> None:
    group = resident(denoiser_of(warm("sd")), STABILISED)
    row = strong_row(group)
    for _, _, b in group.matrices(row):
        b.mul_(1e-6)  # as after the first steps
    exact, half = (open_adapter(export(group, row, {}, half=each)).layers for each in (False, True))
    for name, (down, up) in half.items():
        wanted = exact[name][1] @ exact[name][0]
        assert down.dtype is torch.float16
        assert float((up.float() @ down.float() - wanted).norm() / wanted.norm()) < 2e-3


def test_what_is_told_comes_back_and_more_can_be_added() -> None:
    group = resident(denoiser_of(warm("sd")), STABILISED)
    data = labelled(export(group, strong_row(group), TOLD), {"steps": "600"})
    adapter = open_adapter(data)
    assert adapter.metadata == {"format": "pt", **TOLD, "steps": "600"}
    assert adapter.rank == STABILISED.rank
    assert labelled(data, {}) == data


def random_adapter(rank: int = 8) -> Adapter:
    torch.manual_seed(3)
    sizes = {"unet.a.to_q": (20, 30), "unet.b.to_v": (12, 12)}
    return Adapter({name: (torch.randn(rank, i), torch.randn(o, rank)) for name, (i, o) in sizes.items()}, TOLD)


@pytest.mark.parametrize("rank", [1, 3, 7])
def test_a_shrunk_adapter_is_the_nearest_of_its_rank(rank: int) -> None:
    adapter = random_adapter()
    small = open_adapter(shrink(write_adapter(adapter), rank))
    assert small.rank == rank
    for name, (down, up) in small.layers.items():
        whole = adapter.layers[name][1] @ adapter.layers[name][0]
        left_out = torch.linalg.svdvals(whole)[rank:]
        assert float((whole - up @ down).norm()) == pytest.approx(float(left_out.norm()), rel=1e-4)
    assert small.metadata["rank"] == str(rank)
    assert small.metadata["shrunk_from_rank"] == "8"
    assert small.metadata["licence"] == "none"


def test_nothing_is_lost_where_the_update_has_that_rank_already() -> None:
    adapter = random_adapter(rank=3)
    wide = {name: (torch.cat([d, d]), torch.cat([u, u], dim=1) / 2) for name, (d, u) in adapter.layers.items()}
    small = open_adapter(shrink(write_adapter(Adapter(wide, {})), 3))
    for name, (down, up) in small.layers.items():
        assert torch.allclose(up @ down, adapter.layers[name][1] @ adapter.layers[name][0], atol=1e-4)


@pytest.mark.parametrize("rank", [0, 8, 9])
def test_a_rank_that_is_not_lower_is_refused(rank: int) -> None:
    with pytest.raises(NotPossible, match="choose 1 to 7"):
        shrink(write_adapter(random_adapter()), rank)


@pytest.mark.parametrize(
    "data",
    [b"no file", safetensors.torch.save({"weight": torch.zeros(2)}), to_kohya(write_adapter(random_adapter()))],
    ids=["no safetensors", "no adapter", "keys of other tools"],
)
def test_what_is_no_adapter_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(NotPossible):
        open_adapter(data)


def test_keys_of_other_tools() -> None:
    names = [
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0",
        "text_encoder.text_model.encoder.layers.0.self_attn.q_proj",
        "transformer.single_transformer_blocks.3.attn.to_out",
        *(f"transformer.transformer_blocks.1.attn.{layer}" for layer in ("to_q", "to_k", "to_v", "to_out.0")),
    ]
    pairs = {name: (torch.zeros(2, 4), torch.zeros(4, 2)) for name in names}
    tensors = safetensors.torch.load(to_kohya(write_adapter(Adapter(pairs, {}))))
    assert sorted(key for key in tensors if key.endswith(".alpha")) == [
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj.alpha",
        "lora_unet_double_blocks_1_img_attn_proj.alpha",
        "lora_unet_double_blocks_1_img_attn_qkv.alpha",
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0.alpha",
        "lora_unet_single_blocks_3_linear2.alpha",
    ]
    joint = "lora_unet_double_blocks_1_img_attn_qkv"
    assert tensors[f"{joint}.lora_up.weight"].shape == (12, 6)
    assert float(tensors[f"{joint}.alpha"]) == 6
