"""Ratings as columns of small numbers: what every figure here is computed from.

A hundred thousand ratings of eight questions are 2 MB this way. Nothing is padded to a table of raters by images, which
nobody fills: each rater sees a few of the images.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
MISSING = -1
# An answer that is on no scale: a category of its own where categories are compared, missing where order is.
UNRANKED = "unclear"


@dataclass(frozen=True)
class Scale:
    """One question: its possible answers in their order (best or worst first), and which of them pass."""

    key: str
    answers: tuple[str, ...]
    passing: frozenset[str] = frozenset({"yes"})

    @property
    def ranked(self) -> list[int]:
        """The positions of the answers that have an order among them."""
        return [number for number, answer in enumerate(self.answers) if answer != UNRANKED]


@dataclass(frozen=True)
class Ballots:
    """`task` and `rater` are (n,) positions in `task_ids` and `rater_ids`; `answers` is (n, questions), -1 for none.

    Rows are in the order in which the ratings were made. `active_ms` is the attention that each took; 0 is not known.
    """

    scales: tuple[Scale, ...]
    task_ids: Sequence[Any]
    rater_ids: Sequence[Any]
    task: NDArray[np.int32]
    rater: NDArray[np.int32]
    answers: NDArray[np.int8]
    active_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.task)

    def counts(self, question: int) -> Counts:
        """(tasks, answers): how many raters gave each answer to each image."""
        given = self.answers[:, question]
        there = given != MISSING
        width = len(self.scales[question].answers)
        flat = self.task[there].astype(np.int64) * width + given[there]
        return np.bincount(flat, minlength=len(self.task_ids) * width).reshape(-1, width)

    @cached_property
    def passes(self) -> NDArray[np.bool_]:
        """(n, questions): whether each answer passes; a missing one does not."""
        columns = [
            np.isin(self.answers[:, number], [code for code, one in enumerate(scale.answers) if one in scale.passing])
            for number, scale in enumerate(self.scales)
        ]
        return np.column_stack(columns) if columns else np.zeros((len(self), 0), bool)

    @cached_property
    def accepted(self) -> NDArray[np.bool_]:
        """(n,): whether the rater accepts the image, which is that every answer passes."""
        return np.asarray(self.passes.all(axis=1))

    def accept_counts(self) -> Counts:
        """(tasks, 2): how many raters do not accept, and accept, each image."""
        flat = self.task.astype(np.int64) * 2 + self.accepted
        return np.bincount(flat, minlength=len(self.task_ids) * 2).reshape(-1, 2)

    def some(self, keep: NDArray[np.bool_]) -> "Ballots":
        """The ratings where `keep` (n,) is true, of the same tasks and raters."""
        columns = (self.task[keep], self.rater[keep], self.answers[keep], self.active_ms[keep])
        return Ballots(self.scales, self.task_ids, self.rater_ids, *columns)


class BallotBox:
    """Collects ratings one by one, in flat memory, and makes them `Ballots`."""

    def __init__(self, scales: Sequence[Scale]) -> None:
        self.scales = tuple(scales)
        self._codes = [{answer: number for number, answer in enumerate(scale.answers)} for scale in self.scales]
        self._tasks: dict[Hashable, int] = {}
        self._raters: dict[Hashable, int] = {}
        self._task, self._rater, self._active = _Column(np.int32), _Column(np.int32), _Column(np.int64)
        self._answers = _Column(np.int8)

    def add(self, task: Hashable, rater: Hashable, answers: Mapping[str, str], active_ms: int = 0) -> None:
        """One rating. An answer that the scale does not have counts as none: scales are checked at the door."""
        self._task.append(self._tasks.setdefault(task, len(self._tasks)))
        self._rater.append(self._raters.setdefault(rater, len(self._raters)))
        self._active.append(active_ms)
        for scale, codes in zip(self.scales, self._codes, strict=True):
            self._answers.append(codes.get(answers.get(scale.key, ""), MISSING))

    def ballots(self) -> Ballots:
        return Ballots(
            self.scales,
            list(self._tasks),
            list(self._raters),
            self._task.array(),
            self._rater.array(),
            self._answers.array().reshape(-1, len(self.scales)),
            self._active.array(),
        )


class _Column:
    """A growing array of one type."""

    def __init__(self, kind: Any) -> None:
        self._array = np.empty(1024, kind)
        self._used = 0

    def append(self, value: int) -> None:
        if self._used == len(self._array):
            self._array = np.concatenate([self._array, np.empty_like(self._array)])
        self._array[self._used] = value
        self._used += 1

    def array(self) -> NDArray[Any]:
        return self._array[: self._used].copy()
