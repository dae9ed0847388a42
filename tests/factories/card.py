"""A GPU that is not there: tensors of "cuda:0" whose numbers lie on the CPU, for tests of what runs where.

Inside `card()` whatever is moved to the device becomes such a tensor. What a real card refuses is refused: operands on
two devices, a generator of the wrong one, matrices of two dtypes, numpy's hand on its memory. `Card.waits` counts by
line what makes the CPU wait for the card: a number read from it, a copy that is not from pinned memory, an index that
is not there yet. Models are loaded before and moved inside.
"""

import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

from generation.training.grouped import AdapterGroup
from generation.training.low_rank import AdaptedLinear

CARD = torch.device("cuda:0")
_aten: Any = torch.ops.aten
_INDEXED = (_aten.index, _aten.index_put, _aten.index_put_, _aten._index_put_impl_)  # may have indices of the CPU
_COPIES = (_aten.copy_, _aten._to_copy)
_OF_ONE_DTYPE = (_aten.mm, _aten.bmm, _aten.addmm, _aten.baddbmm, _aten.convolution, _aten.index_add)
_READS = (_aten._local_scalar_dense, _aten.equal, _aten.nonzero)
_THERE = {  # what code asks of torch.cuda
    "_lazy_init": lambda: None, "is_available": lambda: True, "is_bf16_supported": lambda **_: True,
    "synchronize": lambda *_: None, "empty_cache": lambda: None, "current_device": lambda: 0, "device_count": lambda: 1,
    "reset_peak_memory_stats": lambda *_: None, "max_memory_allocated": lambda *_: 1,
}  # fmt: skip


class Refused(RuntimeError):
    """What a real card would not do."""


class OnCard(Tensor):
    """A tensor that says it is on the card; `held` has its numbers. C++, which would ask for a driver, is told meta."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "OnCard":
        make: Any = Tensor._make_wrapper_subclass  # type: ignore[attr-defined]
        made: OnCard = make(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            layout=held.layout, device="meta",
        )  # fmt: skip
        made.held = held
        return made

    device = property(lambda _: CARD)  # type: ignore[assignment]
    is_cuda = property(lambda _: True)  # type: ignore[assignment]
    is_meta = property(lambda _: False)  # type: ignore[assignment]
    is_cpu = property(lambda _: False)  # type: ignore[assignment]

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"OnCard({self.held})"

    @classmethod
    def __torch_function__(cls, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (Tensor.numpy, Tensor.__array__):
            raise Refused("numpy cannot read a card's memory; bring it to the CPU first")
        if func is Tensor.tolist:
            _waited("a number is read")
            return args[0].held.tolist()
        if func is Tensor.__getitem__ and isinstance(args[1], list):
            args = (args[0], torch.tensor(args[1]))
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
        if func == Tensor.data.__set__:  # type: ignore[attr-defined]
            args[0].held = args[1].held
        return result

    @classmethod
    def __torch_dispatch__(cls, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


class Card(TorchDispatchMode):
    """The pretence. `waits` is filled while `watching`."""

    waits: Counter[str] = Counter()
    watching = False

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


@contextmanager
def card() -> Iterator[type[Card]]:
    """Inside, "cuda:0" is there."""

    def on_layer(self: AdaptedLinear, base: torch.nn.Linear) -> None:
        # torch swaps a parameter's data for that of another device; for a subclass of tensors it cannot.
        built(self, base)
        self.a, self.b = (torch.nn.Parameter(torch.empty(0, device=base.weight.device)) for _ in range(2))

    built = AdaptedLinear.__init__
    Card.waits = Counter()
    with ExitStack() as stack:
        for name, there in _THERE.items():
            stack.enter_context(mock.patch(f"torch.cuda.{name}", there))
        stack.enter_context(mock.patch("torch.accelerator.current_accelerator", return_value=None))
        stack.enter_context(mock.patch("torch.tensor", _tensor(torch.tensor)))
        stack.enter_context(mock.patch("torch.Tensor.pin_memory", _pinned))
        stack.enter_context(mock.patch.object(AdaptedLinear, "__init__", on_layer))
        stack.enter_context(mock.patch.object(AdapterGroup, "release", lambda self: self._allocate(0, self.device)))
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, False)
        stack.enter_context(Card())
        yield Card


@contextmanager
def watched() -> Iterator[None]:
    """Inside `card`, count what waits."""
    Card.watching = True
    try:
        yield
    finally:
        Card.watching = False


def _tensor(plain: Any) -> Any:
    """`torch.tensor`, which goes past every mode to the device asked for."""

    def read(data: Any) -> Any:
        if isinstance(data, OnCard):
            return data.item()
        return [read(one) for one in data] if isinstance(data, list | tuple) else data

    def tensor(data: Any, *, device: Any = None, **named: Any) -> Tensor:
        made: Tensor = plain(read(data), **named)
        return made if device is None else made.to(device)

    return tensor


def _pinned(tensor: Tensor) -> Tensor:
    pinned: Tensor = _aten._pin_memory(tensor)
    return pinned


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    packet = func.overloadpacket
    if packet is torch.ops.prim.device:
        return CARD
    if packet is _aten._pin_memory:
        pinned = args[0].clone()
        pinned.is_pinned_here = True
        return pinned
    flat, shape = tree_flatten((args, kwargs))
    tensors = [one for one in flat if isinstance(one, Tensor)]
    there = [one for one in tensors if isinstance(one, OnCard)]
    asked = None if kwargs.get("device") is None else torch.device(kwargs["device"])
    onto = bool(there) if asked is None else asked.type in ("cuda", "meta")  # "meta": C++ asked a tensor of the card
    if packet in _COPIES:
        _copied(args[:2] if packet is _aten.copy_ else args[:1], kwargs, onto)
    elif packet in _INDEXED:
        _indexed(args)
    elif there:
        _checked(packet, tensors, there)
    if onto and kwargs.get("generator") is not None:
        raise Refused(f"{func}: a generator of the CPU for a tensor of the card")
    plain_args, plain_kwargs = tree_unflatten([one.held if isinstance(one, OnCard) else one for one in flat], shape)
    if asked is not None:
        plain_kwargs["device"] = torch.device("cpu")
    same = {id(one.held): one for one in there}  # what was changed in place stays itself

    def back(made: Tensor) -> Tensor:
        return same[id(made)] if id(made) in same else OnCard(made) if onto else made

    return tree_map_only(Tensor, back, func(*plain_args, **plain_kwargs))


def _copied(tensors: Sequence[Tensor], kwargs: Any, onto: bool) -> None:
    source = tensors[-1]
    crosses = isinstance(source, OnCard) != (isinstance(tensors[0], OnCard) if len(tensors) > 1 else onto)
    at_once = kwargs.get("non_blocking") and getattr(source, "is_pinned_here", False)
    if crosses and not at_once:
        _waited("a copy")


def _indexed(args: Any) -> None:
    places = [place for place in args[1] if place is not None]
    if not isinstance(args[0], OnCard):
        if any(isinstance(place, OnCard) for place in places):
            raise Refused("a tensor of the CPU is indexed by one of the card")
    elif any(not isinstance(place, OnCard) or place.dtype is torch.bool for place in places):
        _waited("an index")


def _checked(packet: Any, tensors: list[Tensor], there: Sequence[Tensor]) -> None:
    away = [tuple(one.shape) for one in tensors if not isinstance(one, OnCard) and one.ndim]
    if away:
        raise Refused(f"{packet} of tensors on the card and on the CPU, the latter {away}")
    dtypes = {one.dtype for one in there if one.is_floating_point()}
    if packet in _OF_ONE_DTYPE and len(dtypes) > 1:
        raise Refused(f"{packet} of {dtypes}")
    if packet in _READS:
        _waited("a number is read")


def _waited(what: str) -> None:
    if Card.watching:
        ours = [frame for frame in traceback.extract_stack() if "/generation/" in frame.filename]
        Card.waits[f"{what} in {ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else what] += 1
