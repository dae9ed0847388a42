"""From a table to the matrix that models see."""

import numpy as np
import pytest

from ranking.learning.deriving import derive
from ranking.learning.exceptions import WrongTable
from ranking.learning.preparing import SUM, ZSUM, prepare
from ranking.learning.table import FeatureTable
from tests.ranking.learning.made import METRICS, make_world, with_block


def test_the_sums_are_what_they_say() -> None:
    table, _ = make_world(10, 6)
    preparation = prepare(table, 4)
    x = preparation.matrix(table)
    metrics = table.parts["metrics"].astype(float)
    plain = metrics[:, [METRICS.index(name) for name in ("clip_t", "clip_i", "dino_i")]].sum(axis=1)
    scaled = ((metrics - metrics.mean(axis=0)) / metrics.std(axis=0)).sum(axis=1)
    assert preparation.names[:2] == (SUM, ZSUM)
    np.testing.assert_allclose(x[:, 0], plain - plain.mean(), atol=1e-9)
    np.testing.assert_allclose(x[:, 1], scaled, atol=1e-6)


def test_a_table_of_other_metrics_sums_them_all() -> None:
    values = np.random.default_rng(0).normal(size=(12, 3))
    table = FeatureTable.build({"metrics": (("a", "b", "c"), values)}, np.arange(12) // 3, np.arange(12))
    summed = prepare(table, 0).matrix(table)[:, 0]
    np.testing.assert_allclose(summed, values.sum(axis=1) - values.sum(axis=1).mean(), atol=1e-5)


def test_columns_are_standardised_and_named() -> None:
    table, _ = make_world(10, 6)
    preparation = prepare(table, 4)
    x = preparation.matrix(table)
    assert x.shape == (60, len(preparation.names))
    assert preparation.names[-1] == "emb.clip.candidate - photos 4"
    assert "relative.clip_i rank" in preparation.names
    assert not any(name.startswith("metrics.") for name in preparation.names)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x[:, 2:].std(axis=0), 1, atol=1e-3)


def test_raw_and_derived_tables_give_the_same() -> None:
    table, _ = make_world(6, 5)
    np.testing.assert_array_equal(prepare(table, 3).matrix(table), prepare(derive(table), 3).matrix(derive(table)))


def test_chunks_give_the_same_numbers_as_the_whole() -> None:
    """The one code path: what was trained on is what is scored on."""
    table, _ = make_world(12, 5)
    preparation = prepare(table, 4)
    whole = preparation.matrix(table)
    for part in table.chunks(17):
        np.testing.assert_allclose(preparation.matrix(part), whole[table.rows_of(part.candidates)], rtol=0, atol=1e-6)


def test_a_missing_metric_counts_as_an_average_one_in_the_sums() -> None:
    table, _ = make_world(6, 5)
    preparation = prepare(table, 0)
    table.parts["metrics"][0] = np.nan
    x = preparation.matrix(table)
    assert x[0, :2].tolist() == [0, 0]
    assert np.isnan(x[0, list(preparation.names).index("relative.clip_i difference")])


def test_without_any_metric_it_is_refused() -> None:
    table, _ = make_world(3, 3)
    table.parts["metrics"][:] = np.nan
    with pytest.raises(WrongTable, match="measure the images"):
        prepare(table, 4)


def test_a_constant_column_is_nothing() -> None:
    table, _ = make_world(6, 5)
    table = with_block(table, "statistics", ("area",), np.full((30, 1), 0.4))
    preparation = prepare(table, 0)
    assert preparation.matrix(table)[:, list(preparation.names).index("statistics.area")] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (("emb.clip.candidate", "emb.clip.photos"), "lacks"),
        (("metrics", "types", "emb.clip.candidate", "emb.clip.photos", "extra"), "not trained on, extra.more"),
        (("types", "metrics", "emb.clip.candidate", "emb.clip.photos"), "another order"),
    ],
)
def test_another_table_is_refused_in_words(blocks: tuple[str, ...], said: str) -> None:
    table, _ = make_world(4, 4)
    whole = with_block(table, "extra", ("more",), np.zeros((16, 1)))
    kept = {
        name: (12 if name.startswith("emb") else whole.definition.block(name).columns, whole.parts[name])
        for name in blocks
    }
    with pytest.raises(WrongTable, match=said):
        prepare(table, 2).matrix(FeatureTable.build(kept, table.products, table.candidates))
