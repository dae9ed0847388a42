"""Krippendorff's alpha against his own examples, crowd-kit's, and the definition taken pair by pair."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from crowdkit.metrics.data import alpha_krippendorff

from raters.statistics.alpha import Level, by_pattern, coefficient
from raters.statistics.ballots import Counts
from tests.raters.statistics.made import counts_of
from tests.raters.statistics.test_gwet import FOUR_RATERS

MEG_AND_OWEN = counts_of(*("01", "11", "01", "00", "00", "01", "00", "00", "10", "00"), answers="01")
BEN_AND_GERRY = counts_of(
    *("ab", "aa", "bb", "bb", "db", "cc", "cc", "cc", "ee", "dd", "dd", "ad"), answers="abcde"
)  # fmt: skip


def some_counts(seed: int, images: int = 40, answers: int = 4) -> Counts:
    """Images with one to four answers."""
    drawing = np.random.default_rng(seed)
    raters = drawing.integers(1, 5, size=images)
    return np.array([drawing.multinomial(number, [1 / answers] * answers) for number in raters])


def as_defined(counts: Counts, level: Level) -> float:
    """1 - disagreement seen / disagreement by chance: over pairs of answers to one image, and over all pairs at all."""
    images = [[code for code, often in enumerate(row) for _ in range(often)] for row in counts.tolist()]
    images = [image for image in images if len(image) >= 2]
    given = [code for image in images for code in image]
    often = [given.count(code) for code in range(counts.shape[1])]

    def apart(one: int, other: int) -> Fraction:
        if one == other or level == "nominal":
            return Fraction(one != other)
        low, high = sorted((one, other))
        return (sum(often[low : high + 1]) - Fraction(often[low] + often[high], 2)) ** 2

    seen = sum(apart(*pair) / (len(image) - 1) for image in images for pair in permutations(image, 2)) / len(given)
    by_chance = sum(apart(*pair) for pair in permutations(given, 2)) / Fraction(len(given) * (len(given) - 1))
    return float(1 - seen / by_chance)


@pytest.mark.parametrize(
    ("name", "counts", "level", "published"),
    [
        ("A: binary, two observers", MEG_AND_OWEN, "nominal", 0.095),
        ("B: nominal, two observers", BEN_AND_GERRY, "nominal", 0.692),
        ("C: nominal, four observers, missing answers", FOUR_RATERS, "nominal", 0.743),
        ("D: ordinal, four observers, missing answers", FOUR_RATERS, "ordinal", 0.815),
    ],
)
def test_krippendorffs_own_examples(name: str, counts: Counts, level: Level, published: float) -> None:
    assert round(coefficient(counts, level), 3) == published, name


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@pytest.mark.parametrize("seed", range(4))
def test_as_the_definition_has_it(level: Level, seed: int) -> None:
    counts = some_counts(seed)
    assert coefficient(counts, level) == pytest.approx(as_defined(counts, level), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_nominal_as_crowd_kit_has_it(seed: int) -> None:
    counts = some_counts(seed)
    counts = counts[counts.sum(axis=1) >= 2]
    rows = []
    for task, row in enumerate(counts.tolist()):
        given = [code for code, often in enumerate(row) for _ in range(often)]
        rows += [{"task": task, "worker": worker, "label": code} for worker, code in enumerate(given)]
    assert coefficient(counts) == pytest.approx(alpha_krippendorff(pd.DataFrame(rows)), abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_patterns_stand_for_the_images_that_have_them(level: Level) -> None:
    counts = some_counts(9)
    patterns, often = np.unique(counts, axis=0, return_counts=True)
    freqs = np.random.default_rng(1).multinomial(len(counts), often / len(counts), size=25)
    found = by_pattern(patterns, freqs.astype(float), level)
    for row, value in zip(freqs, found, strict=True):
        assert value == pytest.approx(coefficient(np.repeat(patterns, row, axis=0), level), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "images", "level", "value"),
    [
        ("full agreement", ("yy", "nn"), "nominal", 1.0),
        ("full agreement", ("yy", "nn"), "ordinal", 1.0),
        ("worse than chance", ("yn", "ny"), "nominal", -0.5),
        ("an answer alone counts for nothing", ("yy", "nn", "m"), "nominal", 1.0),
        ("all the same", ("yy", "yy"), "nominal", None),
        ("no pairs", ("y", "n"), "ordinal", None),
        ("no images", (), "nominal", None),
    ],
)
def test_small_cases(name: str, images: tuple[str, ...], level: Level, value: float | None) -> None:
    found = coefficient(counts_of(*images), level)
    if value is None:
        assert np.isnan(found), name
    else:
        assert found == pytest.approx(value), name


def test_near_answers_are_less_of_a_disagreement_where_order_counts() -> None:
    near = counts_of("ym", "nn", "yy")
    assert coefficient(near, "ordinal") > coefficient(near, "nominal")
