"""What a running stage holds in its hand. A job's context has this shape; a notebook uses `LocalContext`."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from generation.records import Picture


class StageContext(Protocol):
    """Progress, cancellation, and steps that are never done twice.

    Whatever is slow happens inside a `step`: its result, JSON, is kept at once, and a stage that begins anew after a
    crash gets it back without working. So at most one step is ever lost. Keep steps to seconds, and name each by what
    it is about ("photo 3f2a… view 2"), never by a count that another order would shift.
    """

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Do `work()` once and return its JSON result."""

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the stage is, in images, steps or whatever it counts."""

    def check(self) -> None:
        """Raise if the work has to stop; cheap enough for each training step."""

    def batch_size(self, largest: int) -> int:
        """`largest`, halved for each time that memory ran out; at least 1."""

    def show(self, title: str, picture: Picture) -> None:
        """Show a picture on the way, such as a validation image."""

    def curve(self, points: Sequence[tuple[int, float]]) -> None:
        """Show how the loss has gone so far, as (step, mean since the point before)."""

    def keep_checkpoint(self, name: str, data: bytes) -> None:
        """Keep the state of long work under a name, in place of what was there; it outlives the process."""

    def checkpoint(self, name: str) -> bytes | None:
        """What was kept last under that name."""


class LocalContext:
    """A stage's context without a job: for notebooks, benchmarks and tests. Nothing outlives the object."""

    def __init__(self, say: Callable[[int, int | None, str], None] = lambda _done, _total, _message: None) -> None:
        self.done: dict[str, Any] = {}
        self.shown: list[tuple[str, Picture]] = []
        self.points: tuple[tuple[int, float], ...] = ()
        self.checkpoints: dict[str, bytes] = {}
        self._say = say

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        if name not in self.done:
            self.done[name] = work()
        return self.done[name]

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        self._say(done, total, message)

    def check(self) -> None:
        """Nobody cancels a notebook but by its own stop button."""

    def batch_size(self, largest: int) -> int:
        return largest

    def show(self, title: str, picture: Picture) -> None:
        self.shown.append((title, picture))

    def curve(self, points: Sequence[tuple[int, float]]) -> None:
        self.points = tuple(points)

    def keep_checkpoint(self, name: str, data: bytes) -> None:
        self.checkpoints[name] = data

    def checkpoint(self, name: str) -> bytes | None:
        return self.checkpoints.get(name)
