"""A frozen linear layer plus one low-rank update per product, as one differentiable operation.

With x of shape (K, N, in) for K products, W of (out, in), A of (K, in, r) and B of (K, r, out):

    y[k] = x[k] W^T + bias + scale (x[k] A[k]) B[k]

Only x, A and B have gradients: W is frozen, and autograd is never asked for its gradient. Two ways give the same
values; `is_denser` picks the one with fewer multiplications:

- apart: the update is two thin products, as in arXiv 2106.09685; 2 N in out + 3 N r (in + out) of them each step;
- merged: A and B are multiplied into W first, and the gradient of the merged weight is projected back on both, since
  dA = dW B^T and dB = A^T dW; 3 N in out + 3 in out r of them. It wins where tokens are many and the layer is narrow.

Merging rounds the update to the weight's precision, so it is left to float32.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def is_denser(tokens: int, inside: int, outside: int, rank: int) -> bool:
    """Whether merging needs fewer multiplications than two thin products, for that many tokens per product."""
    apart = 2 * tokens * inside * outside + 3 * tokens * rank * (inside + outside)
    merged = 3 * tokens * inside * outside + 3 * inside * outside * rank
    return merged < apart


class _Apart(torch.autograd.Function):
    """The update as two thin products."""

    @staticmethod
    def forward(  # noqa: PLR0913, PLR0917 - autograd follows positional arguments only
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        down, up = a.to(x.dtype), b.to(x.dtype)
        thin = torch.bmm(x, down)
        ctx.save_for_backward(x, weight, thin, down, up)
        ctx.scale = scale
        plain = nn.functional.linear(x, weight, bias)
        return torch.baddbmm(plain, thin, up, alpha=scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, thin, down, up = ctx.saved_tensors
        thin_gradient = torch.bmm(gradient, up.transpose(1, 2)).mul_(ctx.scale)
        to_down = torch.bmm(x.transpose(1, 2), thin_gradient).float()
        to_up = torch.bmm(thin.transpose(1, 2), gradient).float().mul_(ctx.scale)
        if not ctx.needs_input_grad[0]:
            return None, None, None, to_down, to_up, None
        to_x = torch.baddbmm(gradient @ weight, thin_gradient, down.transpose(1, 2))
        return to_x, None, None, to_down, to_up, None


class _Merged(torch.autograd.Function):
    """The update multiplied into the weight first."""

    @staticmethod
    def forward(  # noqa: PLR0913, PLR0917 - autograd follows positional arguments only
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        whole = torch.baddbmm(weight.t().expand(a.shape[0], -1, -1), a, b, alpha=scale)  # (K, in, out)
        ctx.save_for_backward(x, whole, a, b)
        ctx.scale = scale
        return torch.bmm(x, whole) if bias is None else torch.baddbmm(bias.expand(x.shape[0], 1, -1), x, whole)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, whole, a, b = ctx.saved_tensors
        to_whole = torch.bmm(x.transpose(1, 2), gradient).mul_(ctx.scale)
        to_a = torch.bmm(to_whole, b.transpose(1, 2))
        to_b = torch.bmm(a.transpose(1, 2), to_whole)
        to_x = torch.bmm(gradient, whole.transpose(1, 2)) if ctx.needs_input_grad[0] else None
        return to_x, None, None, to_a, to_b, None


def adapted_linear(x: Tensor, base: nn.Linear, a: Tensor, b: Tensor, scale: float) -> Tensor:
    """(K·n, …, in) to (K·n, …, out): rows in K equal blocks, one per product, each with its own update."""
    products, inside, rank = a.shape
    rows = x.reshape(products, -1, inside)
    merge = rows.dtype is torch.float32 and is_denser(rows.shape[1], inside, b.shape[2], rank)
    way = _Merged if merge else _Apart
    y: Tensor = way.apply(rows, base.weight, base.bias, a, b, scale)
    return y.reshape(*x.shape[:-1], b.shape[2])


class AdaptedLinear(nn.Module):
    """Stands in for a frozen linear layer while adapters train; `a` and `b` are views into `AdapterGroup`'s rows."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.empty(0))
        self.b = nn.Parameter(torch.empty(0))
        self.scale = 1.0

    @property
    def weight(self) -> Tensor:
        """The frozen one: libraries ask a layer for its weight's dtype and device."""
        return self.base.weight

    def forward(self, x: Tensor) -> Tensor:
        return adapted_linear(x, self.base, self.a, self.b, self.scale)
