"""Attention of narrow heads on a CPU, forwards and backwards, block by block in the processor's cache.

For each head, with q of (tokens, width) and k and v of (others, width):

    P = softmax(s q k^T),   y = P v

torch's own kernel is made for wide heads. Here what softmax takes off and divides by rides along in the products, as
one more column that they have room for. With c, which no score of a query exceeds, exp of [s q, -c] [k, 1]^T times
[v, 1] is both the sums of y and what divides them. Backwards (arXiv 2205.14135, appendix B) c gives way to the
logarithm of the sum, so that exp is P itself; P is then multiplied by [g, -d] [v, 1]^T with d = sum(g y).
A large c would take the scores' last digits with it: heads that have one are scored without, and each row's own maximum
(backwards the logarithm) is taken off afterwards.
All of it is to the base of 2, as torch's exp2 takes a third of exp's time. Of 256 by 1,024 scores, in microseconds of
the machine this was written on: the three products that give blocks 119, 119 and 114, exp2 78, the two sums over
blocks 92 each as (width, others) and 270 to 790 as (others, width).
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

WIDTH = 16  # columns of a product; a head has fewer, and after the one more column come zeros
BLOCK = 1 << 18  # scores worked on at once: a megabyte, which a core's second-level cache holds
# A bound may lie twice itself above the scores, and 2 to the power of -126 is the smallest full number of float32:
# values of a millionth have room too.
LARGEST_BOUND = 40.0


def narrow_attention(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """(rows, heads, tokens, width) from float32 of that shape; key and value may have another number of tokens."""
    mixed: Tensor = _Narrow.apply(query, key, value, scale)
    return mixed


class _Narrow(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        width = query.shape[3]
        asked, told, said = _widened(query), _widened(key, 1.0), _widened(value, 1.0)
        shift = _bound(query, key).mul_(scale / math.log(2))
        asked[..., :width] *= scale / math.log(2)
        loose = shift.amax((1, 2), keepdim=True) > LARGEST_BOUND
        asked[..., width : width + 1] = -shift.masked_fill_(loose, 0.0)
        both, scores = torch.empty_like(asked), _room(asked, told)
        for head, apart in enumerate(loose.flatten().tolist()):
            for rows in _blocks(asked, told):
                part = torch.mm(asked[head, rows], told[head].T, out=scores[: rows.stop - rows.start])
                if apart:
                    shift[head, rows] = part.amax(1, keepdim=True)
                    part.sub_(shift[head, rows])
                torch.mm(part.exp2_(), said[head], out=both[head, rows])
        total = both[..., width : width + 1]
        mixed = both[..., :width] / total
        logarithm = shift + total.log2()
        asked[..., width : width + 1] = -logarithm.masked_fill(loose, 0.0)
        ctx.save_for_backward(asked, told, said, mixed, logarithm, loose)
        ctx.scale = scale
        return mixed.view(query.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        asked, told, said, mixed, logarithm, loose = ctx.saved_tensors
        heads, width = gradient.shape[:2], gradient.shape[3]
        given = _widened(gradient)
        given[..., width : width + 1] = -(given[..., :width] * mixed).sum(2, keepdim=True)
        to_query = torch.empty_like(asked)
        to_key, to_value = (told.new_zeros(len(told), width, told.shape[1]) for _ in range(2))
        scores, weights = _room(asked, told), _room(asked, told)
        for head, apart in enumerate(loose.flatten().tolist()):
            for rows in _blocks(asked, told):
                count = rows.stop - rows.start
                part = torch.mm(asked[head, rows], told[head].T, out=scores[:count])
                if apart:
                    part.sub_(logarithm[head, rows])
                part.exp2_()
                to_value[head].addmm_(given[head, rows, :width].T, part)
                part.mul_(torch.mm(given[head, rows], said[head].T, out=weights[:count]))
                torch.mm(part, told[head], out=to_query[head, rows])
                to_key[head].addmm_(asked[head, rows, :width].T, part)
        found = (to_query[..., :width] * ctx.scale, to_key.mul_(math.log(2)).mT, to_value.mT)
        return *(each.unflatten(0, heads) for each in found), None


def _widened(part: Tensor, last: float = 0.0) -> Tensor:
    """(rows, heads, n, width) as (rows · heads, n, WIDTH): the part, the one more column, zeros."""
    rows, heads, count, width = part.shape
    wide = part.new_zeros(rows, heads, count, WIDTH)
    wide[..., :width] = part
    wide[..., width] = last
    return wide.flatten(0, 1)


def _bound(query: Tensor, key: Tensor) -> Tensor:
    """(rows · heads, tokens, 1): |q| times the longest |k|, over each score of a query (Cauchy and Schwarz)."""
    longest: Tensor = key.norm(dim=3).amax(2)[..., None, None]
    lengths: Tensor = query.norm(dim=3, keepdim=True)
    return (lengths * longest).flatten(0, 1)


def _room(asked: Tensor, told: Tensor) -> Tensor:
    return asked.new_empty(_at_once(asked, told), told.shape[1])


def _at_once(asked: Tensor, told: Tensor) -> int:
    return min(asked.shape[1], max(1, BLOCK // told.shape[1]))


def _blocks(asked: Tensor, told: Tensor) -> list[slice]:
    tokens, at_once = asked.shape[1], _at_once(asked, told)
    return [slice(start, min(start + at_once, tokens)) for start in range(0, tokens, at_once)]
