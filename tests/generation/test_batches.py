"""Batches: results in order, each a step; only what is not kept is made; smaller batches after memory ran out."""

import pytest
import torch

from generation.batches import Batches
from generation.context import LocalContext


class Model:
    def save_memory(self, level: int) -> bool:
        return level == 0


class Context(LocalContext):
    """One with an upper bound to batches, as after running out of memory; it can be told to stop."""

    def __init__(self, most: int = 99, stop_after: int = 99) -> None:
        self.reported: list[tuple[int, int | None]] = []
        super().__init__(lambda done, total, _message: self.reported.append((done, total)))
        self.most, self.left = most, stop_after

    def batch_size(self, largest: int) -> int:
        return min(largest, self.most)

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise InterruptedError


class Maker:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def make(self, items: list[int]) -> list[int]:
        self.batches.append(list(items))
        return [item * item for item in items]


def run(context: Context, maker: Maker, count: int = 5, largest: int = 2) -> list[int]:
    return Batches(context, Model(), "squares", largest).of(
        range(1, count + 1), lambda item: f"item {item}", maker.make
    )


@pytest.mark.parametrize(
    ("largest", "most", "batches"),
    [
        (2, 99, [[1, 2], [3, 4], [5]]),
        (8, 99, [[1, 2, 3, 4, 5]]),
        (8, 3, [[1, 2, 3], [4, 5]]),
        (8, 1, [[1], [2], [3], [4], [5]]),
    ],
)
def test_all_are_made_in_order(largest: int, most: int, batches: list[list[int]]) -> None:
    maker, context = Maker(), Context(most)
    assert run(context, maker, largest=largest) == [1, 4, 9, 16, 25]
    assert maker.batches == batches
    assert context.reported == [(done, 5) for done in range(1, 6)]
    assert context.done == {f"item {item}": item * item for item in range(1, 6)}


def test_nothing_to_make_is_nothing() -> None:
    assert run(Context(), Maker(), count=0) == []


@pytest.mark.parametrize(
    ("kept", "batches"),
    [([1, 2, 3, 4, 5], []), ([1, 2], [[3, 4], [5]]), ([1, 2, 3], [[3, 4], [5]]), ([5], [[1, 2], [3, 4]])],
    ids=["all kept", "a batch kept", "half of a batch kept", "the last kept"],
)
def test_only_batches_with_something_missing_are_made(kept: list[int], batches: list[list[int]]) -> None:
    maker, context = Maker(), Context()
    context.done = {f"item {item}": item * item for item in kept}
    assert run(context, maker) == [1, 4, 9, 16, 25]
    assert maker.batches == batches


def test_a_stop_comes_between_batches_and_keeps_what_is_done() -> None:
    maker, context = Maker(), Context(stop_after=2)
    with pytest.raises(InterruptedError):
        run(context, maker)
    assert sorted(context.done) == ["item 1", "item 2", "item 3", "item 4"]


def test_memory_that_ran_out_in_a_batch_loses_only_that_batch() -> None:
    class Greedy(Maker):
        def make(self, items: list[int]) -> list[int]:
            if len(items) > 1 and 3 in items:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().make(items)

    maker, context = Greedy(), Context()
    with pytest.raises(torch.OutOfMemoryError):
        run(context, maker)
    context.most = 1
    assert run(context, maker) == [1, 4, 9, 16, 25]
    assert maker.batches == [[1, 2], [3], [4], [5]]
