"""What turns gradients into the next adapters: clipping, AdamW and a moving average, product by product.

A product is a row of the group's table and has its own step count, learning rate and moments, so that it ends up the
same whoever trains beside it.
"""

import math
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from generation.recipe import FinetuneConfig
from generation.training.grouped import AdapterGroup

EIGHT_BIT_ON = ("cuda",)  # kinds of device with little memory; bitsandbytes works on a CPU as well


def learning_rate(config: FinetuneConfig, step: int) -> float:
    """The rate for the step of that number, from 0: linear warm-up, then constant or half a cosine down to 0."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.learning_rate
    passed = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, passed)))


def in_eight_bits(config: FinetuneConfig, device: torch.device) -> bool:
    """Whether moments are kept in 8 bits: asked for, on such a device, and bitsandbytes is installed."""
    return config.eight_bit and device.type in EIGHT_BIT_ON and find_spec("bitsandbytes") is not None


class Updates:
    """AdamW over the rows of a group; everything of it is float32, or 8-bit moments where asked for and possible."""

    def __init__(self, group: AdapterGroup, config: FinetuneConfig) -> None:
        self._group, self._config = group, config
        self._rows = [nn.Parameter(row, requires_grad=False) for row in group.rows]
        self._eight_bit = in_eight_bits(config, group.rows.device)
        self._optimizer = _optimizer(config, self._rows, eight_bit=self._eight_bit)
        self.averages = group.rows.clone() if config.ema else None

    def apply(self, steps: Sequence[int]) -> None:
        """Move each row by its gradient, and set the gradients to zero. `steps` are the rows' own, from 0."""
        gradients = self._group.gradients
        norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
        # The +1e-6 is that of torch.nn.utils.clip_grad_norm_, so that runs compare with other trainers'.
        gradients.mul_((self._config.clip_gradient / (norms + 1e-6)).clamp_(max=1.0))
        for row, gradient, parameters, step in zip(
            self._rows, gradients, self._optimizer.param_groups, steps, strict=True
        ):
            row.grad = gradient
            parameters["lr"] = learning_rate(self._config, step)
        self._optimizer.step()
        gradients.zero_()
        if self.averages is not None and self._config.ema:
            for average, row, step in zip(self.averages, self._group.rows, steps, strict=True):
                # A short run would else average mostly its own beginning.
                average.lerp_(row, 1 - min(self._config.ema, (1 + step) / (10 + step)))

    def shipped(self, index: int) -> Tensor:
        """What a product would ship now, on the CPU: its average where there is one, else its row."""
        table = self._group.rows if self.averages is None else self.averages
        return table[index].detach().to("cpu", copy=True)

    def state(self, index: int) -> dict[str, Tensor]:
        """Everything of one product that the next step depends on, on the CPU, for a checkpoint."""
        kept = {"row": self._group.rows[index].detach().to("cpu", copy=True)}
        for name, value in self._optimizer.state[self._rows[index]].items():
            kept[f"optimizer.{name}"] = torch.as_tensor(value).to("cpu", copy=True)
        if self.averages is not None:
            kept["average"] = self.averages[index].to("cpu", copy=True)
        return kept

    def restore(self, index: int, state: dict[str, Tensor]) -> None:
        """Go on from a `state`; the row itself is the group's to fill."""
        row = self._rows[index]
        moments: dict[str, Any] = {}
        for name, value in state.items():
            place, _, key = name.partition(".")
            if place == "optimizer":
                # Counts stay where the optimizer makes them: bitsandbytes wants a number, AdamW a tensor.
                whole = value.item() if value.ndim == 0 and self._eight_bit else value
                moments[key] = whole.to(row.device) if isinstance(whole, Tensor) else whole
        if moments:
            self._optimizer.state[row] = moments
        if self.averages is not None:
            self.averages[index].copy_(state.get("average", row))


def _optimizer(config: FinetuneConfig, rows: list[nn.Parameter], *, eight_bit: bool) -> torch.optim.Optimizer:
    """A parameter group per product, since each has its own rate."""
    groups = [{"params": [row]} for row in rows]
    rates: dict[str, Any] = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    if eight_bit:
        made: torch.optim.Optimizer = import_module("bitsandbytes").optim.AdamW8bit(groups, **rates)
        return made
    return torch.optim.AdamW(groups, fused=True, **rates)
