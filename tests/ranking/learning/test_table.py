"""Feature tables: their shape, their hash, their pieces and their file."""

from pathlib import Path

import numpy as np
import pytest

from ranking.learning.exceptions import WrongTable
from ranking.learning.table import Block, Definition, FeatureTable, concatenate
from tests.ranking.learning.made import make_world


def small(products: tuple[int, ...] = (1, 1, 2), first: int = 0) -> FeatureTable:
    count = len(products)
    values = np.arange(2 * count).reshape(count, 2)
    blocks = {"metrics": (("clip_i", "dino_i"), values), "emb.clip.candidate": (3, np.ones((count, 3)))}
    return FeatureTable.build(blocks, products, np.arange(count) + first)


def test_columns_carry_their_block() -> None:
    table = small()
    assert table.columns == (
        "metrics.clip_i", "metrics.dino_i", "emb.clip.candidate.0", "emb.clip.candidate.1", "emb.clip.candidate.2",
    )  # fmt: skip
    assert table.values.shape == (3, 5)
    assert table.column("metrics.dino_i").tolist() == [1, 3, 5]
    assert table.column("emb.clip.candidate.2").tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["metrics.clip", "clip_i", "emb.clip.candidate.3", "nothing.at_all"])
def test_an_unknown_column_is_refused(name: str) -> None:
    with pytest.raises(WrongTable, match=r"no (column|block)"):
        small().column(name)


def test_infinite_values_are_missing_ones() -> None:
    table = FeatureTable.build({"metrics": (("a",), [[np.inf], [-np.inf], [2.0]])}, [1, 1, 1], [1, 2, 3])
    assert np.isnan(table.values[:, 0]).tolist() == [True, True, False]


BASE = Definition((Block("metrics", ("a", "b")), Block.of_width("emb.clip.candidate", 4)))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Definition((Block("metrics", ("a", "b")), Block.of_width("emb.clip.candidate", 4))), True),
        (Definition((Block("metrics", ("b", "a")), Block.of_width("emb.clip.candidate", 4))), False),
        (Definition((Block("metrics", ("a", "b"), version=2), Block.of_width("emb.clip.candidate", 4))), False),
        (Definition((Block("metrics", ("a", "b")), Block.of_width("emb.clip.candidate", 5))), False),
        (Definition((Block.of_width("emb.clip.candidate", 4), Block("metrics", ("a", "b")))), False),
    ],
    ids=["the same", "other order of columns", "other version", "other width", "other order of blocks"],
)
def test_the_hash_is_of_the_definition(other: Definition, same: bool) -> None:
    assert (other.hash == BASE.hash) is same
    assert Definition.from_plain(other.plain()) == other


def test_equal_numbered_blocks_are_one_object() -> None:
    """Thousands of columns would be compared text by text with each chunk that is read."""
    block = Block.of_width("emb.clip.candidate", 4)
    assert Definition.from_plain(BASE.plain()).blocks[1] is block
    assert Block.of_width("emb.clip.candidate", 4, version=2) != block


def test_the_hash_is_the_same_everywhere() -> None:
    """Stored rankers are known by it: it may not change with Python's version or hash seed."""
    assert Definition((Block("metrics", ("clip_i",)),)).hash.startswith("f449b7258bb0c1ed")


@pytest.mark.parametrize(
    ("blocks", "products", "candidates", "said"),
    [
        ({"metrics": (("a",), [[1.0], [2.0]])}, [1], [1, 2], "products do not fit"),
        ({"metrics": (("a",), [[1.0]])}, [1, 1], [1, 2], "should have"),
        ({"metrics": (("a", "a"), [[1.0, 2.0]])}, [1], [1], "names a column twice"),
        ({"metrics": (("a",), [[1.0], [2.0]])}, [1, 1], [7, 7], "twice"),
    ],
    ids=["too few products", "too few rows", "column twice", "candidate twice"],
)
def test_what_does_not_fit_is_refused(blocks: dict, products: list[int], candidates: list[int], said: str) -> None:
    with pytest.raises(WrongTable, match=said):
        FeatureTable.build(blocks, products, candidates)


def test_two_blocks_of_one_name_are_refused() -> None:
    with pytest.raises(WrongTable, match="same name"):
        Definition((Block("metrics", ("a",)), Block("metrics", ("b",))))


def test_rows_are_found_by_candidate_in_any_order() -> None:
    table = FeatureTable.build({"metrics": (("a",), [[1.0], [2.0], [3.0]])}, [1, 1, 1], [30, 10, 20])
    assert table.rows_of(np.array([10, 30])).tolist() == [1, 0]


@pytest.mark.parametrize("candidates", [[10, 11], [0], [99]], ids=["between", "before all", "after all"])
def test_a_label_without_features_is_told(candidates: list[int]) -> None:
    table = FeatureTable.build({"metrics": (("a",), [[1.0], [2.0]])}, [1, 1], [10, 20])
    with pytest.raises(WrongTable, match="no features"):
        table.rows_of(np.array(candidates))


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [(1, [1, 3, 2]), (3, [1, 3, 2]), (4, [4, 2]), (5, [4, 2]), (6, [6]), (100, [6])],
)
def test_chunks_are_whole_products(rows: int, sizes: list[int]) -> None:
    table = small((5, 2, 5, 5, 9, 9))
    parts = list(table.chunks(rows))
    assert [len(part) for part in parts] == sizes
    assert sorted(candidate for part in parts for candidate in part.candidates) == list(range(6))
    for product in (2, 5, 9):
        assert sum(product in part.products for part in parts) == 1


def test_an_empty_table_has_no_chunks() -> None:
    table = FeatureTable.build({"metrics": (("a",), np.zeros((0, 1)))}, [], [])
    assert list(table.chunks(10)) == []


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    table, _ = make_world(3, 2)
    table.parts["metrics"][0, 0] = np.nan
    table.save(tmp_path / "table.safetensors")
    again = FeatureTable.load(tmp_path / "table.safetensors")
    assert again.definition == table.definition
    np.testing.assert_array_equal(again.values, table.values)
    np.testing.assert_array_equal(again.products, table.products)
    np.testing.assert_array_equal(again.candidates, table.candidates)


def test_tables_are_put_together() -> None:
    both = concatenate([small(), small((7,), first=50)])
    assert both.products.tolist() == [1, 1, 2, 7]
    assert both.candidates.tolist() == [0, 1, 2, 50]
    assert len(both.values) == 4


def test_tables_of_different_definitions_are_not() -> None:
    other = FeatureTable.build({"metrics": (("a",), [[1.0]])}, [1], [99])
    with pytest.raises(WrongTable, match="different definitions"):
        concatenate([small(), other])
    with pytest.raises(WrongTable, match="no tables"):
        concatenate([])
