"""Judged images once more, packed: those of ITEMS items in a row as columns of numbers, one row of the database.

Filters that no sums are kept for read all images. As rows, a million of them take a database seconds to add up; packed
they are some 30 MB, which numpy adds up in a fraction of one (`review.scanning.packed`). No product is in two blocks,
so that what is summed over products is summed block by block.

A block is bytes: 64-bit numbers say how many images there are and, for each of COLUMNS, its bytes an image (0: all are
alike) and its least value, which is taken from every other; then follow the columns. Images are in the order of items
and tasks. A value that is None is NOTHING, which none of those columns has otherwise.

For whoever counts, who holds the counter; reaches numpy.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from review.counting.facts import KINDS
from review.models import PACKED, Block, Counter, JudgedImage, Voters

Rows = NDArray[np.int64]  # (images, COLUMNS)
Columns = dict[str, NDArray[np.int64]]  # each (images,)
Data = bytes | memoryview  # a block, as databases give it

ITEMS = 128
NOTHING = -1
# `day` as date.toordinal counts, `voters` as VOTERS does.
COLUMNS = ("item", "task", "candidate", "campaign", "question_set", "questions", "type", "method", "prompt", "voters",
           "day", "verdict", "ratings", "active_ms", "passes", "fails", "alone", *KINDS, "place_by_sum")  # fmt: skip
VOTERS = {voters.value: place for place, voters in enumerate(Voters)}
_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_ITEM, _TASK = _PLACES["item"], _PLACES["task"]
_HEAD = 1 + 2 * len(COLUMNS)
_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4"), 8: np.dtype("<i8")}


def number_of(item: int) -> int:
    """The block that an item's images are in."""
    return item // ITEMS


def last_of(item: int) -> int:
    """The last item of an item's block."""
    return (number_of(item) + 1) * ITEMS - 1


def rows_of(facts: Iterable[JudgedImage]) -> Rows:
    """As numbers, (images, COLUMNS)."""
    return np.array([_row(fact) for fact in facts], np.int64).reshape(-1, len(COLUMNS))


def pack(rows: Rows) -> bytes:
    """One or more images as a block's bytes, whatever order they come in."""
    rows = rows[np.lexsort((rows[:, _TASK], rows[:, _ITEM]))]
    least = rows.min(axis=0)
    over = rows - least
    widths = [_width(int(most)) for most in over.max(axis=0)]
    head = np.column_stack([widths, least]).astype("<i8")
    columns = [over[:, place].astype(_TYPES[width]).tobytes() for place, width in enumerate(widths) if width]
    return b"".join([np.array([len(rows)], "<i8").tobytes(), head.tobytes(), *columns])


def unpack(blocks: Sequence[Data], names: Collection[str] = COLUMNS) -> Columns:
    """These columns of several blocks, one behind the other."""
    heads = [np.frombuffer(block, "<i8", _HEAD).tolist() for block in blocks]
    total = sum(head[0] for head in heads)
    found = {name: np.empty(total, np.int64) for name in names}
    start = 0
    for block, (images, *head) in zip(blocks, heads, strict=True):
        at = 8 * _HEAD
        for place, name in enumerate(COLUMNS):
            width, least = head[2 * place : 2 * place + 2]
            if name in found:
                into = found[name][start : start + images]
                into[:] = least
                if width:
                    into += np.frombuffer(block, _TYPES[width], images, at)
            at += width * images
        start += images
    return found


def follow(changed: Mapping[int, tuple[JudgedImage | None, JudgedImage | None]], counter: Counter) -> None:
    """Bring the blocks to what these tasks' images changed from and to.

    Those that a rebuild is still to make, in another format or not followed any more, are not even looked at.
    """
    facts = [fact for both in changed.values() for fact in both if fact is not None]
    numbers = {number for number in {number_of(fact.item) for fact in facts} if _is_made(number, counter)}
    there = _kept(numbers)
    new = rows_of(computed for _, computed in changed.values() if computed is not None)
    tasks = np.array(list(changed), np.int64)
    made = {}
    for number in sorted(numbers):
        old = _whole(there[number]) if number in there else new[:0]
        mine = new[new[:, _ITEM] // ITEMS == number]
        made[number] = np.concatenate([old[~np.isin(old[:, _TASK], tasks)], mine])
    write({number: pack(rows) if len(rows) else None for number, rows in made.items()})


def wrong(facts: Sequence[JudgedImage], after: int, last: int) -> dict[int, tuple[bytes | None, bytes | None]]:
    """By number: what is kept and what should be, of blocks that are not what these images are.

    These are all images of items behind `after`, with which a block ends (0: none has begun), up to `last`.
    """
    rows = rows_of(facts)
    numbers = rows[:, _ITEM] // ITEMS
    right = {int(number): pack(rows[numbers == number]) for number in np.unique(numbers)}
    numbered = (number_of(after) + 1 if after else 0, number_of(last))
    there = Block.objects.filter(number__range=numbered).values_list("number", "data")
    kept = {number: bytes(data) for number, data in there}
    return {
        number: (kept.get(number), right.get(number))
        for number in sorted({*kept, *right})
        if kept.get(number) != right.get(number)
    }


def write(wanted: Mapping[int, bytes | None]) -> None:
    """Keep these blocks; None: there is none."""
    Block.objects.filter(number__in=[number for number, data in wanted.items() if data is None]).delete()
    made = [Block(number=number, data=data) for number, data in wanted.items() if data is not None]
    Block.objects.bulk_create(
        made, batch_size=100, update_conflicts=True, unique_fields=["number"], update_fields=["data"]
    )


def said_of(data: bytes | None) -> str:
    """A block in words: its images, and a checksum that tells two apart."""
    if data is None:
        return "nothing"
    return f"{int(np.frombuffer(data, '<i8', 1)[0]):,} images packed as {crc32(data):08x}"


def _row(fact: JudgedImage) -> tuple[int, ...]:
    values = {name: getattr(fact, name) for name in COLUMNS if name not in ("task", "day", "voters")}
    values |= {"task": fact.task_id, "day": fact.day.toordinal(), "voters": VOTERS[fact.voters]}
    return tuple(NOTHING if values[name] is None else values[name] for name in COLUMNS)


def _width(most: int) -> int:
    """Bytes that hold 0 to `most`."""
    return next(width for width in (0, 1, 2, 4, 8) if most < 1 << 8 * width)


def _is_made(number: int, counter: Counter) -> bool:
    """Whether a block is what its images are: one that is not there has none."""
    return counter.packed == PACKED or (counter.built > 0 and number <= number_of(counter.built))


def _kept(numbers: Collection[int]) -> dict[int, Data]:
    return dict(Block.objects.filter(number__in=numbers).values_list("number", "data"))


def _whole(block: Data) -> Rows:
    columns = unpack([block])
    return np.column_stack([columns[name] for name in COLUMNS])
