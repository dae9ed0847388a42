"""What a model is given: weights, beliefs, and labels in the order of products."""

import numpy as np
import pytest

from ranking.learning.labels import Labels
from ranking.learning.problems import Problem, by_product
from ranking.learning.rankers import learner
from tests.ranking.learning.made import make_world

NAN = float("nan")


def problem(**columns: object) -> Problem:
    labels = Labels.build([3, 1, 2, 4], [7, 7, 8, 9], [1, 0, 1, 0], **columns)  # type: ignore[arg-type]
    return Problem(np.arange(8.0).reshape(4, 2), ("a", "b"), labels)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 1, 1, 1], [1, 1, 1, 1]),
        ([2, 2, 4, 4], [2 / 3, 2 / 3, 4 / 3, 4 / 3]),
        ([1, 1, 1, 1000], [4 / 13, 4 / 13, 4 / 13, 40 / 13]),
    ],
    ids=["all alike", "some twice", "one rarely chosen is not the whole lesson"],
)
def test_weights_have_mean_one_and_a_bound(given: list[float], expected: list[float]) -> None:
    assert problem(weight=given).weights == pytest.approx(expected)


def test_groups_are_numbered() -> None:
    assert problem().groups.tolist() == [0, 0, 1, 2]


def test_a_question_counts_if_half_were_asked() -> None:
    questions = np.full((4, 8), NAN)
    questions[:2, 0] = 1
    questions[0, 1] = 1
    questions[:, 5] = 0
    assert problem(questions=questions).asked == [0, 5]


def test_who_was_not_asked_counts_as_the_others() -> None:
    questions = np.full((4, 8), NAN)
    questions[:, 0] = [1, 0, NAN, 1]
    assert problem(questions=questions).belief(0) == pytest.approx([0.97, 0.03, (0.97 + 0.03 + 0.97) / 3, 0.97])


def test_rows_are_taken_together() -> None:
    part = problem().take(np.array([2, 0]))
    assert part.x.tolist() == [[4, 5], [0, 1]]
    assert part.labels.candidates.tolist() == [2, 3]


def test_products_stand_together_in_an_order_of_their_own() -> None:
    labels = Labels.build([5, 1, 4, 2], [9, 7, 9, 8], [1, 0, 0, 1])
    assert by_product(labels).candidates.tolist() == [1, 2, 4, 5]


def test_rarely_chosen_images_count_for_more() -> None:
    """Passing images were chosen four times as often; with weights the ranker is calibrated to all images again."""
    table, labels = make_world(80, 10)
    often = labels.passed == 1
    kept = np.flatnonzero(often | (np.arange(800) % 4 == 0))
    some = labels.take(kept)
    weights = np.where(some.passed == 1, 1.0, 4.0)
    weighted = Labels.build(
        some.candidates, some.products, some.passed, share=some.share, questions=some.questions, weight=weights
    )
    means = [learner("zsum").fit(table, one, 1).predict(table).mean() for one in (some, weighted)]
    assert means[0] > labels.passed.mean() + 0.1
    assert means[1] == pytest.approx(labels.passed.mean(), abs=0.04)
