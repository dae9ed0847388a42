"""Weights of a blend's parts."""

import numpy as np
import pytest

from ranking.learning.blending import blend_weights
from ranking.learning.labels import Labels
from ranking.learning.problems import Problem


def made(count: int = 1200) -> tuple[np.ndarray, Problem]:
    drawn = np.random.default_rng(0)
    quality = drawn.normal(size=count)
    passed = (quality + 0.8 * drawn.normal(size=count) > 0.5).astype(float)
    labels = Labels.build(np.arange(count), np.arange(count) // 10, passed)
    return quality, Problem(np.zeros((count, 0)), (), labels)


def test_one_part_has_all() -> None:
    quality, problem = made()
    assert blend_weights([quality], problem).tolist() == [1.0]


def test_equal_parts_count_equally() -> None:
    quality, problem = made()
    first, second = blend_weights([quality, quality], problem)
    assert first == pytest.approx(second)


def test_a_part_that_knows_nothing_counts_for_less() -> None:
    quality, problem = made()
    noise = np.random.default_rng(1).normal(size=len(quality))
    weights = blend_weights([quality, noise], problem)
    assert weights[0] > 5 * weights[1]


def test_no_weight_is_negative() -> None:
    quality, problem = made()
    weights = blend_weights([quality, -quality, quality**3], problem)
    assert (weights >= 0).all()
    assert weights.sum() > 0


def test_the_scale_of_a_part_does_not_matter() -> None:
    """A part in other units gets a weight in other units: the blend is the same."""
    quality, problem = made()
    other = quality + np.random.default_rng(1).normal(size=len(quality))
    one = np.array(blend_weights([quality, other], problem))
    two = np.array(blend_weights([1000 * quality, other], problem))
    assert two[0] * 1000 == pytest.approx(one[0], rel=1e-2)
    assert two[1] == pytest.approx(one[1], rel=1e-2)
