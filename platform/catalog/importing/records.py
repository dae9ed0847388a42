"""What a reader gives: one product with its photos' paths, or one refusal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from catalog.importing.trees import Tree
from catalog.services.products import ProductRow


@dataclass(slots=True)
class Refusal:
    """A row or file not taken, and why; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int
    external_id: str
    reason: str


@dataclass(slots=True)
class Record:
    """A product as read, where it stood, and its photos as paths in the reader's tree, best first.

    `remarks` are reported although the product itself is taken: photos that its listing names but nobody has.
    """

    file: str
    line: int
    row: ProductRow
    photos: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class Reader(Protocol):
    """Reads one layout, a product at a time; it is `done` of `total` (None: not known) in `unit`s far."""

    tree: Tree
    unit: str
    done: int
    total: int | None

    def __iter__(self) -> Iterator[Record | Refusal]: ...
