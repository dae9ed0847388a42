"""LoRAs swapped in and out of a warm model. The model itself is never written to, so it is exact again on the way out.

Each targeted layer gets a hook that adds `up(down(x))` to what the layer gives; nothing is merged, no module is
replaced. Rows of a batch can have different adapters, of any rank: products share one warm base, and one pass of it.
Under torch.compile hooks stay in place, and weights are copied into them: another adapter needs no new graph.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional

from generation.exceptions import NotPossible

METADATA_KEY = "lora_adapter_metadata"  # diffusers' own: peft's configs by component, as JSON
_DOWN, _UP, _ALPHA = ".lora_A.weight", ".lora_B.weight", ".alpha"


@dataclass(frozen=True)
class Factors:
    """One layer's LoRA: (rank, in) and (out, rank); the scale, such as alpha / rank, is in `up` already."""

    down: Tensor
    up: Tensor


def read_adapter(data: bytes) -> dict[str, Factors]:
    """Factors by the path of their layer, such as `unet.down_blocks.0.….to_q`, from the bytes of a safetensors file.

    Scales are those that diffusers would use: of its metadata, of `.alpha` entries, else 1. Raises NotPossible for a
    file that is no LoRA of linear layers.
    """
    tensors, metadata = _open(data)
    names = sorted(key.removesuffix(_DOWN) for key in tensors if key.endswith(_DOWN))
    known = {name + end for name in names for end in (_DOWN, _UP, _ALPHA)}
    strange = sorted(set(tensors) - known)
    if not names or strange:
        raise NotPossible(
            f"This is no LoRA in the form of diffusers and peft ({strange[0] if strange else 'it is empty'});"
            " convert it, or train it here."
        )
    return {name: _factors(name, tensors, metadata) for name in names}


def _open(data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        tensors = safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise NotPossible(f"This adapter is no safetensors file: {error}.") from None
    length = int.from_bytes(data[:8], "little")
    told = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    return tensors, json.loads(told.get(METADATA_KEY, "{}"))


def _factors(name: str, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> Factors:
    down, up = tensors[name + _DOWN], tensors.get(name + _UP)
    if up is None or down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
        raise NotPossible(f"The adapter's layer {name} is no pair of matrices of one rank; only linear layers are.")
    scale = _scale(name, down.shape[0], tensors.get(name + _ALPHA), metadata)
    return Factors(down, up if scale == 1 else up * scale)


def _scale(name: str, rank: int, alpha: Tensor | None, metadata: dict[str, Any]) -> float:
    if alpha is not None:
        return float(alpha) / rank
    component, layer = name.split(".", 1)
    config = {key.removeprefix(f"{component}."): value for key, value in metadata.items() if key.startswith(component)}
    patterns: dict[str, float] = config.get("alpha_pattern") or {}
    fits = [value for key, value in patterns.items() if re.fullmatch(rf"(.*\.)?({key})", layer)]
    told = fits[0] if fits else config.get("lora_alpha")
    if told is None:
        return 1.0
    return float(told) / (rank**0.5 if config.get("use_rslora") else rank)


@dataclass
class _Rows:
    """Which adapter each image of a pass has. Guidance doubles rows: the whole batch again, in the same order."""

    adapters: list[int] = field(default_factory=lambda: [0])
    # Made once a pass: a list on its way to a GPU waits for all that it was given before, here at every layer.
    _places: dict[tuple[int, int, torch.device], Tensor | None] = field(default_factory=dict)

    def set(self, adapters: list[int]) -> None:
        self.adapters = adapters
        self._places.clear()

    def of(self, adapter: int, rows: int, device: torch.device) -> Tensor | None:
        """The places of that adapter's rows among `rows`; None for all of them."""
        asked = adapter, rows, device
        if asked not in self._places:
            places = [row for row in range(rows) if self.adapters[row % len(self.adapters)] == adapter]
            self._places[asked] = None if len(places) == rows else torch.tensor(places, device=device)
        return self._places[asked]


class _Hook:
    """Adds to a layer's output what the adapters make of its input."""

    def __init__(self, factors: list[Factors | None], rows: _Rows) -> None:
        self.factors = factors
        self.rows = rows

    def __call__(self, _layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        x = inputs[0]
        if len(self.factors) == 1 and self.factors[0] is not None:
            return output + _low_rank(x, self.factors[0])
        for adapter, factors in enumerate(self.factors):
            places = self.rows.of(adapter, x.shape[0], x.device)
            if factors is None or (places is not None and not len(places)):
                continue
            if places is None:
                return output + _low_rank(x, factors)
            output = output.index_add(0, places, _low_rank(x[places], factors))
        return output


def _low_rank(x: Tensor, factors: Factors) -> Tensor:
    return functional.linear(functional.linear(x, factors.down), factors.up)


class AdapterSlots:
    """Where adapters go in a model of several components, such as a UNet and its text encoders."""

    def __init__(self, components: Mapping[str, nn.Module]) -> None:
        self._components = components
        self._rows = _Rows()
        self._standing: dict[str, _Hook] = {}  # by layer, for compiled models

    def rows(self, adapters: list[int], count: int) -> None:
        """Say which adapter each image of the next pass has. Raises NotPossible for one beyond `count`."""
        if beyond := [adapter for adapter in adapters if not 0 <= adapter < max(count, 1)]:
            raise NotPossible(f"There is no adapter number {beyond[0]} here: {count} were given.")
        self._rows.set(adapters)

    @contextmanager
    def holding(self, adapters: list[dict[str, Factors]], device: torch.device) -> Iterator[None]:
        """Inside, the layers have these adapters. Raises NotPossible where one does not fit the model."""
        layers = {name: self._layer(name) for adapter in adapters for name in adapter}
        with ExitStack() as stack:
            for name, layer in layers.items():
                placed = [_placed(name, adapter.get(name), layer, device) for adapter in adapters]
                stack.callback(layer.register_forward_hook(_Hook(placed, self._rows)).remove)
            yield

    def stand(self, names: list[str], rank: int) -> None:
        """Put hooks of that rank, which add nothing, on layers for good: what is compiled next has them within."""
        for name in names:
            layer = self._layer(name)
            weight = layer.weight
            empty = Factors(weight.new_zeros(rank, layer.in_features), weight.new_zeros(layer.out_features, rank))
            self._standing[name] = _Hook([empty], self._rows)
            layer.register_forward_hook(self._standing[name])

    def fits_standing(self, adapters: list[dict[str, Factors]]) -> bool:
        """Whether it is a single adapter that goes into the standing hooks, by its layers and its rank."""
        return len(adapters) == 1 and all(
            name in self._standing and factors.down.shape[0] <= self._rank(name)
            for name, factors in adapters[0].items()
        )

    @contextmanager
    def filling(self, adapter: dict[str, Factors]) -> Iterator[None]:
        """Inside, the standing hooks have this adapter, copied in place; after it they add nothing again."""
        try:
            for name, factors in adapter.items():
                _copy(_placed(name, factors, self._layer(name), None), self._kept(name))
            yield
        finally:
            for name in adapter:
                kept = self._kept(name)
                kept.down.zero_()
                kept.up.zero_()

    def move(self, device: torch.device) -> None:
        """Take the standing hooks' weights to another device."""
        for hook in self._standing.values():
            kept = hook.factors[0]
            if kept is not None:
                hook.factors = [Factors(kept.down.to(device), kept.up.to(device))]

    def _kept(self, name: str) -> Factors:
        kept = self._standing[name].factors[0]
        if kept is None:
            raise NotPossible(f"The layer {name} has no standing adapter.")
        return kept

    def _rank(self, name: str) -> int:
        return self._kept(name).down.shape[0]

    def _layer(self, path: str) -> nn.Linear:
        component, name = path.split(".", 1)
        model = self._components.get(component)
        for spelling in _spellings(name):
            try:
                layer = model.get_submodule(spelling) if model is not None else None
            except AttributeError:
                continue
            if isinstance(layer, nn.Linear):
                return layer
        raise NotPossible(f"The adapter is of another model: this one has no linear layer {path}.")


def _spellings(name: str) -> tuple[str, str]:
    # CLIPTextModel lost its inner `text_model` in transformers 5.6; files from before and after are about.
    inner = "text_model."
    return name, name.removeprefix(inner) if name.startswith(inner) else inner + name


def _placed(name: str, factors: Factors | None, layer: nn.Linear, device: torch.device | None) -> Factors | None:
    if factors is None:
        return None
    if (factors.down.shape[1], factors.up.shape[0]) != (layer.in_features, layer.out_features):
        raise NotPossible(
            f"The adapter is of another model: its {name} goes from {factors.down.shape[1]} to {factors.up.shape[0]},"
            f" the model's from {layer.in_features} to {layer.out_features}."
        )
    device, dtype = device or layer.weight.device, layer.weight.dtype
    # Moved, then cast: asked for both at once, torch casts on the CPU what goes to a GPU, which takes far longer.
    return Factors(*(part.to(device).to(dtype) for part in (factors.down, factors.up)))


def _copy(factors: Factors | None, kept: Factors) -> None:
    if factors is None:
        return
    rank = factors.down.shape[0]
    kept.down[rank:].zero_()
    kept.up[:, rank:].zero_()
    kept.down[:rank].copy_(factors.down)
    kept.up[:, :rank].copy_(factors.up)
