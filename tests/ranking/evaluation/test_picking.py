"""Which images a product shows, and when it shows none."""

import numpy as np
import pytest

from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.picking import Outcome, Wish, pick
from tests.ranking.evaluation.made import Refused

IDS = np.array([10, 11, 12, 13])
CHANCES = np.array([0.2, 0.9, 0.6, 0.8])
# 11 and 13 are nearly the same picture.
SEEN = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.01, 1.0]])

CASES = {
    "the best three": (Wish(3), None, Outcome.PICKED, (11, 13, 12), {}),
    "those good enough": (Wish(3, threshold=0.7), None, Outcome.FEWER, (11, 13), {}),
    "none good enough": (Wish(3, threshold=0.95), None, Outcome.NONE_GOOD_ENOUGH, (), {}),
    "at the threshold is enough": (Wish(1, threshold=0.9), None, Outcome.PICKED, (11,), {}),
    "no two alike": (Wish(2, apart=0.1), SEEN, Outcome.PICKED, (11, 12), {13: 11}),
    "alike to all that is left": (Wish(4, apart=0.1), SEEN, Outcome.FEWER, (11, 12, 10), {13: 11}),
    "no distance asked for": (Wish(2), SEEN, Outcome.PICKED, (11, 13), {}),
    "what is not looked at is not told": (Wish(1, apart=0.1), SEEN, Outcome.PICKED, (11,), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_picks(case: str) -> None:
    wish, seen, outcome, picks, alike = CASES[case]
    found = pick(IDS, CHANCES, wish, seen)
    assert (found.outcome, found.picks, dict(found.alike)) == (outcome, picks, alike)
    assert found.best == 0.9


def test_equal_chances_go_by_id_in_any_order_of_rows() -> None:
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        found = pick(IDS[order], np.full(4, 0.5), Wish(2), None)
        assert found.picks == (10, 11)


@pytest.mark.parametrize("gone", [np.nan, 0.0], ids=["missing", "of length 0"])
def test_without_an_embedding_nothing_is_alike(gone: float) -> None:
    seen = SEEN.copy()
    seen[3] = gone
    assert pick(IDS, CHANCES, Wish(2, apart=0.1), seen).picks == (11, 13)


def test_a_new_candidate_changes_the_picks() -> None:
    before = pick(IDS, CHANCES, Wish(2), None)
    after = pick(np.r_[IDS, 14], np.r_[CHANCES, 0.85], Wish(2), None)
    assert (before.picks, after.picks) == ((11, 13), (11, 14))


def test_embeddings_go_with_their_rows() -> None:
    mixed = [2, 0, 3, 1]
    assert pick(IDS[mixed], CHANCES[mixed], Wish(2, apart=0.1), SEEN[mixed]).picks == (11, 12)


def test_no_candidates_no_picks() -> None:
    found = pick(IDS[:0], CHANCES[:0], Wish(), None)
    assert (found.outcome, found.picks, found.best) == (Outcome.NO_CANDIDATES, (), None)


BAD: Refused = {
    "no picks": (lambda: Wish(0), "0 picks"),
    "a threshold above 1": (lambda: Wish(1, threshold=1.5), "threshold is 1.5"),
    "a distance above 2": (lambda: Wish(1, apart=3), "distance between picks is 3"),
    "a missing score": (lambda: pick(IDS, np.array([np.nan, 1, 1, 1]), Wish(), None), "1 candidate"),
}


@pytest.mark.parametrize("case", BAD)
def test_wishes_that_are_none(case: str) -> None:
    call, sentence = BAD[case]
    with pytest.raises(CannotEvaluate, match=sentence):
        call()
