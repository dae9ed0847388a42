"""What is known of each rater from the answers: speed, agreement with the others, habits, and whether they change.

Everything is held against the other raters of the *same images*: a rater who was given bad images says no more often,
and is right.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from raters.statistics.ballots import MISSING, Ballots
from raters.statistics.intervals import Share, clustered_share

# An image in less than this part of the campaign's median time is too fast.
FAST_PART = 1 / 3
QUARTERS = 4
# Straight-lining is told apart from a good image only where there are several questions.
STRAIGHT_QUESTIONS = 3


@dataclass(frozen=True)
class Quarter:
    """A quarter of a rater's ratings, in the order in which they were made."""

    ratings: int
    agreement: Share
    seconds: float | None


@dataclass(frozen=True)
class RaterFigures:
    """One rater. Shares "of others" are those of the other raters of the same images; None where there are none."""

    rater: object
    ratings: int
    seconds: float | None  # median attention per image
    fast: Share  # ratings that were too fast
    agreement: Share  # with the majority of the others, by answer
    accept_agreement: Share  # the same on whether the image is accepted
    straight: Share  # ratings with the same answer to all questions
    straight_of_others: float | None
    passing: float  # share of answers that pass
    passing_of_others: float | None
    longest_run: int  # ratings in a row with the same answers throughout
    answers: dict[str, dict[str, int]]  # question → answer → how often
    quarters: tuple[Quarter, ...]
    gold: Share = field(default_factory=Share)


@dataclass(frozen=True)
class GoldMarks:
    """(n,) each: who rated a gold item, how many of its expected answers they gave, of how many."""

    rater: NDArray[np.int32]
    right: NDArray[np.int64]
    of: NDArray[np.int64]


@dataclass(frozen=True)
class _Rows:
    """What is known of each rating: (n,) arrays."""

    right: NDArray[np.int64]
    compared: NDArray[np.int64]
    accept_right: NDArray[np.int64]
    accept_compared: NDArray[np.int64]
    straight: NDArray[np.bool_]
    passing: NDArray[np.float64]
    straight_of_others: NDArray[np.float64]  # NaN where nobody else rated the image
    passing_of_others: NDArray[np.float64]
    fast: NDArray[np.bool_]


def rater_figures(ballots: Ballots, gold: GoldMarks | None = None) -> list[RaterFigures]:
    """One for each rater, in the order of `rater_ids`; `gold.rater` are positions in these, too."""
    rows = _rows(ballots)
    order = np.argsort(ballots.rater, kind="stable")
    bounds = np.searchsorted(ballots.rater[order], np.arange(len(ballots.rater_ids) + 1))
    found = []
    for number, rater in enumerate(ballots.rater_ids):
        own = order[bounds[number] : bounds[number + 1]]
        found.append(_figures(rater, ballots, rows, own, _gold_share(gold, number)))
    return found


def fast_limit_ms(ballots: Ballots) -> float:
    """Milliseconds under which a rating is too fast; 0 where no times are known."""
    known = ballots.active_ms[ballots.active_ms > 0]
    return float(np.median(known)) * FAST_PART if len(known) else 0.0


def _gold_share(gold: GoldMarks | None, number: int) -> Share:
    if gold is None:
        return Share()
    own = gold.rater == number
    return clustered_share(gold.right[own], gold.of[own])


def _rows(ballots: Ballots) -> _Rows:
    right = np.zeros(len(ballots), np.int64)
    compared = np.zeros(len(ballots), np.int64)
    for question in range(len(ballots.scales)):
        given = ballots.answers[:, question]
        agrees, decided = _with_the_others(ballots.counts(question), ballots.task, given)
        right += agrees
        compared += decided
    accepts, decided = _with_the_others(ballots.accept_counts(), ballots.task, ballots.accepted.astype(np.int8))
    straight = _straight(ballots)
    passing = ballots.passes.mean(axis=1) if ballots.scales else np.zeros(len(ballots))
    return _Rows(
        right,
        compared,
        accepts.astype(np.int64),
        decided.astype(np.int64),
        straight,
        passing,
        _mean_of_others(ballots, straight.astype(float)),
        _mean_of_others(ballots, passing),
        (ballots.active_ms > 0) & (ballots.active_ms < fast_limit_ms(ballots)),
    )


def _with_the_others(
    counts: NDArray[np.int64], task: NDArray[np.int32], given: NDArray[np.int8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) whether the answer is that of most of the others, and whether there is such a one: no tie, somebody else."""
    others = counts[task]
    answered = np.flatnonzero(given != MISSING)
    others[answered, given[answered]] -= 1
    most = others.max(axis=1)
    decided = (given != MISSING) & (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    return decided & (others.argmax(axis=1) == given), decided


def _straight(ballots: Ballots) -> NDArray[np.bool_]:
    if len(ballots.scales) < STRAIGHT_QUESTIONS:
        return np.zeros(len(ballots), bool)
    first = ballots.answers[:, :1]
    return np.asarray((ballots.answers == first).all(axis=1) & (first[:, 0] != MISSING))


def _mean_of_others(ballots: Ballots, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): the mean of `values` over the other ratings of the same image; NaN where there is none."""
    tasks = len(ballots.task_ids)
    total = np.bincount(ballots.task, weights=values, minlength=tasks)[ballots.task] - values
    others = np.bincount(ballots.task, minlength=tasks)[ballots.task] - 1
    return np.where(others > 0, total / np.maximum(others, 1), np.nan)


def _figures(rater: object, ballots: Ballots, rows: _Rows, own: NDArray[np.int64], gold: Share) -> RaterFigures:
    timed = ballots.active_ms[own] > 0
    return RaterFigures(
        rater=rater,
        ratings=len(own),
        seconds=_seconds(ballots, own),
        fast=clustered_share(rows.fast[own].astype(np.int64), timed.astype(np.int64)),
        agreement=clustered_share(rows.right[own], rows.compared[own]),
        accept_agreement=clustered_share(rows.accept_right[own], rows.accept_compared[own]),
        straight=clustered_share(rows.straight[own].astype(np.int64), _ones(ballots, own)),
        straight_of_others=_mean(rows.straight_of_others[own]),
        passing=float(rows.passing[own].mean()) if len(own) else 0.0,
        passing_of_others=_mean(rows.passing_of_others[own]),
        longest_run=_longest_run(ballots.answers[own]),
        answers=_distribution(ballots, own),
        quarters=tuple(_quarter(ballots, rows, part) for part in np.array_split(own, QUARTERS)),
        gold=gold,
    )


def _ones(ballots: Ballots, own: NDArray[np.int64]) -> NDArray[np.int64]:
    several = len(ballots.scales) >= STRAIGHT_QUESTIONS
    return np.full(len(own), int(several), np.int64)


def _seconds(ballots: Ballots, own: NDArray[np.int64]) -> float | None:
    known = ballots.active_ms[own]
    known = known[known > 0]
    return float(np.median(known)) / 1000 if len(known) else None


def _mean(values: NDArray[np.float64]) -> float | None:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else None


def _longest_run(answers: NDArray[np.int8]) -> int:
    if len(answers) == 0:
        return 0
    changes = np.flatnonzero((answers[1:] != answers[:-1]).any(axis=1)) + 1
    return int(np.diff(np.concatenate([[0], changes, [len(answers)]])).max())


def _distribution(ballots: Ballots, own: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    found = {}
    for number, scale in enumerate(ballots.scales):
        given = ballots.answers[own, number]
        often = np.bincount(given[given != MISSING], minlength=len(scale.answers))
        found[scale.key] = {answer: int(count) for answer, count in zip(scale.answers, often, strict=True)}
    return found


def _quarter(ballots: Ballots, rows: _Rows, part: NDArray[np.int64]) -> Quarter:
    return Quarter(len(part), clustered_share(rows.right[part], rows.compared[part]), _seconds(ballots, part))
