"""Many images of a stage, made a batch at a time and kept one by one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from generation.checkpoints.roles import SavesMemory
from generation.context import StageContext
from generation.memory import Room, room

Item = TypeVar("Item")
LARGEST = 8  # images a pass, where a method does not say it


@dataclass(frozen=True)
class Batches:
    """Where images are made: `what` names the work in progress and in errors, `largest` is a batch's most."""

    context: StageContext
    model: SavesMemory
    what: str
    largest: int = LARGEST

    def of(
        self, items: Sequence[Item], name: Callable[[Item], str], make: Callable[[Sequence[Item]], list[Any]]
    ) -> list[Any]:
        """The JSON results of all items, in their order; each item is a step of its own, by its name.

        `make` gives one result per item of a batch and is called only for batches of which some step is not kept
        yet. Images must not depend on their batch: what is lost in a crash may be made in another one.
        """
        size = self.context.batch_size(self.largest)
        results: list[Any] = []
        with room(self.model, self.what) as place:
            for first in range(0, len(items), size):
                self.context.check()
                batch = _Batch(items[first : first + size], make, place)
                for number, item in enumerate(batch.items):
                    results.append(self.context.step(name(item), partial(batch.result, number)))
                    self.context.progress(len(results), len(items), self.what)
        return results


class _Batch:
    def __init__(self, items: Sequence[Any], make: Callable[[Sequence[Any]], list[Any]], place: Room) -> None:
        self.items = items
        self._make = make
        self._place = place
        self._made: list[Any] | None = None

    def result(self, number: int) -> Any:
        if self._made is None:
            self._made = self._place.work(len(self.items), lambda: self._make(self.items))
        return self._made[number]
