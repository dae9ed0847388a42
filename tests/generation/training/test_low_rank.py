"""The frozen layer with its updates: both ways of computing it equal plain autograd, in values and gradients."""

import pytest
import torch
from torch import Tensor, nn

from generation.training import low_rank
from generation.training.low_rank import AdaptedLinear, adapted_linear, is_denser

# (products, rows each, tokens, in, out, rank)
WIDE_AND_FEW = (3, 1, 5, 48, 32, 4)
NARROW_AND_MANY = (2, 2, 200, 16, 24, 16)


def parts(shape: tuple[int, ...], bias: bool = True) -> tuple[Tensor, nn.Linear, Tensor, Tensor]:
    products, rows, tokens, inside, outside, rank = shape
    torch.manual_seed(0)
    base = nn.Linear(inside, outside, bias=bias).requires_grad_(False)
    x = torch.randn(products * rows, tokens, inside, requires_grad=True)
    a = torch.randn(products, inside, rank, requires_grad=True)
    b = torch.randn(products, rank, outside, requires_grad=True)
    return x, base, a, b


def plain(x: Tensor, base: nn.Linear, a: Tensor, b: Tensor, scale: float) -> Tensor:
    """The formula as it is written, product by product."""
    blocks = x.chunk(a.shape[0])
    return torch.cat([base(block) + scale * block @ a[k] @ b[k] for k, block in enumerate(blocks)])


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize(
    ("shape", "merges"),
    [(WIDE_AND_FEW, False), (NARROW_AND_MANY, True)],
    ids=["few tokens: apart", "many tokens: merged"],
)
def test_values_and_gradients_equal_plain_autograd(shape: tuple[int, ...], merges: bool, bias: bool) -> None:
    _, rows, tokens, inside, outside, rank = shape
    assert is_denser(rows * tokens, inside, outside, rank) is merges
    x, base, a, b = parts(shape, bias)
    wanted = plain(x, base, a, b, 0.7)
    got = adapted_linear(x, base, a, b, 0.7)
    assert torch.allclose(got, wanted, atol=1e-4)
    weight = torch.randn_like(wanted)
    theirs = torch.autograd.grad((wanted * weight).sum(), (x, a, b))
    ours = torch.autograd.grad((got * weight).sum(), (x, a, b))
    for one, other in zip(ours, theirs, strict=True):
        assert float((one - other).norm() / other.norm()) < 1e-5


@pytest.mark.parametrize("shape", [WIDE_AND_FEW, NARROW_AND_MANY], ids=["apart", "merged"])
def test_frozen_inputs_get_no_gradient_and_the_rest_is_the_same(shape: tuple[int, ...]) -> None:
    x, base, a, b = parts(shape)
    with_x = torch.autograd.grad(adapted_linear(x, base, a, b, 1.0).sum(), (a, b))
    frozen = x.detach()
    without = torch.autograd.grad(adapted_linear(frozen, base, a, b, 1.0).sum(), (a, b))
    assert frozen.grad is None
    assert all(torch.equal(one, other) for one, other in zip(with_x, without, strict=True))


def test_half_precision_is_never_merged_and_its_gradients_are_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the update would be rounded to the weight's digits")

    monkeypatch.setattr(low_rank._Merged, "apply", refuse)
    x, base, a, b = parts(NARROW_AND_MANY)
    y = adapted_linear(x.detach().bfloat16().requires_grad_(), base.bfloat16(), a, b, 1.0)
    assert y.dtype is torch.bfloat16
    assert [g.dtype for g in torch.autograd.grad(y.float().sum(), (a, b))] == [torch.float32, torch.float32]


def test_the_layer_computes_as_its_base_while_b_is_zero() -> None:
    x, base, a, _ = parts(WIDE_AND_FEW)
    layer = AdaptedLinear(base)
    layer.a.data, layer.b.data = a.detach(), torch.zeros(3, 4, 32)
    assert torch.allclose(layer(x), base(x), atol=1e-6)
    assert layer.weight is base.weight
