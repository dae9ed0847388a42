"""Attention of a UNet while it trains on a CPU: heads narrower than 16 take a way of their own where scores are many.

torch's CPU kernel is slow for narrow heads; `generation.training.narrow` works on a block of scores at a time. Forwards
and backwards, four rows of eight heads that are 8 wide took, on one thread of one machine, 114 ms by torch and 81 in
blocks with 1,024 tokens, but 7.9 and 9.9 with 256.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from generation.training.narrow import narrow_attention

WIDTH = 16  # of heads that are not narrow
MANY_SCORES = 70_000  # of one head, from which blocks of them are quicker
_KIND: Any = AttnProcessor2_0  # without types
_PLAIN = _KIND()


class NarrowAttention:
    """A diffusers attention processor for the plain case; `suits` says which layers are that."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        if attention_mask is not None:
            masked: Tensor = _PLAIN(attn, hidden_states, encoder_hidden_states, attention_mask)
            return masked
        said = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = attn.to_q(hidden_states), attn.to_k(said), attn.to_v(said)
        width = query.shape[-1] // attn.heads
        seen = _attend(*(_heads(rows, attn.heads, width) for rows in (query, key, value)))
        projected: Tensor = attn.to_out[0](seen.transpose(1, 2).flatten(2))
        return projected / attn.rescale_output_factor


def suits(attention: Attention) -> bool:
    """Whether the layer is plain attention on a CPU with narrow heads, for which blocks may pay."""
    weight = attention.to_q.weight
    plain = (
        isinstance(attention.processor, _KIND)
        and attention.spatial_norm is None
        and attention.group_norm is None
        and attention.norm_q is None
        and attention.norm_k is None
        and not attention.norm_cross
        and not attention.residual_connection
    )
    return plain and weight.device.type == "cpu" and weight.shape[0] // attention.heads < WIDTH


@contextmanager
def narrow_heads(model: nn.Module) -> Iterator[None]:
    """Inside, the model's attention layers that it suits work in blocks; afterwards they are as before."""
    chosen = [module for module in model.modules() if isinstance(module, Attention) and suits(module)]
    before: list[Any] = [attention.processor for attention in chosen]
    narrow: Any = NarrowAttention()
    for attention in chosen:
        attention.processor = narrow
    try:
        yield
    finally:
        for attention, processor in zip(chosen, before, strict=True):
            attention.processor = processor


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(rows, heads, tokens, width) from the same."""
    if query.dtype is torch.float32 and query.shape[2] * key.shape[2] >= MANY_SCORES:
        return narrow_attention(query, key, value, query.shape[3] ** -0.5)
    return scaled_dot_product_attention(query, key, value)


def _heads(rows: Tensor, heads: int, width: int) -> Tensor:
    """(rows, tokens, heads · width) to (rows, heads, tokens, width)."""
    return rows.view(*rows.shape[:2], heads, width).transpose(1, 2)
