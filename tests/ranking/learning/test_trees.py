"""Boosted trees: monotone where more is better, their search bounded and repeatable."""

import numpy as np
import pytest

from ranking.learning import trees
from ranking.learning.preparing import prepare
from ranking.learning.problems import Problem, by_product
from ranking.learning.trees import LambdaRankLearner, TreeHeadsLearner, TreeLearner, monotone, search
from tests.ranking.learning.made import make_world


def problem(products: int = 30) -> Problem:
    table, labels = make_world(products)
    labels = by_product(labels)
    preparation = prepare(table, 4)
    return Problem(preparation.matrix(table)[table.rows_of(labels.candidates)], preparation.names, labels)


def test_only_what_metrics_and_judges_say_is_monotone() -> None:
    names = ("sum of metrics", "relative.clip_i rank", "relative.vlm mean", "types.mug", "emb.clip.candidate 1")
    assert monotone(names) == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("learner", [TreeLearner(), TreeHeadsLearner()], ids=["verdict", "questions"])
def test_a_higher_metric_never_lowers_the_score(learner: TreeLearner | TreeHeadsLearner) -> None:
    given = problem()
    part = learner.fit(given, 1)
    for place, rising in enumerate(monotone(given.names)):
        if rising:
            x = np.repeat(given.x[:5], 9, axis=0)
            x[:, place] = np.tile(np.linspace(-3, 3, 9), 5)
            assert (np.diff(part.logits(x).reshape(5, 9), axis=1) >= -1e-12).all()


def test_a_question_has_trees_of_its_own() -> None:
    assert len(TreeHeadsLearner().fit(problem(), 1).scorers) == 8


@pytest.mark.parametrize("trials", [1, 3])
def test_the_search_is_bounded_and_repeats_itself(trials: int) -> None:
    first, again = search(problem(), trials, 1), search(problem(), trials, 1)
    assert first == again
    settings, rounds = first
    assert 4 <= settings["num_leaves"] <= 15
    assert 10 <= rounds <= trees.MOST_ROUNDS


def test_a_single_product_is_not_searched_on() -> None:
    settings, rounds = search(problem(1), 3, 1)
    assert (settings["num_leaves"], rounds) == (7, trees.HEAD_ROUNDS[0])


def test_lambdarank_orders_within_products() -> None:
    given = problem(40)
    scores = LambdaRankLearner().fit(given, 1).logits(given.x)
    soft = given.labels.soft
    for product in range(5):
        rows = given.labels.products == product
        if np.ptp(soft[rows]) > 0.5:
            assert np.corrcoef(scores[rows], soft[rows])[0, 1] > 0.3
