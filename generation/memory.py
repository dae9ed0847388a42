"""What stages do when memory runs out: with a batch of 1, save it level by level; then say what a person can do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from generation.checkpoints.devices import choose_device, free_memory, is_out_of_memory
from generation.checkpoints.roles import SavesMemory
from generation.exceptions import OutOfRoom

Result = TypeVar("Result")


class Room:
    """Where one model works; what it was told to save stays saved until the room is left."""

    def __init__(self, model: SavesMemory, what: str) -> None:
        self._model = model
        self._what = what
        self._level = 0

    def work(self, batch: int, work: Callable[[], Result]) -> Result:
        """`work()`, again with memory saved where there was none left at a batch of 1.

        With a larger batch that is raised as MemoryError or torch.OutOfMemoryError: the job begins again with half.
        Raises OutOfRoom when nothing more can be saved.
        """
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if batch > 1:
                    if isinstance(error, torch.OutOfMemoryError | MemoryError):
                        raise
                    # By this name the job knows it; torch has none for the CPU's.
                    raise MemoryError(str(error)) from error
                told = str(error).split(". ")[0]
            # Outside of the except block: the error held the frames, and these the tensors.
            free_memory(choose_device())
            self._level += 1
            if not self._model.save_memory(self._level):
                raise OutOfRoom(
                    f"Memory ran out in {self._what}, with one image at a time and everything saved that can be"
                    f" ({told}). Choose a smaller size in the method, a model set with smaller checkpoints or half"
                    " precision, or a machine with more memory."
                )


def perceivers(what: str) -> Room:
    """A room for models that look only: there is nothing to save, so that a batch of 1 is told at once."""
    return Room(_NothingToSave(), what)


class _NothingToSave:
    def save_memory(self, level: int) -> bool:
        return level == 0


@contextmanager
def room(model: SavesMemory, what: str) -> Iterator[Room]:
    """A room for work that is named `what` in errors. On leaving it, the model is as fast as before."""
    made = Room(model, what)
    try:
        yield made
    finally:
        model.save_memory(0)
