"""Attention of a UNet while it trains on a CPU: heads narrower than 16 are padded with zeros.

Zeros change neither scores nor sums. torch's CPU kernel is slow for narrow heads: at 8 wide and 1,024 tokens, forward
and backward took 57 ms as they are and 39 ms padded to 16, on one thread of the machine this was written on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

WIDTH = 16
_KIND: Any = AttnProcessor2_0  # without types
_PLAIN = _KIND()


class PaddedAttention:
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
        query, key, value = (_heads(rows, attn.heads, width) for rows in (query, key, value))
        seen = scaled_dot_product_attention(query, key, value, scale=width**-0.5)  # (rows, heads, tokens, WIDTH)
        mixed = seen[..., :width].transpose(1, 2).flatten(2)
        projected: Tensor = attn.to_out[0](mixed)
        return projected / attn.rescale_output_factor


def suits(attention: Attention) -> bool:
    """Whether the layer is plain attention on a CPU with heads so narrow that padding pays."""
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
def padded_heads(model: nn.Module) -> Iterator[None]:
    """Inside, the model's attention layers that it suits are padded; afterwards they are as before."""
    chosen = [module for module in model.modules() if isinstance(module, Attention) and suits(module)]
    before: list[Any] = [attention.processor for attention in chosen]
    padded: Any = PaddedAttention()
    for attention in chosen:
        attention.processor = padded
    try:
        yield
    finally:
        for attention, processor in zip(chosen, before, strict=True):
            attention.processor = processor


def _heads(rows: Tensor, heads: int, width: int) -> Tensor:
    """(rows, tokens, heads · width) to (rows, heads, tokens, WIDTH)."""
    return pad(rows.view(*rows.shape[:2], heads, width), (0, WIDTH - width)).transpose(1, 2)
