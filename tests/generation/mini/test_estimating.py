"""Means over products with their intervals, and the table that docs show."""

from typing import Any

import numpy as np
import pytest

from generation.mini.estimating import BASE, BASELINE, FIGURES, PAPER, by_product, estimate, table


def rows(method: str, values: dict[int, list[float]]) -> list[dict[str, Any]]:
    return [
        {"product": product, "method": method, **dict.fromkeys(FIGURES, value)}
        for product, some in values.items()
        for value in some
    ]


def test_each_product_counts_once() -> None:
    found = by_product(rows(BASE, {1: [0.0, 1.0], 2: [1.0]}) + rows(PAPER, {1: [1.0]}), BASE, "look")
    assert found == {1: 0.5, 2: 1.0}


@pytest.mark.parametrize(
    ("values", "mean", "wide"),
    [([0.5], 0.5, False), ([0.5] * 20, 0.5, False), ([0.0, 1.0] * 10, 0.5, True)],
    ids=["one product says nothing of others", "all the same", "apart"],
)
def test_the_interval_is_as_wide_as_products_are_apart(values: list[float], mean: float, wide: bool) -> None:
    found = estimate(values)
    assert found.mean == mean
    assert found.low <= mean <= found.high
    assert (found.high - found.low > 0.2) is wide


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    samples = [random.normal(0.3, 1.0, 20).tolist() for _ in range(200)]
    found = [estimate(sample, draws=500) for sample in samples]
    assert 0.87 < np.mean([one.low <= 0.3 <= one.high for one in found]) < 0.99


def test_no_products_have_no_mean() -> None:
    with pytest.raises(ValueError, match="compare at least one"):
        estimate([])


def test_the_table_has_a_line_for_each_method_and_the_difference_product_by_product() -> None:
    both = rows(BASELINE, {1: [0.1], 2: [0.6]}) + rows(PAPER, {1: [0.3], 2: [0.8], 3: [0.0]})
    lines = table(both).splitlines()
    assert len(lines) == 5
    assert lines[2].startswith(f"| {BASELINE} | 2 | 0.35 (")
    assert lines[3].startswith(f"| {PAPER} | 3 |")
    # Product 3 has no partner, and both others are 0.2 better.
    assert lines[4].startswith(f"| {PAPER} less {BASELINE} | 2 | 0.20 (0.20 to 0.20)")


def test_a_method_without_rows_has_no_line() -> None:
    assert table(rows(BASE, {1: [1.0]})).count(BASELINE) == 0
