"""Features relative to a product's other candidates, on tables made by hand."""

import numpy as np
import pytest

from ranking.learning.deriving import derive, relative
from ranking.learning.table import FeatureTable
from tests.ranking.learning.made import make_world, with_block

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "products", "differences", "ranks", "means"),
    [
        ([1, 3], [7, 7], [-1, 1], [0.25, 0.75], [2, 2]),
        ([5], [7], [0], [0.5], [5]),
        ([1, 9, 3], [7, 8, 7], [-1, 0, 1], [0.25, 0.5, 0.75], [2, 9, 2]),
        ([2, 2, 8], [7, 7, 7], [-2, -2, 4], [1 / 3, 1 / 3, 5 / 6], [4, 4, 4]),
        ([1, NAN, 3], [7, 7, 7], [-1, NAN, 1], [0.25, NAN, 0.75], [2, 2, 2]),
        ([NAN, NAN, 3], [7, 7, 8], [NAN, NAN, 0], [NAN, NAN, 0.5], [NAN, NAN, 3]),
    ],
    ids=["two", "an only image", "rows apart", "equal ones share", "one missing", "all of a product missing"],
)
def test_by_hand(
    values: list[float], products: list[int], differences: list[float], ranks: list[float], means: list[float]
) -> None:
    made = relative(np.array(values, float)[:, None], np.array(products))
    np.testing.assert_allclose(made, np.array([differences, ranks, means]).T)


def test_metrics_and_judges_get_them_and_nothing_else() -> None:
    table, _ = make_world(3, 4)
    answers = np.linspace(0, 1, len(table))[:, None]
    whole = derive(with_block(table, "judges", ("vlm would use",), answers))
    names = whole.definition.block("relative").columns
    assert len(names) == 3 * 7
    assert names[6] == "vlm would use difference"
    assert {name.rpartition(" ")[2] for name in names} == {"difference", "rank", "mean"}


def test_deriving_twice_changes_nothing() -> None:
    once = derive(make_world(3, 4)[0])
    assert derive(once) is once


def test_pieces_of_whole_products_give_the_same_as_the_whole() -> None:
    """One way for training, which has all rows, and scoring, which has chunks."""
    table, _ = make_world(9, 5, seed=3)
    table = table.take(np.random.default_rng(1).permutation(len(table)))
    whole = derive(table)
    for part in table.chunks(11):
        np.testing.assert_array_equal(derive(part).values, whole.take(whole.rows_of(part.candidates)).values)


def test_a_table_without_metrics_has_an_empty_block() -> None:
    table = FeatureTable.build({"statistics": (("area",), [[0.1]])}, [1], [1])
    assert derive(table).definition.block("relative").columns == ()
