"""Random numbers by name, never by order: a draw that is added later leaves every other as it was."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """Numbers that depend on a stream ("thing 12") and on the draw's own name only; the same on every machine."""

    def __init__(self, stream: str, prefix: str = "") -> None:
        self.stream = stream
        self.prefix = prefix

    def of(self, name: str) -> "Draws":
        """The same stream for one of several things: its draws' names begin with that thing's."""
        return Draws(self.stream, f"{self.prefix}{name} ")

    def unit(self, name: str) -> float:
        """A number in [0, 1)."""
        digest = hashlib.sha256(f"{self.stream}\x1f{self.prefix}{name}".encode()).digest()
        return (int.from_bytes(digest[:8], "big") >> 11) / 2**53

    def between(self, name: str, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.unit(name)

    def chance(self, name: str, share: float) -> bool:
        """True in that share of streams."""
        return self.unit(name) < share

    def side(self, name: str) -> int:
        """-1 or 1."""
        return 1 if self.unit(name) < 0.5 else -1

    def pick(self, name: str, among: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of a sequence; each as likely as the others, or by its weight."""
        if weights is None:
            return among[int(self.unit(name) * len(among))]
        left = self.unit(name) * sum(weights)
        for item, weight in zip(among, weights, strict=True):
            left -= weight
            if left < 0:
                return item
        return among[-1]
