"""Narrow heads in a way of their own: the same values and gradients, and only where it pays."""

import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from generation.training import attention as attention_module
from generation.training.attention import NarrowAttention, narrow_heads, suits


def make(width: int = 8, cross: int | None = None, **changes: object) -> Attention:
    torch.manual_seed(1)
    return Attention(query_dim=32, heads=4, dim_head=width, cross_attention_dim=cross, **changes)  # type: ignore[arg-type, no-untyped-call]


@pytest.mark.parametrize("cross", [None, 24], ids=["self", "cross"])
@pytest.mark.parametrize("many", [70, 71], ids=["in blocks", "by torch"])
def test_values_and_gradients_are_those_of_diffusers(
    cross: int | None, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention_module, "MANY_SCORES", many if cross else many + 30)
    attention = make(cross=cross)
    x = torch.randn(2, 10, 32, requires_grad=True)
    said = None if cross is None else torch.randn(2, 7, cross)
    wanted = attention(x, encoder_hidden_states=said)
    with narrow_heads(attention):
        assert isinstance(attention.processor, NarrowAttention)
        got = attention(x, encoder_hidden_states=said)
    assert torch.allclose(got, wanted, atol=1e-6)
    theirs, ours = (torch.autograd.grad(y.square().sum(), x)[0] for y in (wanted, got))
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert ("Narrow" in str(_made_by(got))) is (many == 70)
    assert isinstance(attention.processor, AttnProcessor2_0)


def _made_by(value: torch.Tensor) -> list[str]:
    """The names of the operations that a value came of."""
    names, left = list[str](), [value.grad_fn]
    while left:
        if (node := left.pop()) is not None:
            names.append(node.name())
            left += [before for before, _ in node.next_functions]
    return names


def test_a_mask_is_heeded() -> None:
    attention = make()
    x, mask = torch.randn(2, 10, 32), torch.zeros(2, 1, 10)
    mask[:, :, 5:] = -1e4
    wanted = attention(x, attention_mask=mask)
    with narrow_heads(attention):
        assert torch.allclose(attention(x, attention_mask=mask), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("attention", "wanted"),
    [
        (make(8), True),
        (make(16), False),
        (make(8, residual_connection=True), False),
        (make(8, norm_num_groups=4), False),
        (make(8, qk_norm="layer_norm"), False),
    ],
    ids=["narrow", "wide enough", "adds its input", "normalises first", "normalises queries"],
)
def test_only_plain_narrow_attention_takes_the_way_of_its_own(attention: Attention, wanted: bool) -> None:
    assert suits(attention) is wanted
    before = attention.processor
    with narrow_heads(attention):
        assert (attention.processor is not before) is wanted
    assert attention.processor is before
