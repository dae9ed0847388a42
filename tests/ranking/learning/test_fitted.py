"""A fitted ranker at its edges: empty tables, one row, huge products, a table of something else."""

import functools

import numpy as np
import pytest

from ranking.learning import fitted as module
from ranking.learning.exceptions import WrongTable
from ranking.learning.fitted import FittedRanker
from ranking.learning.rankers import learner
from tests.ranking.learning.made import make_world, with_block


@functools.cache
def heads() -> FittedRanker:
    return learner("heads").fit(*make_world(), seed=1)


def test_probabilities_are_those_of_the_logits() -> None:
    table, _ = make_world(5, 4, seed=2)
    np.testing.assert_allclose(heads().predict(table), 1 / (1 + np.exp(-heads().logits(table))))


def test_an_empty_table_has_no_probabilities() -> None:
    table, _ = make_world(5, 4)
    assert heads().predict(table.take(np.arange(0))).shape == (0,)


@pytest.mark.parametrize("rows", [1, 7, 1_000])
def test_the_size_of_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    table, _ = make_world(12, 5, seed=2)
    whole = heads().predict(table)
    monkeypatch.setattr(module, "CHUNK", rows)
    np.testing.assert_allclose(heads().predict(table), whole, atol=1e-6)


def test_rows_in_any_order_have_the_same_probabilities() -> None:
    table, _ = make_world(12, 5, seed=2)
    mixed = np.random.default_rng(0).permutation(60)
    np.testing.assert_allclose(heads().predict(table.take(mixed)), heads().predict(table)[mixed], atol=1e-6)


def test_a_product_is_compared_with_its_own_candidates_only() -> None:
    table, _ = make_world(12, 5, seed=2)
    alone = table.take(table.products == 4)
    np.testing.assert_allclose(heads().predict(alone), heads().predict(table)[table.products == 4], atol=1e-6)


def test_another_candidate_changes_what_is_relative() -> None:
    table, _ = make_world(12, 5, seed=2)
    fewer = table.take(np.arange(60) != 22)
    before, after = heads().predict(table), heads().predict(fewer)
    assert not np.allclose(before[20:22], after[20:22], atol=1e-6)
    np.testing.assert_allclose(before[:20], after[:20], atol=1e-6)


def test_a_table_with_more_columns_is_refused() -> None:
    table, _ = make_world(5, 4)
    with pytest.raises(WrongTable, match=r"not trained on, statistics\.area"):
        heads().predict(with_block(table, "statistics", ("area",), np.zeros((20, 1))))


def test_out_of_fold_probabilities_belong_to_the_labels() -> None:
    table, labels = make_world()
    assert sorted(heads().labelled) == sorted(labels.candidates)
    inside = heads().predict(table)[table.rows_of(heads().labelled)]
    apart = np.corrcoef(heads().out_of_fold, inside)[0, 1]
    assert 0.8 < apart < 0.9999
