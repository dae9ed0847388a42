"""What moves is seen, what stays is not called moved, and a promise is held against what people said."""

import numpy as np
import pytest
from scipy import stats

from ranking.evaluation.drift import (
    LEAST,
    Level,
    promise,
    psi,
    reference,
    references,
    shift,
)
from ranking.evaluation.judged import Judged, Values
from tests.ranking.evaluation.made import plain_table

drawing = np.random.default_rng(0)
THEN = drawing.normal(size=4_000)

NOW = {
    "the same world": (drawing.normal(size=3_000), Level.STEADY),
    "few of the same world": (drawing.normal(size=60), Level.STEADY),
    "a little higher": (drawing.normal(0.45, 1, 3_000), Level.LOOK),
    "much higher": (drawing.normal(1.2, 1, 3_000), Level.ALARM),
    "much narrower": (drawing.normal(0, 0.3, 3_000), Level.ALARM),
    "all of one value": (np.full(500, 0.3), Level.ALARM),
    "values beyond all known": (np.full(500, 99.0), Level.ALARM),
    "a third missing": (np.where(np.arange(900) % 3 == 0, np.nan, 0.0), Level.ALARM),
    "hardly any": (drawing.normal(size=LEAST - 1), Level.UNKNOWN),
    "none": (np.zeros(0), Level.ALARM),
}


@pytest.mark.parametrize("case", NOW)
def test_levels(case: str) -> None:
    values, level = NOW[case]
    found = shift(reference("metrics.clip_i", THEN), values)
    assert found.level is level, found.sentence
    assert found.sentence.startswith("metrics.clip_i")


def test_steady_columns_raise_no_alarm() -> None:
    """200 columns that did not change, a hundred values each."""
    levels = [shift(reference("x", drawing.normal(size=100)), drawing.normal(size=100)).level for _ in range(200)]
    assert levels.count(Level.STEADY) >= 197


def test_ks_is_that_of_scipy() -> None:
    now = drawing.normal(0.5, 1, 300)
    before = THEN[:400]
    assert shift(reference("x", before), now).ks == pytest.approx(stats.ks_2samp(before, now).statistic)


def test_a_long_column_is_kept_short_and_says_nearly_the_same() -> None:
    kept, now = reference("x", THEN, most=200), drawing.normal(0.5, 1, 300)
    assert len(kept.sample) == 200
    assert shift(kept, now).ks == pytest.approx(stats.ks_2samp(THEN, now).statistic, abs=0.02)


def test_psi_by_hand() -> None:
    found = psi(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    assert found == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5))
    assert psi(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0


def test_a_column_of_two_values() -> None:
    """A product type: 0 or 1."""
    kept = reference("types.mug", (np.arange(1_000) % 10 == 0).astype(float))
    steady = shift(kept, (np.arange(500) % 10 == 3).astype(float))
    moved = shift(kept, (np.arange(500) % 2 == 0).astype(float))
    assert (steady.level, moved.level) == (Level.STEADY, Level.ALARM)


def test_a_column_that_was_never_there() -> None:
    kept = reference("judges.logo", np.full(100, np.nan))
    assert kept.missing == 1
    assert shift(kept, drawing.normal(size=100)).level is Level.UNKNOWN


def test_references_of_a_table() -> None:
    table = plain_table({"clip_i": THEN[:100], "dino_i": THEN[100:200]}, np.arange(100))
    assert [kept.name for kept in references(table, ["metrics"])] == ["metrics.clip_i", "metrics.dino_i"]


def picks(offset: float, products: int, seed: int = 0) -> tuple[Values, Judged]:
    """Predicted chances of picks, three a product, and verdicts that pass `offset` more often than predicted."""
    chance = np.random.default_rng(seed)
    predicted = np.repeat(chance.uniform(0.2, 0.6, products), 3)
    hard = np.repeat(chance.normal(0, 0.15, products), 3)
    passed = chance.random(3 * products) < np.clip(predicted + offset + hard, 0, 1)
    return predicted, Judged.build(np.repeat(np.arange(products), 3), passed)


PROMISES = {
    "as promised": (0.0, 200, Level.STEADY),
    "far too high": (-0.2, 200, Level.ALARM),
    "far too low": (0.2, 200, Level.ALARM),
    "a small but sure difference": (-0.04, 6_000, Level.LOOK),
    "too few": (-0.3, 8, Level.UNKNOWN),
}


@pytest.mark.parametrize("case", PROMISES)
def test_promises(case: str) -> None:
    offset, products, level = PROMISES[case]
    found = promise(*picks(offset, products))
    assert found.level is level, found.sentence
    assert found.picks == 3 * products
    assert "were predicted" in found.sentence


def test_a_kept_promise_is_seldom_doubted() -> None:
    """Products differ beyond what is predicted; counted by image this would alarm far more often."""
    levels = [promise(*picks(0.0, 60, seed)).level for seed in range(300)]
    assert sum(level is not Level.STEADY for level in levels) <= stats.binom.ppf(0.999, 300, 0.01)


def test_weights_count() -> None:
    predicted, judged = picks(0.0, 300)
    kept = np.where(judged.passed == 1, 1.0, 0.3)
    rated = drawing.random(len(judged)) < kept
    some = Judged.build(judged.products[rated], judged.passed[rated], weight=1 / kept[rated])
    bare = Judged.build(some.products, some.passed)
    assert promise(predicted[rated], some).level is Level.STEADY
    assert promise(predicted[rated], bare).level is Level.ALARM
