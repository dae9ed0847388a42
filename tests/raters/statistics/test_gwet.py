"""Gwet's coefficients against figures that he and others have published."""

import numpy as np
import pytest

from raters.statistics.gwet import Weights, by_pattern, coefficient, weight_matrix
from tests.raters.statistics.made import counts_of

# Four raters, twelve units, five categories: Krippendorff (2011), "Computing Krippendorff's alpha-reliability", and
# the data set cac.raw4raters of Gwet's R package irrCAC. A missing answer is a space.
FOUR_RATERS = counts_of(
    *("11 1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", " 555", "  11", "  3 "), answers="12345"
)
# Two abstractors, 100 patients: Gwet (2008) and irrCAC's cont3x3abstractors.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]


def two_raters(table: list[list[int]]) -> np.ndarray:
    """(images, categories) counts of a table of first by second rater."""
    size = len(table)
    eye = np.eye(size, dtype=int)
    return np.array([eye[a] + eye[b] for a in range(size) for b in range(size) for _ in range(table[a][b])])


@pytest.mark.parametrize(
    ("kind", "published"), [("identity", 0.77544), ("linear", 0.859), ("ordinal", 0.899), ("quadratic", 0.914)]
)
def test_four_raters_with_missing_answers_as_irrcac_prints_them(kind: Weights, published: float) -> None:
    digits = 5 if kind == "identity" else 3
    assert round(coefficient(FOUR_RATERS, kind), digits) == published


@pytest.mark.parametrize(
    ("kind", "published"), [("identity", 0.8493305), ("linear", 0.900), ("ordinal", 0.925), ("quadratic", 0.940)]
)
def test_two_abstractors_as_irrcac_prints_them(kind: Weights, published: float) -> None:
    digits = 7 if kind == "identity" else 3
    assert round(coefficient(two_raters(ABSTRACTORS), kind), digits) == published


def test_it_stands_where_kappa_falls() -> None:
    """Gwet (2008), table 1: 118 of 125 agree on the common category, kappa is about 0 and AC1 .94."""
    assert coefficient(two_raters([[118, 5], [2, 0]])) == pytest.approx(0.94, abs=0.005)


@pytest.mark.parametrize(
    ("name", "images", "expected"),
    [
        ("all agree", ("yyy", "nnn"), 1.0),
        ("one category only", ("yyy", "yyy"), 1.0),
        ("no image with two answers", ("y", "n"), float("nan")),
    ],
)
def test_edges(name: str, images: tuple[str, ...], expected: float) -> None:
    assert coefficient(counts_of(*images)) == pytest.approx(expected, nan_ok=True), name


def test_weights_are_one_on_the_diagonal_and_zero_at_the_ends() -> None:
    for kind in ("linear", "quadratic", "ordinal"):
        weights = weight_matrix(4, kind)
        assert np.allclose(np.diag(weights), 1)
        assert weights[0, 3] == weights[3, 0] == 0
    assert weight_matrix(3, "ordinal")[0, 1] == pytest.approx(2 / 3)


def test_patterns_with_frequencies_are_the_images_themselves() -> None:
    images = counts_of("yyn", "yyn", "ymm", "nn")
    patterns, often = np.unique(images, axis=0, return_counts=True)
    for kind in ("identity", "ordinal"):
        assert by_pattern(patterns, often[None].astype(float), kind)[0] == pytest.approx(coefficient(images, kind))
