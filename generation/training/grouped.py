"""K adapters on one frozen base: attached once, reset in place for each new product, trained in one shared pass.

All numbers of one adapter lie in one row of a float32 table (K, size), and the two matrices of every layer are views
into it. So a product is a row: clipping, the optimizer, the moving average and a checkpoint each work on whole rows,
whatever the base's dtype, and the next product costs a copy.
"""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generation.training.low_rank import AdaptedLinear

# Rows lie K adapters apart, so each layer's matrices have gaps between products; sums in place do not mind.
warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")


@dataclass(frozen=True)
class Span:
    """Where a layer's two matrices lie in a row: A, (inside, rank), from `start`, then B, (rank, outside)."""

    name: str
    start: int
    inside: int
    outside: int

    def size(self, rank: int) -> int:
        return rank * (self.inside + self.outside)


class AdapterGroup:
    """The adapters of K products on the layers `names` of the models in `roots`; names begin with a root's.

    Inside `attached` the models compute with them: input rows come in K equal blocks, one per product.
    """

    def __init__(self, roots: Mapping[str, nn.Module], names: Sequence[str], *, rank: int, scale: float) -> None:
        self.rank, self.scale = rank, scale
        self._places = [_place(roots, name) for name in names]
        self._layers = [AdaptedLinear(_plain(original)) for _, _, original in self._places]
        self.spans: list[Span] = []
        for name, layer in zip(names, self._layers, strict=True):
            start = self.size
            self.spans.append(Span(name, start, layer.base.in_features, layer.base.out_features))
            layer.scale = scale
            layer.train()
        self.rows = torch.empty(0, 0)
        self.gradients = torch.empty(0, 0)

    @property
    def size(self) -> int:
        """Numbers in one adapter."""
        return self.spans[-1].start + self.spans[-1].size(self.rank) if self.spans else 0

    @property
    def products(self) -> int:
        return self.rows.shape[0]

    @property
    def device(self) -> torch.device:
        """Where the models are, and the rows once there are some."""
        return self._layers[0].base.weight.device

    @property
    def layout(self) -> str:
        """What two rows must agree on to mean the same: layers, their order and shapes, and the rank."""
        told = ";".join(f"{span.name}:{span.inside}:{span.outside}" for span in self.spans)
        return hashlib.sha256(f"{self.rank}|{told}".encode()).hexdigest()

    def initial_row(self, seed: int) -> Tensor:
        """A fresh adapter: A drawn from N(0, 1/rank^2), as diffusers' "gaussian", and B zero, so it changes nothing."""
        generator = torch.Generator().manual_seed(seed)
        row = torch.zeros(self.size)
        for span in self.spans:
            count = self.rank * span.inside
            row[span.start : span.start + count] = torch.randn(count, generator=generator).div_(self.rank)
        return row

    def fill(self, rows: Sequence[Tensor]) -> None:
        """Take these adapters, a row each, in place of those before; gradients are zero."""
        device = self.device
        if self.rows.shape != (len(rows), self.size) or self.rows.device != device:
            self._allocate(len(rows), device)
        for own, row in zip(self.rows, rows, strict=True):
            own.copy_(row)
        self.gradients.zero_()

    def release(self) -> None:
        """Give the memory of rows and gradients back; the layers stay for the next products."""
        self._allocate(0, torch.device("cpu"))

    def matrices(self, row: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Each layer's name, A of (inside, rank) and B of (rank, outside), as views into the row."""
        shape = row.shape[:-1]
        for span in self.spans:
            middle, end = span.start + self.rank * span.inside, span.start + span.size(self.rank)
            a, b = row[..., span.start : middle], row[..., middle:end]
            yield span.name, a.view(*shape, span.inside, self.rank), b.view(*shape, self.rank, span.outside)

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Inside, the models use the adapters; afterwards they are as they were, to the object."""
        for (parent, child, _), layer in zip(self._places, self._layers, strict=True):
            _put(parent, child, layer)
        try:
            yield
        finally:
            for parent, child, original in self._places:
                _put(parent, child, original)

    @contextmanager
    def detached(self) -> Iterator[None]:
        """Inside `attached`, step out of it for a while, such as to draw with the pipeline; the rows stay."""
        for parent, child, original in self._places:
            _put(parent, child, original)
        try:
            yield
        finally:
            for (parent, child, _), layer in zip(self._places, self._layers, strict=True):
                _put(parent, child, layer)

    def _allocate(self, products: int, device: torch.device) -> None:
        self.rows = torch.zeros(products, self.size, device=device)
        self.gradients = torch.zeros_like(self.rows)
        both = zip(self._layers, self.matrices(self.rows), self.matrices(self.gradients), strict=True)
        for layer, (_, a, b), (_, a_gradient, b_gradient) in both:
            layer.a.grad = layer.b.grad = None
            layer.a.data, layer.b.data = a, b
            # Autograd adds in place to a gradient that is there: all of them arrive in the one table.
            layer.a.grad, layer.b.grad = a_gradient, b_gradient


def linear_names(root: str, model: nn.Module, endings: Sequence[str]) -> list[str]:
    """`root.` and the path of each linear layer whose path ends with one of the endings, in the model's order."""
    return [
        f"{root}.{path}"
        for path, module in model.named_modules()
        if any(path == ending or path.endswith("." + ending) for ending in endings)
        and isinstance(_plain(module), nn.Linear)
    ]


def _plain(module: nn.Module) -> nn.Linear:
    """The frozen layer itself, also where peft has wrapped it for generation."""
    linear: nn.Linear = getattr(module, "base_layer", module)  # type: ignore[arg-type]
    return linear


def _place(roots: Mapping[str, nn.Module], name: str) -> tuple[nn.Module, str, nn.Module]:
    root, _, path = name.partition(".")
    parent, _, child = path.rpartition(".")
    holder = roots[root].get_submodule(parent)
    return holder, child, holder.get_submodule(child)


def _put(parent: nn.Module, child: str, module: nn.Module) -> None:
    # Straight into the registry: nn.Module.__setattr__ would look through every parameter and buffer first.
    parent._modules[child] = module
