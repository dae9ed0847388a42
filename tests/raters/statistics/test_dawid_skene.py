"""Dawid-Skene against crowd-kit's, which takes two hundred times as long."""

import numpy as np
import pytest
from crowdkit.aggregation import DawidSkene

from raters.statistics.dawid_skene import fit_dawid_skene
from tests.raters.statistics.made import framed, make_votes, shuffled, unframed

pytestmark = [  # crowd-kit 1.4 calls pandas as pandas 2 was called
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rounds", [1, 2, 50])
def test_as_crowd_kit_fits_it(seed: int, rounds: int) -> None:
    votes = make_votes(seed)
    theirs = DawidSkene(n_iter=rounds, tol=-np.inf).fit_predict_proba(framed(votes))
    assert fit_dawid_skene(votes, rounds) == pytest.approx(unframed(theirs), abs=1e-9)


def test_the_order_of_votes_does_not_matter() -> None:
    votes = make_votes()
    assert fit_dawid_skene(shuffled(votes), 50) == pytest.approx(fit_dawid_skene(votes, 50), abs=1e-12)


def test_without_a_round_it_is_the_vote() -> None:
    votes = make_votes()
    believed = fit_dawid_skene(votes, 0)
    said = votes.label[votes.task == 3]
    assert believed[3].tolist() == pytest.approx([np.mean(said == label) for label in range(4)])


def test_a_hundred_thousand_votes_on_one_task_are_not_too_many() -> None:
    votes = make_votes(tasks=1, raters=100_000)
    believed = fit_dawid_skene(votes, 20)
    assert believed.sum() == pytest.approx(1)
