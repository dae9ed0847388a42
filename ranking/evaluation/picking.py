"""Which candidates a product shows: the best above a threshold, none nearly like another, or none at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ranking.evaluation.exceptions import CannotEvaluate

Values = NDArray[np.float64]


class Outcome(StrEnum):
    PICKED = "picked"
    FEWER = "fewer"  # than wished: what is left is too poor or too much alike
    NONE_GOOD_ENOUGH = "none_good_enough"
    NO_CANDIDATES = "no_candidates"


@dataclass(frozen=True)
class Wish:
    """At most n a product, each at least `threshold` likely to pass, cosine distance of any two at least `apart`."""

    n: int = 3
    threshold: float = 0.0
    apart: float = 0.0

    def __post_init__(self) -> None:
        if self.n < 1:
            raise CannotEvaluate(f"{self.n} picks are no wish; ask for 1 or more.")
        if not 0 <= self.threshold <= 1:
            raise CannotEvaluate(f"The threshold is {self.threshold}; a probability lies between 0 and 1.")
        if not 0 <= self.apart <= 2:
            raise CannotEvaluate(f"The distance between picks is {self.apart}; cosine distance lies between 0 and 2.")


@dataclass(frozen=True)
class Picked:
    """Candidate ids of one product, best first; `alike` are those left out, each with the pick it is too near to."""

    outcome: Outcome
    picks: tuple[int, ...] = ()
    alike: Mapping[int, int] = field(default_factory=dict)
    best: float | None = None  # probability of the best candidate, picked or not


def pick(candidates: NDArray[np.int64], chances: Values, wish: Wish, embeddings: NDArray[np.floating] | None) -> Picked:
    """The picks of one product: candidates (m) with their probabilities (m) and embeddings (m, d) or None.

    Greedy, best first; equal chances go by id, so that the same scores give the same picks. A candidate without an
    embedding (NaN), or with one of length 0, is like no other. Raises CannotEvaluate for a missing score.
    """
    if len(candidates) == 0:
        return Picked(Outcome.NO_CANDIDATES)
    if not np.isfinite(chances).all():
        raise CannotEvaluate(f"{int((~np.isfinite(chances)).sum())} candidate(s) have no score; score them, then pick.")
    order = np.lexsort((candidates, -chances))
    best = float(chances[order[0]])
    enough = order[chances[order] >= wish.threshold]
    if len(enough) == 0:
        return Picked(Outcome.NONE_GOOD_ENOUGH, best=best)
    directions = None if embeddings is None or wish.apart == 0 else _directions(embeddings)
    taken: list[int] = []
    alike: dict[int, int] = {}
    for row in enough:
        if len(taken) == wish.n:
            break
        near = None if directions is None or not taken else _nearest(directions, int(row), taken, wish.apart)
        if near is None:
            taken.append(int(row))
        else:
            alike[int(candidates[row])] = int(candidates[near])
    outcome = Outcome.PICKED if len(taken) == wish.n else Outcome.FEWER
    return Picked(outcome, tuple(int(candidates[row]) for row in taken), alike, best)


def _directions(embeddings: NDArray[np.floating]) -> Values:
    """(m, d) of length 1; zeros where there is none."""
    values = np.nan_to_num(embeddings.astype(np.float64), nan=0.0)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1.0))


def _nearest(directions: Values, row: int, taken: list[int], apart: float) -> int | None:
    """The pick that it is nearer to than allowed, None if there is none."""
    if not directions[row].any():
        return None
    distance = 1 - directions[taken] @ directions[row]
    near = int(np.argmin(distance))
    return taken[near] if distance[near] < apart else None
