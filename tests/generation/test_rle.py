"""Masks as runs: there and back, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from generation import rle

CASES = {
    "one run out, one in, one out": ([[0, 0, 0], [1, 1, 0], [0, 0, 0]], [3, 2, 4]),
    "begins inside": ([[1, 0], [0, 1]], [0, 1, 2, 1]),
    "all outside": ([[0, 0], [0, 0]], [4]),
    "all inside": ([[1, 1], [1, 1]], [0, 4]),
    "a run goes on in the next row": ([[0, 1], [1, 0]], [1, 2, 1]),
}


@pytest.mark.parametrize("name", CASES)
def test_known_masks(name: str) -> None:
    rows, counts = CASES[name]
    mask = np.array(rows, dtype=bool)
    assert rle.encode(mask) == counts
    assert np.array_equal(rle.decode(counts, mask.shape[1], mask.shape[0]), mask)


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_every_mask_comes_back(mask: np.ndarray) -> None:
    counts = rle.encode(mask)
    assert all(type(count) is int for count in counts), "JSON takes no numbers of numpy's"
    assert np.array_equal(rle.decode(counts, mask.shape[1], mask.shape[0]), mask)


@given(st.lists(st.integers(-2, 9), max_size=6).filter(lambda counts: sum(counts) != 12 or min(counts, default=0) < 0))
def test_runs_that_do_not_fill_the_picture_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="the picture has 12"):
        rle.decode(counts, 4, 3)
