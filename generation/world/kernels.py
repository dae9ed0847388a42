"""The distance to a body, by plain torch or by kernels that torch compiles once for any number of solids and points."""

import contextlib
import functools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from generation.world.primitives import nearest
from generation.world.solids import Body

_COMPILED: list[bool] = [False]


@contextlib.contextmanager
def compiled(wanted: bool = True) -> Iterator[None]:
    """Within it distances are compiled. The first picture then costs half a minute, every later one a third of the plain way.

    Needs a C++ compiler on the CPU; the pixels differ from plain torch's by rounding only.
    """
    before = _COMPILED[0]
    _COMPILED[0] = wanted
    try:
        yield
    finally:
        _COMPILED[0] = before


@functools.cache
def _kernel(kind: str) -> Callable[[Tensor, Tensor], Tensor]:
    return torch.compile(functools.partial(nearest, kind), dynamic=True)


def distance(body: Body, points: Tensor) -> Tensor:
    """The distance from each point to the body's surface, below 0 inside: points [3, r], result [r]."""
    result: Tensor | None = None
    for kind, rows in body.rows.items():
        found = _kernel(kind)(rows, points) if _COMPILED[0] else nearest(kind, rows, points)
        result = found if result is None else torch.minimum(result, found)
    if result is None:
        raise ValueError("A body without parts has no surface. Add a part before it is traced.")
    return result
