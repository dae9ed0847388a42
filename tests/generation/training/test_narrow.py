"""Attention of narrow heads: values and gradients are torch's own, whatever the scores and the blocks."""

import math

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from generation.training import narrow
from generation.training.narrow import narrow_attention

SCALE = 8**-0.5


def parts(tokens: int, others: int, width: int, size: float = 1.0) -> list[torch.Tensor]:
    """Query, key and value as a layer gives them: heads side by side, seen one by one."""
    generator = torch.Generator().manual_seed(tokens)
    made = [torch.randn(2, count, 3 * width, generator=generator) for count in (tokens, others, others)]
    made[0] *= size
    return [one.requires_grad_().view(2, -1, 3, width).transpose(1, 2) for one in made]


@pytest.mark.parametrize(
    ("tokens", "others", "width", "block"),
    [(50, 50, 8, 1 << 18), (50, 50, 8, 700), (64, 7, 4, 100), (5, 40, 15, 1), (1, 1, 8, 10)],
    ids=["one block", "a last block that is short", "few others", "a token at once", "one token"],
)
def test_values_and_gradients_are_torchs(
    tokens: int, others: int, width: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrow, "BLOCK", block)
    asked = parts(tokens, others, width)
    got, wanted = narrow_attention(*asked, SCALE), scaled_dot_product_attention(*asked, scale=SCALE)
    assert torch.allclose(got, wanted, atol=1e-6)
    given = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(1))
    theirs, ours = (torch.autograd.grad(y, asked, given) for y in (wanted, got))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=5e-6)


@pytest.mark.parametrize("size", [30.0, 300.0], ids=["large", "huge"])
def test_scores_that_exp_cannot_take_are_taken_off_first(size: float) -> None:
    asked = parts(40, 40, 8, size)
    assert float((asked[0] @ asked[1].transpose(2, 3) * SCALE).detach().max()) > 88
    got, wanted = narrow_attention(*asked, SCALE), scaled_dot_product_attention(*asked, scale=SCALE)
    assert torch.allclose(got, wanted, atol=1e-4)
    theirs, ours = (torch.autograd.grad(y.square().sum(), asked) for y in (wanted, got))
    for one, other in zip(ours, theirs, strict=True):
        assert float((one - other).norm() / other.norm()) < 1e-3


@pytest.mark.parametrize("length", [1e3, 1e5])
def test_one_long_key_costs_the_others_no_precision(length: float) -> None:
    """Half of the queries look away from it: its bound is far above all scores of theirs that count."""
    asked = parts(40, 40, 8)
    with torch.no_grad():
        asked[1][:, :, 0] *= length / asked[1][:, :, 0].norm(dim=2, keepdim=True)
    got = narrow_attention(*asked, SCALE)
    wanted = scaled_dot_product_attention(*(one.double() for one in asked), scale=SCALE)
    assert float((got - wanted).detach().abs().max()) < 1e-5
    given = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(1))
    theirs, ours = torch.autograd.grad(wanted, asked[2], given.double()), torch.autograd.grad(got, asked[2], given)
    assert float((ours[0] - theirs[0]).abs().max()) < 1e-5


@pytest.mark.parametrize("small", [1.0, 1e-6], ids=["values", "values of a millionth"])
def test_scores_far_below_their_bound_do_not_vanish(small: float) -> None:
    """All keys look away from all queries: the bound is as far above the scores as it can be."""
    away = torch.full((1, 1, 6, 8), 1.0)
    size = narrow.LARGEST_BOUND * math.log(2) / 8 / SCALE * 0.999
    value = small * torch.randn(1, 1, 6, 8, generator=torch.Generator().manual_seed(1))
    got = narrow_attention(size * away, -away, value, SCALE)
    assert torch.allclose(got, value.mean(2, keepdim=True).expand_as(got), atol=1e-5 * small)


def test_a_row_is_the_same_whoever_stands_beside_it() -> None:
    asked = parts(40, 40, 8, 20.0)
    together = narrow_attention(*asked, SCALE)
    alone = narrow_attention(*(one[:1] for one in asked), SCALE)
    assert torch.equal(together[:1], alone)
