"""Ratings as columns: what is counted, what is missing, and that many of them stay small."""

import numpy as np

from raters.statistics.ballots import BallotBox, Scale
from tests.raters.statistics.made import ballots_of, scale


def test_counts_are_by_image_and_answer() -> None:
    ballots = ballots_of([("a", "r1", "y"), ("a", "r2", "n"), ("b", "r1", "m"), ("b", "r2", "-")])
    assert ballots.counts(0).tolist() == [[1, 0, 1, 0], [0, 1, 0, 0]]


def test_image_is_accepted_only_when_every_answer_passes() -> None:
    ballots = ballots_of([("a", "r1", "yy"), ("a", "r2", "ym"), ("b", "r1", "y-")], questions=2)
    assert ballots.accepted.tolist() == [True, False, False]
    assert ballots.accept_counts().tolist() == [[1, 1], [1, 0]]


def test_an_unknown_answer_counts_as_none() -> None:
    box = BallotBox([scale("q")])
    box.add("a", "r", {"q": "banana"})
    assert box.ballots().counts(0).sum() == 0


def test_unclear_has_no_rank() -> None:
    assert scale().ranked == [0, 1, 2]
    assert Scale("stars", ("1", "2", "3")).ranked == [0, 1, 2]


def test_columns_grow_past_their_first_size_and_keep_their_order() -> None:
    box = BallotBox([scale("q")])
    for number in range(3000):
        box.add(number // 3, number % 3, {"q": "yes"}, active_ms=number)
    ballots = box.ballots()
    assert len(ballots) == 3000
    assert ballots.active_ms.tolist() == list(range(3000))
    assert ballots.task[-1] == 999


def test_some_keeps_tasks_and_raters() -> None:
    ballots = ballots_of([("a", "r1", "y"), ("b", "r2", "n")])
    kept = ballots.some(np.array([False, True]))
    assert kept.task_ids == ["a", "b"]
    assert kept.counts(0).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0]]
