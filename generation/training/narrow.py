"""Attention of narrow heads on a CPU, forwards and backwards, block by block in the processor's cache.

For each head, with q of (tokens, width) and k and v of (others, width):

    P = softmax(s q k^T),   y = P v

torch's own kernel is made for wide heads. Here what softmax takes off and divides by rides along in the products, as
one more number of each token. With c, which no score of a query exceeds, exp of [s q, -c] [k, 1]^T times
[v, 1] is both the sums of y and what divides them. Backwards (arXiv 2205.14135, appendix B) c gives way to the
logarithm of the sum, so that exp is P itself; P is then multiplied by [g, -d] [v, 1]^T with d = sum(g y).
A large c would take the scores' last digits with it: heads that have one are scored without, and each row's own maximum
(backwards the logarithm) is taken off afterwards.
All of it is to the base of 2, as torch's exp2 takes a third of exp's time. A token is a column of all matrices: of 128
by 1,024 scores, in microseconds of one machine, a product that gives scores takes 22 to 30, exp2 44, and P v 22 as
(width, 128) but 39 as (128, width); a sum over blocks 17 as (width, others) and 44 as (others, width).
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 1 << 17  # scores worked on at once: half a megabyte, of which a core's second-level cache holds two
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
        asked, told, said = _columns(query), _columns(key, 1.0), _columns(value, 1.0)
        shift = _bound(query, key).mul_(scale / math.log(2))
        asked[:, :width] *= scale / math.log(2)
        loose = shift.amax((1, 2), keepdim=True) > LARGEST_BOUND
        asked[:, width:] = -shift.masked_fill_(loose, 0.0)
        both, at_once = torch.empty_like(asked), _at_once(asked, told)
        room = asked.new_empty(told.shape[2], at_once)
        for head, apart in enumerate(loose.flatten().tolist()):
            keys, values = told[head].T, said[head]
            blocks = (torch.split(columns[head], at_once, 1) for columns in (asked, both, shift))
            for asking, answer, off in zip(*blocks, strict=True):
                part = torch.mm(keys, asking, out=room[:, : asking.shape[1]])
                if apart:
                    off.copy_(part.amax(0, keepdim=True))
                    part.sub_(off)
                torch.mm(values, part.exp2_(), out=answer)
        total = both[:, width:]
        mixed = both[:, :width] / total
        logarithm = shift + total.log2()
        asked[:, width:] = -logarithm.masked_fill(loose, 0.0)
        ctx.save_for_backward(asked, told, said, mixed, logarithm, loose)
        ctx.scale = scale
        return mixed.view(*query.shape[:2], *mixed.shape[1:]).mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        asked, told, said, mixed, logarithm, loose = ctx.saved_tensors
        heads, width = gradient.shape[:2], gradient.shape[3]
        given = _columns(gradient)
        given[:, width:] = -(given[:, :width] * mixed).sum(1, keepdim=True)
        to_query, at_once = torch.empty_like(asked), _at_once(asked, told)
        to_key, to_value = (torch.zeros_like(told[:, :width]) for _ in range(2))
        room, other_room = (asked.new_empty(at_once, told.shape[2]) for _ in range(2))
        for head, apart in enumerate(loose.flatten().tolist()):
            keys, values, to_keys, to_values = (columns[head] for columns in (told, said, to_key, to_value))
            blocks = (torch.split(columns[head], at_once, 1) for columns in (asked, given, to_query, logarithm))
            for asking, giving, to_asking, off in zip(*blocks, strict=True):
                count = asking.shape[1]
                part = torch.mm(asking.T, keys, out=room[:count])
                if apart:
                    part.sub_(off.T)
                part.exp2_()
                to_values.addmm_(giving[:width], part)
                part.mul_(torch.mm(giving.T, values, out=other_room[:count]))
                torch.mm(keys, part.T, out=to_asking)
                to_keys.addmm_(asking[:width], part)
        found = (to_query[:, :width] * ctx.scale, to_key.mul_(math.log(2)), to_value)
        return *(each.unflatten(0, heads).mT for each in found), None


def _columns(part: Tensor, last: float = 0.0) -> Tensor:
    """(rows, heads, n, width) as (rows · heads, width + 1, n): a token is a column, with the one more number below."""
    rows, heads, count, width = part.shape
    columns = part.new_empty(rows, heads, width + 1, count)
    columns[:, :, :width] = part.mT
    columns[:, :, width] = last
    return columns.flatten(0, 1)


def _bound(query: Tensor, key: Tensor) -> Tensor:
    """(rows · heads, 1, tokens): |q| times the longest |k|, over each score of a query (Cauchy and Schwarz)."""
    length: Tensor = query.norm(dim=3)
    longest: Tensor = key.norm(dim=3).amax(2)[..., None]
    return (length * longest).flatten(0, 1).unsqueeze(1)


def _at_once(asked: Tensor, told: Tensor) -> int:
    """How many queries are worked on at once."""
    return min(asked.shape[2], max(1, BLOCK // told.shape[2]))
