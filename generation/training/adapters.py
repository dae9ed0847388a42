"""Adapters as files: what plain diffusers loads, what other tools load, and smaller ones of nearly the same effect.

The file is safetensors in the layout of diffusers and peft: `<layer>.lora_A.weight` (rank, in) and
`<layer>.lora_B.weight` (out, rank), `unet.`, `transformer.` or `text_encoder.` first. Whatever scale was trained with
is multiplied into B, so that a loader which knows nothing of alpha or rank stabilisation gets it right.
"""

from dataclasses import dataclass

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from generation.exceptions import NotPossible
from generation.training.grouped import AdapterGroup
from generation.training.packing import metadata_of, pack

_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
Layers = dict[str, tuple[Tensor, Tensor]]  # by path: down (rank, in), up (out, rank)


@dataclass(frozen=True)
class Adapter:
    """An adapter's file, opened."""

    layers: Layers
    metadata: dict[str, str]

    @property
    def rank(self) -> int:
        return max(down.shape[0] for down, _ in self.layers.values())


def export(group: AdapterGroup, row: Tensor, metadata: dict[str, str], *, half: bool = False) -> bytes:
    """One product's row as a file; with `half` in float16, its two factors brought to one magnitude first.

    A freshly trained B is so small that float16 would lose digits of it, while A has room to spare.
    """
    layers: Layers = {}
    for name, a, b in group.matrices(row):
        down, up = a.T, b.T * group.scale
        layers[_filed(name)] = _halved(down, up) if half else (down, up)
    return write_adapter(Adapter(layers, metadata))


def write_adapter(adapter: Adapter) -> bytes:
    """The adapter as the bytes of a safetensors file."""
    tensors: dict[str, Tensor] = {}
    for name, (down, up) in adapter.layers.items():
        tensors |= {name + _DOWN: down.contiguous(), name + _UP: up.contiguous()}
    return pack(tensors, adapter.metadata)


def open_adapter(data: bytes) -> Adapter:
    """An adapter from its file. Raises NotPossible for bytes that are no such file."""
    try:
        tensors = safetensors.torch.load(data)
    except SafetensorError as error:
        raise NotPossible(f"This adapter is no safetensors file: {error}.") from None
    names = [key.removesuffix(_DOWN) for key in tensors if key.endswith(_DOWN)]
    if not names or len(tensors) != 2 * len(names):
        raise NotPossible("This file is no adapter that was trained here: its keys are not pairs of lora_A and lora_B.")
    layers = {name: (tensors[name + _DOWN], tensors[name + _UP]) for name in sorted(names)}
    return Adapter(layers, metadata_of(data))


def labelled(data: bytes, metadata: dict[str, str]) -> bytes:
    """The same adapter, with more told in its metadata."""
    adapter = open_adapter(data)
    return write_adapter(Adapter(adapter.layers, adapter.metadata | metadata))


def shrink(data: bytes, rank: int) -> bytes:
    """The adapter at a lower rank: each layer's update is replaced by the nearest one of that rank.

    By the theorem of Eckart, Young and Mirsky that is its truncated SVD, and the error in the Frobenius norm is the
    root of the sum of squares of the singular values left out. Raises NotPossible where the rank is not lower.
    """
    adapter = open_adapter(data)
    if not 1 <= rank < adapter.rank:
        raise NotPossible(
            f"An adapter of rank {adapter.rank} cannot be shrunk to {rank}; choose 1 to {adapter.rank - 1}."
        )
    layers = {name: _truncated(down, up, rank) for name, (down, up) in adapter.layers.items()}
    told = {"rank": str(rank), "alpha": str(rank), "shrunk_from_rank": str(adapter.rank)}
    return write_adapter(Adapter(layers, adapter.metadata | told))


def to_kohya(data: bytes) -> bytes:
    """The adapter with the keys of kohya's sd-scripts, which ComfyUI, A1111 and others read; alpha is the rank.

    `lora_unet_<path>` and, for text encoders, `lora_te_` (of SDXL `lora_te1_` and `lora_te2_`), dots as underscores;
    FLUX.2 blocks under their original names, with the joint layer for q, k and v as one of three times the rank.
    """
    adapter = open_adapter(data)
    is_xl = any(name.startswith("text_encoder_2.") for name in adapter.layers)
    tensors: dict[str, Tensor] = {}
    for name, (down, up) in _joined(adapter.layers).items():
        key = _kohya_key(name, is_xl)
        tensors |= {
            f"{key}.lora_down.weight": down.contiguous(),
            f"{key}.lora_up.weight": up.contiguous(),
            f"{key}.alpha": torch.tensor(float(down.shape[0])),
        }
    told = {
        "ss_network_dim": str(adapter.rank),
        "ss_network_alpha": str(adapter.rank),
        "ss_network_module": "networks.lora",
    }
    return pack(tensors, adapter.metadata | told)


def _filed(name: str) -> str:
    """A layer's path as files have it: CLIPTextModel lost its inner `text_model` in transformers 5.6, files did not."""
    root, _, path = name.partition(".")
    if root.startswith("text_encoder") and not path.startswith("text_model."):
        return f"{root}.text_model.{path}"
    return name


def _halved(down: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    largest, smallest = down.abs().max(), up.abs().max()
    balance = (largest / smallest).sqrt() if smallest > 0 and largest > 0 else torch.ones(())
    return (down / balance).half(), (up * balance).half()


def _truncated(down: Tensor, up: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best pair of that rank for up @ down, found on small matrices: (out, r) and (r, in) are first made QR."""
    left, left_core = torch.linalg.qr(up.float())  # (out, r), (r, r)
    right, right_core = torch.linalg.qr(down.float().T)  # (in, r), (r, r)
    u, values, v = torch.linalg.svd(left_core @ right_core.T)
    root = values[:rank].sqrt()
    new_up, new_down = left @ u[:, :rank] * root, (right @ v[:rank].T * root).T
    return new_down.to(down.dtype), new_up.to(up.dtype)


def _joined(layers: Layers) -> Layers:
    """FLUX.2's q, k and v as the one layer that they are in its original code, their factors as blocks of one pair."""
    joined: Layers = {}
    for name, pair in layers.items():
        block, _, layer = name.rpartition(".attn.")
        if not name.startswith("transformer.") or layer not in ("to_q", "to_k", "to_v"):
            joined[name] = pair
        elif layer == "to_q":
            three = [layers[f"{block}.attn.{which}"] for which in ("to_q", "to_k", "to_v")]
            down = torch.cat([down for down, _ in three])
            joined[f"{block}.attn.qkv"] = down, torch.block_diag(*(up for _, up in three))  # type: ignore[no-untyped-call]
    return joined


# The names of FLUX.2's layers in its original code.
_ORIGINAL = (
    ("transformer.transformer_blocks.", "double_blocks_"),
    ("transformer.single_transformer_blocks.", "single_blocks_"),
    (".attn.qkv", "_img_attn_qkv"),
    (".attn.to_out.0", "_img_attn_proj"),
    (".attn.to_qkv_mlp_proj", "_linear1"),
    (".attn.to_out", "_linear2"),
)


def _kohya_key(name: str, is_xl: bool) -> str:
    if name.startswith("transformer."):
        for ours, theirs in _ORIGINAL:
            name = name.replace(ours, theirs)
        return f"lora_unet_{name}"
    root, _, path = name.partition(".")
    first = "lora_te1" if is_xl else "lora_te"
    prefix = {"unet": "lora_unet", "text_encoder": first, "text_encoder_2": "lora_te2"}[root]
    return f"{prefix}_{path.replace('.', '_')}"
