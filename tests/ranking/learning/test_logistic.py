"""Soft-label logistic regression against scikit-learn, and what its penalties and effects do."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ranking.learning.logistic import Task, cross_entropy, fit, log_sigmoid, sigmoid


def made(count: int = 400, groups: int = 20, hardness: float = 0.0, seed: int = 0) -> Task:
    drawn = np.random.default_rng(seed)
    x = drawn.normal(size=(count, 4))
    group = np.repeat(np.arange(groups), count // groups)
    z = x @ [1.0, -0.5, 0.0, 0.2] - 1 + hardness * drawn.normal(size=groups)[group]
    return Task(x, (drawn.random(count) < sigmoid(z)).astype(float), drawn.uniform(0.5, 2, count), group)


def test_it_finds_what_scikit_learn_finds() -> None:
    task = made()
    ours = fit(task, np.full(4, 2.0), np.inf)
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(task.x, task.targets, sample_weight=task.weights)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_[0], atol=2e-3)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=2e-3)


def test_soft_targets_count_as_the_same_share_of_both() -> None:
    task = made()
    soft = Task(task.x, 0.2 + 0.6 * task.targets, task.weights, task.groups)
    twice = Task(
        np.vstack([task.x, task.x]), np.r_[np.ones(400), np.zeros(400)],
        np.r_[task.weights * soft.targets, task.weights * (1 - soft.targets)], np.r_[task.groups, task.groups],
    )  # fmt: skip
    one, two = fit(soft, np.full(4, 1.0), np.inf), fit(twice, np.full(4, 1.0), np.inf)
    np.testing.assert_allclose(one.coefficients, two.coefficients, atol=1e-5)


@pytest.mark.parametrize("penalty", [1e6, np.inf])
def test_a_penalised_column_is_left_out_and_others_stay(penalty: float) -> None:
    found = fit(made(), np.array([0.1, penalty, 0.1, 0.1]), np.inf).coefficients
    assert found[1] == pytest.approx(0, abs=1e-3)
    assert found[0] > 0.5


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_targets_of_one_kind_have_an_answer(value: float) -> None:
    task = made()
    one = Task(task.x, np.full(400, value), task.weights, task.groups)
    chances = sigmoid(fit(one, np.full(4, 1.0), 2.0).logits(task.x))
    assert np.abs(chances - value).max() < 0.05


def test_effects_are_those_that_columns_of_their_own_would_have() -> None:
    task = made(200, 10, hardness=1.5)
    effects = fit(task, np.full(4, 1.0), 2.0)
    columns = np.eye(10)[task.groups]
    spread = Task(np.hstack([task.x, columns]), task.targets, task.weights, task.groups)
    spelled = fit(spread, np.r_[np.ones(4), np.full(10, 2.0)], np.inf)
    np.testing.assert_allclose(effects.coefficients, spelled.coefficients[:4], atol=1e-4)
    np.testing.assert_allclose(effects.effects, spelled.coefficients[4:], atol=1e-4)


def test_effects_undo_what_hard_products_do_to_coefficients() -> None:
    """Of 20 worlds in which products differ much, the mean coefficient is nearer to the truth with effects."""
    plain, nuisance = [], []
    for seed in range(20):
        task = made(400, 40, hardness=2.0, seed=seed)
        plain.append(fit(task, np.full(4, 0.1), np.inf).coefficients[0])
        nuisance.append(fit(task, np.full(4, 0.1), 0.5).coefficients[0])
    assert abs(np.mean(nuisance) - 1) < abs(np.mean(plain) - 1) / 2


def test_a_start_nearby_changes_nothing() -> None:
    task = made()
    first = fit(task, np.full(4, 30.0), 2.0)
    np.testing.assert_allclose(
        fit(task, np.full(4, 3.0), 2.0, first).coefficients, fit(task, np.full(4, 3.0), 2.0).coefficients, atol=1e-4
    )


def test_separable_data_end() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    task = Task(x, (x[:, 0] > 0).astype(float), np.ones(40), np.zeros(40, np.intp))
    found = fit(task, np.array([1e-6]), np.inf)
    assert np.isfinite(found.coefficients).all()
    assert cross_entropy(found.logits(x), task.targets, task.weights) < 0.05


@pytest.mark.parametrize("logit", [-800.0, -30.0, 0.0, 30.0, 800.0])
def test_far_logits_neither_overflow_nor_lose_their_sign(logit: float) -> None:
    with np.errstate(over="raise", invalid="raise"):
        assert 0 <= sigmoid(np.array([logit]))[0] <= 1
        assert log_sigmoid(np.array([logit]))[0] == pytest.approx(min(logit, 0.0), abs=0.7)
