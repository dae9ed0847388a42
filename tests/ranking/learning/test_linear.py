"""Linear models: what the anchor holds, what the penalty's choice sees, and what heads are."""

import numpy as np
import pytest

from ranking.learning import linear
from ranking.learning.labels import Labels
from ranking.learning.linear import HEADS, LINEAR, SUMS
from ranking.learning.logistic import sigmoid
from ranking.learning.preparing import SUM, ZSUM
from ranking.learning.problems import Problem
from ranking.learning.scorers import Linear, Part

NAMES = (SUM, ZSUM, "relative.a difference", "statistics.area", "emb.clip.candidate - photos 1")


def made(
    count: int = 400, truth: tuple[float, ...] = (0, 1, 0, 0, 0), *, questions: bool = True, seed: int = 0
) -> Problem:
    """Labels whose logit is `truth` on the columns, by verdict and, if asked, by each question alike."""
    drawn = np.random.default_rng(seed)
    x = drawn.normal(size=(count, 5))
    chance = sigmoid(x @ truth)
    shares = drawn.binomial(3, chance[:, None], size=(count, 8)) / 3
    passed = (drawn.random(count) < chance).astype(float)
    labels = Labels.build(np.arange(count), np.arange(count) // 8, passed, questions=shares if questions else None)
    return Problem(x, NAMES, labels)


def line(part: Part, place: int = 0) -> Linear:
    scorer = part.scorers[place]
    assert isinstance(scorer, Linear)
    return scorer


@pytest.mark.parametrize(("learner", "column"), zip(SUMS, (0, 1), strict=True), ids=["sum", "zsum"])
def test_a_sum_is_its_column(learner: linear.SumLearner, column: int) -> None:
    problem = made()
    np.testing.assert_array_equal(learner.fit(problem, 1).logits(problem.x), problem.x[:, column])


@pytest.mark.parametrize(
    ("learner", "anchor", "other"), [(LINEAR, 0, 1), (HEADS, 1, 0)], ids=["linear on the sum", "heads on the z-sum"]
)
def test_the_other_sum_is_left_out(learner: linear.AnchoredLearner, anchor: int, other: int) -> None:
    truth = [0.0] * 5
    truth[anchor] = 1.0
    for scorer in learner.fit(made(truth=tuple(truth)), 1).scorers:
        assert isinstance(scorer, Linear)
        assert scorer.coefficients[other] == 0
        assert scorer.coefficients[anchor] > 0.3


@pytest.mark.parametrize("count", [24, 2_000])
def test_the_anchor_is_believed_at_once_and_the_rest_as_labels_come(count: int) -> None:
    found = line(LINEAR.fit(made(count, (0.8, 0, 0.8, 0, 0), questions=False), 1)).coefficients
    assert found[0] > 0.3
    assert bool(found[2] > 0.6) is (count == 2_000)


def test_each_question_has_its_own_line() -> None:
    problem = made()
    one_sided = problem.labels.questions.copy()
    one_sided[:, 3] = (problem.x[:, 3] > 0).astype(float)
    labels = problem.labels
    mixed = Labels.build(labels.candidates, labels.products, labels.passed, questions=one_sided)
    part = HEADS.fit(Problem(problem.x, NAMES, mixed), 1)
    assert len(part.scorers) == 8
    assert line(part, 3).coefficients[3] > 3 * abs(line(part, 0).coefficients[3])


@pytest.mark.parametrize("missing", [range(8), range(1, 8)], ids=["none was asked", "one was asked"])
def test_questions_that_nobody_was_asked_have_none(missing: range) -> None:
    problem = made()
    asked = problem.labels.questions.copy()
    asked[:, list(missing)] = np.nan
    labels = Labels.build(problem.labels.candidates, problem.labels.products, problem.labels.passed, questions=asked)
    assert len(HEADS.fit(Problem(problem.x, NAMES, labels), 1).scorers) == 1


def test_missing_values_count_as_average_ones() -> None:
    problem = made()
    problem.x[:40, 2] = np.nan
    part = LINEAR.fit(problem, 1)
    assert np.isfinite(part.logits(problem.x)).all()
    np.testing.assert_array_equal(part.logits(problem.x), part.logits(np.nan_to_num(problem.x)))


def test_noise_is_shrunk_and_signal_is_not() -> None:
    """The penalty is chosen by held-out products."""
    noise = line(LINEAR.fit(made(200, (1.0, 0, 0, 0, 0), questions=False), 1)).coefficients
    signal = line(LINEAR.fit(made(2_000, (1.0, 0, 1.5, -1.0, 0), questions=False), 1)).coefficients
    assert np.abs(noise[2:]).max() < 0.25
    assert (signal[2], signal[3]) == pytest.approx((1.5, -1.0), abs=0.4)


def test_more_embeddings_do_not_say_more_together() -> None:
    one = linear._shape((*NAMES[:4], "emb.clip.candidate - photos 1", "emb.clip.candidate - photos 2"), SUM)
    two = linear._shape((*NAMES[:4], "emb.clip.candidate - photos 1", "emb.dino.candidate - photos 1"), SUM)
    assert one[-2:].tolist() == [2.0, 2.0]
    assert two[-2:].tolist() == [4.0, 4.0]


def test_the_seed_repeats_it_and_a_constant_column_does_no_harm() -> None:
    problem = made()
    problem.x[:, 3] = 7.0
    first, again = (line(LINEAR.fit(problem, 1)) for _ in range(2))
    np.testing.assert_array_equal(first.coefficients, again.coefficients)
    assert np.isfinite(first.coefficients).all()
