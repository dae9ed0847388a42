"""Parts of a ranker: their logits, and contributions that add up to them."""

import numpy as np
import pytest

from ranking.learning.lightgbm_library import lightgbm
from ranking.learning.logistic import sigmoid
from ranking.learning.scorers import Linear, Part, Trees, logit_of_log

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(60, 4))
X[3, 1] = np.nan


def trees(seed: int) -> Trees:
    target = sigmoid(np.nan_to_num(X) @ DRAWN.normal(size=4) + seed)
    settings = {"objective": "cross_entropy", "verbosity": -1, "min_data_in_leaf": 5, "num_leaves": 4, "num_threads": 1}
    return Trees(lightgbm.train(settings, lightgbm.Dataset(X, target), 10).model_to_string())


LINES = (Linear(0.3, np.array([1.0, -2.0, 0.0, 0.5])), Linear(2.0, np.array([0.0, 0.5, 0.5, -1.0])))
PARTS = {
    "a line": Part("linear", LINES[:1]),
    "lines multiplied": Part("heads", LINES),
    "trees": Part("lightgbm", (trees(0),)),
    "trees multiplied": Part("tree heads", (trees(0), trees(1), trees(2))),
    "surely passing": Part("heads", (Linear(40.0, np.ones(4)), Linear(40.0, np.ones(4)))),
    "surely failing": Part("heads", (Linear(-40.0, np.ones(4)), Linear(-90.0, np.ones(4)))),
    "always the same": Part("heads", (Linear(1.0, np.zeros(4)), Linear(-1.0, np.zeros(4)))),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_contributions_add_up_to_the_logit(part: Part) -> None:
    told = part.contributions(X)
    assert told.shape == (60, 5)
    np.testing.assert_allclose(told.sum(axis=1), part.logits(X), rtol=1e-6, atol=1e-6)


def test_multiplied_probabilities_are_the_product() -> None:
    chances = [sigmoid(line.logits(X)) for line in LINES]
    np.testing.assert_allclose(sigmoid(Part("heads", LINES).logits(X)), chances[0] * chances[1], atol=1e-12)


def test_a_missing_value_adds_nothing_to_a_line() -> None:
    assert LINES[0].contributions(X)[3, 1] == 0
    assert np.isfinite(LINES[0].logits(X)).all()


def test_a_column_that_is_not_used_adds_nothing() -> None:
    assert (Part("linear", LINES[:1]).contributions(X)[:, 2] == 0).all()


def test_more_of_a_good_thing_adds_more() -> None:
    """Through the product, too, what raises every question's logit raises the image's."""
    both = Part("heads", (Linear(0.0, np.array([1.0, 0, 0, 0])), Linear(1.0, np.array([0.5, 0, 0, 0]))))
    ascending = np.zeros((9, 4))
    ascending[:, 0] = np.linspace(-4, 4, 9)
    added = both.contributions(ascending)[:, 0]
    assert (np.diff(added) > 0).all()
    assert added[4] == 0


def test_trees_from_their_text_are_the_same_to_the_bit() -> None:
    one = trees(3)
    np.testing.assert_array_equal(Trees(one.text).logits(X), one.logits(X))


@pytest.mark.parametrize("chance", [1e-30, 0.01, 0.5, 0.99])
def test_logits_of_logs(chance: float) -> None:
    assert sigmoid(logit_of_log(np.array([np.log(chance)])))[0] == pytest.approx(chance)
