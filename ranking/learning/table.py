"""Feature tables: one row a candidate, columns in named blocks, NaN for what is missing.

Blocks that learning knows by name (any other is taken as plain numbers):
    metrics                 the six metrics, or what a data set has instead; all of them: higher is better
    statistics              of the picture and its mask (`ranking.learning.statistics`)
    judges                  answers of judge models as numbers, higher is better (a VLM's eight answers, say)
    types                   the product's type, one column a type, 0 or 1
    emb.<space>.<what>      an embedding: what is candidate, photos, prompt, crop or photo_crop
    relative                made by `ranking.learning.deriving.derive`; never stored by hand
A table holds whole products: features relative to a product's other candidates need all of them, rated or not.
The hash of a table's definition says whether a ranker may score it. Embeddings that were stored or put together are
`SharedRows`: they read like arrays, and taking rows of a table copies none of them.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load as loads
from safetensors.numpy import save as saves

from ranking.learning.exceptions import WrongTable
from ranking.learning.shared_rows import Floats, Growing, Part, SharedRows, compact, wrapped

Ids = NDArray[np.int64]

METRICS, STATISTICS, JUDGES, TYPES, RELATIVE = "metrics", "statistics", "judges", "types", "relative"
EMBEDDING = "emb."


@dataclass(frozen=True)
class Block:
    """Columns that belong together. A change of how they are computed raises the version."""

    name: str
    columns: tuple[str, ...]
    version: int = 1

    def __post_init__(self) -> None:
        if len(set(self.columns)) != len(self.columns):
            raise WrongTable(f"The block {self.name} names a column twice: {', '.join(self.columns)}.")

    @classmethod
    def of_width(cls, name: str, width: int, version: int = 1) -> "Block":
        """A block whose columns are numbered: an embedding. Equal ones are one object, and so compared at once."""
        return _of_width(name, width, version)


@lru_cache(maxsize=256)
def _of_width(name: str, width: int, version: int) -> Block:
    return Block(name, tuple(f"{place}" for place in range(width)), version)


@dataclass(frozen=True)
class Definition:
    """What the columns of a table are. Equal definitions have equal hashes, on every machine."""

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        names = [block.name for block in self.blocks]
        if len(set(names)) != len(names):
            raise WrongTable(f"Two blocks of a table have the same name: {', '.join(names)}.")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All columns in order, each as block.column."""
        return tuple(f"{block.name}.{column}" for block in self.blocks for column in block.columns)

    @cached_property
    def hash(self) -> str:
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()

    def has(self, name: str) -> bool:
        return any(block.name == name for block in self.blocks)

    def block(self, name: str) -> Block:
        for block in self.blocks:
            if block.name == name:
                return block
        raise WrongTable(f"The table has no block {name}; it has {', '.join(block.name for block in self.blocks)}.")

    def plain(self) -> list[dict[str, Any]]:
        """As JSON; numbered columns as their count."""
        return [
            {
                "name": block.name,
                "version": block.version,
                "columns": len(block.columns) if _numbered(block) else list(block.columns),
            }
            for block in self.blocks
        ]

    @classmethod
    def from_plain(cls, plain: Sequence[Mapping[str, Any]]) -> "Definition":
        return cls(tuple(_block(told) for told in plain))


@dataclass(frozen=True)
class FeatureTable:
    """`parts` holds each block's values (n, width); products and candidates are ids (n), candidates all different.

    Rows of a product need not be neighbours. Raises WrongTable where shapes or ids do not fit.
    """

    definition: Definition
    parts: Mapping[str, Part]
    products: Ids
    candidates: Ids

    def __post_init__(self) -> None:
        count = len(self.candidates)
        if self.products.shape != (count,) or self.candidates.ndim != 1:
            raise WrongTable(f"{self.products.shape} products do not fit {self.candidates.shape} candidates.")
        if set(self.parts) != {block.name for block in self.definition.blocks}:
            raise WrongTable(f"Parts {sorted(self.parts)} are not the blocks of the definition.")
        for block in self.definition.blocks:
            if self.parts[block.name].shape != (count, len(block.columns)):
                wrong = f"Block {block.name} has shape {self.parts[block.name].shape}"
                raise WrongTable(f"{wrong}, and should have {(count, len(block.columns))}.")
        if len(np.unique(self.candidates)) != count:
            raise WrongTable("A candidate stands in the table twice; each may have one row.")

    @classmethod
    def build(
        cls, blocks: Mapping[str, tuple[Sequence[str] | int, ArrayLike]], products: ArrayLike, candidates: ArrayLike
    ) -> "FeatureTable":
        """From {block: (names of its columns or their number, values (n, width))}; infinite values become NaN."""
        made, parts = [], {}
        for name, (columns, values) in blocks.items():
            made.append(Block.of_width(name, columns) if isinstance(columns, int) else Block(name, tuple(columns)))
            part = np.array(values, np.float32)
            part[np.isinf(part)] = np.nan
            parts[name] = part
        ids = np.asarray(products, np.int64), np.asarray(candidates, np.int64)
        return cls(Definition(tuple(made)), parts, *ids)

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.definition.columns

    @property
    def values(self) -> Floats:
        """(n, d) of all blocks side by side; a copy, large where embeddings are."""
        blocks = [self.part(block.name) for block in self.definition.blocks]
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(self), 0), np.float32)

    def part(self, name: str) -> Floats:
        """(n, width): a block's values as one array; of embeddings a copy, and a large one."""
        return np.asarray(self.parts[name])

    def column(self, name: str) -> Floats:
        """(n): one column by its full name, block.column."""
        block, _, column = name.rpartition(".")
        columns = self.definition.block(block).columns if self.definition.has(block) else ()
        if column not in columns:
            block, _, column = name.partition(".")
            columns = self.definition.block(block).columns
        if column not in columns:
            raise WrongTable(f"The table has no column {name}.")
        part, place = self.parts[block], columns.index(column)
        return part.column(place) if isinstance(part, SharedRows) else part[:, place]

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "FeatureTable":
        """These rows only. Take whole products, or features relative to the product change."""
        parts = {name: _taken(part, rows) for name, part in self.parts.items()}
        return FeatureTable(self.definition, parts, self.products[rows], self.candidates[rows])

    def light(self) -> "FeatureTable":
        """The same table, of which rows are taken without a copy of any embedding."""
        parts = {name: wrapped(part) if name.startswith(EMBEDDING) else part for name, part in self.parts.items()}
        return FeatureTable(self.definition, parts, self.products, self.candidates)

    def compact(self) -> "FeatureTable":
        """The same values in as little memory as holds them: see `ranking.learning.shared_rows`."""
        parts = {name: compact(part) if name.startswith(EMBEDDING) else part for name, part in self.parts.items()}
        return FeatureTable(self.definition, parts, self.products, self.candidates)

    def rows_of(self, candidates: Ids) -> NDArray[np.intp]:
        """The row of each candidate. Raises WrongTable naming one that has none."""
        order = np.argsort(self.candidates, kind="stable")
        places = np.searchsorted(self.candidates[order], candidates)
        places = np.minimum(places, max(len(self) - 1, 0))
        found = self.candidates[order[places]] == candidates if len(self) else np.zeros(len(candidates), bool)
        if not found.all():
            missing = int(candidates[~found][0])
            raise WrongTable(f"Candidate {missing} has a label and no features; measure its run, then train again.")
        return order[places]

    def row_chunks(self, rows: int) -> Iterator[NDArray[np.intp]]:
        """Row numbers of whole products, each time of about that many rows at most."""
        order = np.argsort(self.products, kind="stable")
        ends = np.r_[np.flatnonzero(np.diff(self.products[order])) + 1, len(order)]
        start = 0
        while start < len(order):
            # The last end that fits; a product larger than that comes alone.
            last = max(
                int(np.searchsorted(ends, start + rows, side="right")) - 1, int(np.searchsorted(ends, start + 1))
            )
            yield order[start : int(ends[last])]
            start = int(ends[last])

    def chunks(self, rows: int) -> Iterator["FeatureTable"]:
        """Pieces of whole products, each of about that many rows at most."""
        return (self.take(taken) for taken in self.row_chunks(rows))

    def save(self, path: Path) -> None:
        """Writes `packed` into a file."""
        path.write_bytes(self.packed())

    @classmethod
    def load(cls, path: Path) -> "FeatureTable":
        """Reads what save wrote."""
        return cls.unpacked(path.read_bytes())

    def packed(self) -> bytes:
        """As safetensors, the definition in its head; embeddings compact. Equal tables give equal bytes."""
        arrays: dict[str, NDArray[Any]] = {"products": self.products, "candidates": self.candidates}
        for name, part in self.compact().parts.items():
            if isinstance(part, SharedRows):
                arrays[f"part.{name}"], arrays[f"at.{name}"] = part.rows, part.at
            else:
                arrays[f"part.{name}"] = part
        told = {"definition": json.dumps(self.definition.plain(), sort_keys=True)}
        return saves({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata=told)

    @classmethod
    def unpacked(cls, data: bytes) -> "FeatureTable":
        """What packed gave, and files of before embeddings were compact."""
        head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # a length of 8 bytes, then JSON
        definition = Definition.from_plain(json.loads(head["__metadata__"]["definition"]))
        arrays = loads(data)
        parts: dict[str, Part] = {}
        for block in definition.blocks:
            values, at = arrays[f"part.{block.name}"], arrays.get(f"at.{block.name}")
            parts[block.name] = values if at is None else SharedRows(values, at)
        return cls(definition, parts, arrays["products"], arrays["candidates"])


def concatenate(tables: Iterable[FeatureTable]) -> FeatureTable:
    """Tables of one definition as one, embeddings compact; given one by one, they are never all there beside the whole.

    Raises WrongTable for none, or for different definitions.
    """
    definition: Definition | None = None
    wide: dict[str, Growing] = {}
    narrow: dict[str, list[Floats]] = defaultdict(list)
    ids: list[tuple[Ids, Ids]] = []
    for table in tables:
        definition = definition or table.definition
        if table.definition != definition:
            raise WrongTable("Tables of different definitions cannot be put together; build them anew in one way.")
        ids.append((table.products, table.candidates))
        for name, part in table.parts.items():
            if name.startswith(EMBEDDING):
                wide.setdefault(name, Growing(part.shape[1])).add(
                    part if isinstance(part, SharedRows) else compact(part)
                )
            else:
                narrow[name].append(np.asarray(part))
    if definition is None:
        raise WrongTable("There are no tables to put together.")
    parts: dict[str, Part] = {name: made.whole() for name, made in wide.items()}
    parts |= {name: np.concatenate(pieces) for name, pieces in narrow.items()}
    products, candidates = (np.concatenate(column) for column in zip(*ids, strict=True))
    return FeatureTable(definition, parts, products, candidates)


def _taken(part: Part, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Part:
    return part.take(rows) if isinstance(part, SharedRows) else part[rows]


def _numbered(block: Block) -> bool:
    return block.columns == tuple(f"{place}" for place in range(len(block.columns)))


def _block(told: Mapping[str, Any]) -> Block:
    columns = told["columns"]
    if isinstance(columns, int):
        return Block.of_width(told["name"], columns, told["version"])
    return Block(told["name"], tuple(columns), told["version"])
