"""MACE against crowd-kit's from the same start; several starts, and votes in any order and number."""

import numpy as np
import pytest
from crowdkit.aggregation import MACE

from raters.statistics.mace import Crowd, after, fit_mace, start
from raters.statistics.votes import Votes
from tests.raters.statistics.made import framed, make_votes, shuffled, unframed

pytestmark = [  # crowd-kit 1.4 calls pandas as pandas 2 was called
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


def theirs(votes: Votes, rounds: int) -> tuple[Crowd, np.ndarray]:
    """Where crowd-kit starts, and what it believes in the end."""
    model = MACE(n_restarts=1, n_iter=rounds, random_state=5)
    model._initialize(votes.raters, votes.labels)
    begun = Crowd(model.spamming_.copy(), model.thetas_.copy())
    return begun, unframed(model.fit_predict_proba(framed(votes)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rounds", [0, 1, 50])
def test_as_crowd_kit_fits_it(seed: int, rounds: int) -> None:
    votes = make_votes(seed)
    begun, expected = theirs(votes, rounds)
    assert after(rounds, begun, votes).right == pytest.approx(expected, abs=1e-12)


def test_the_order_of_votes_does_not_matter() -> None:
    """crowd-kit's answers change with it, by a tenth of a probability here."""
    votes = make_votes()
    mixed = shuffled(votes)
    expected = fit_mace(votes, 50, 4, 0)
    assert fit_mace(mixed, 50, 4, 0) == pytest.approx(expected, abs=1e-12)
    assert np.abs(theirs(mixed, 50)[1] - theirs(votes, 50)[1]).max() > 0.05


def test_the_most_likely_of_different_starts_is_taken() -> None:
    """After a single round, where a start is still to be seen: crowd-kit's own restarts are all the same one."""
    votes, drawing = make_votes(), np.random.default_rng(0)
    found = [after(1, start(votes, drawing), votes) for _ in range(4)]
    assert len({one.likelihood for one in found}) == 4
    best = max(found, key=lambda one: one.likelihood)
    assert best is not found[0]
    assert (fit_mace(votes, 1, 4, 0) == best.right).all()


def test_a_hundred_thousand_votes_on_one_task_are_not_too_many() -> None:
    found = fit_mace(make_votes(tasks=1, raters=100_000), 20, 1, 0)
    assert found.sum() == pytest.approx(1)
