"""What stages do when memory runs out: with a batch of 1, save it level by level; then say what a person can do."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

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
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                if batch > 1:
                    if isinstance(error, torch.OutOfMemoryError):
                        raise
                    # By this name the job knows it; torch has none for the CPU's.
                    raise MemoryError(str(error)) from error
                told = str(error).split(". ")[0]
            # Outside of the except block: the error held the frames, and these the tensors.
            free_unused()
            self._level += 1
            if not self._model.save_memory(self._level):
                raise OutOfRoom(
                    f"Memory ran out in {self._what}, with one image at a time and everything saved that can be"
                    f" ({told}). Choose a smaller size in the method, a model set with smaller checkpoints or half"
                    " precision, or a machine with more memory."
                )


@contextmanager
def room(model: SavesMemory, what: str) -> Iterator[Room]:
    """A room for work that is named `what` in errors. On leaving it, the model is as fast as before."""
    made = Room(model, what)
    try:
        yield made
    finally:
        model.save_memory(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch says so, of a GPU or of the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def free_unused() -> None:
    """Give back what no tensor holds."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
