"""A flag is a sentence with the figures that raised it; who rates well has none."""

from dataclasses import replace

import numpy as np
import pytest

from raters.statistics.ballots import BallotBox
from raters.statistics.flags import MIN_RATINGS, flags
from raters.statistics.intervals import Share
from raters.statistics.people import Quarter, RaterFigures, rater_figures
from tests.raters.statistics.made import scale

GOOD = RaterFigures(
    rater="r",
    ratings=100,
    seconds=20.0,
    fast=Share(0.02, 0.0, 0.06, 100),
    agreement=Share(0.85, 0.8, 0.9, 800),
    accept_agreement=Share(0.9, 0.8, 0.95, 100),
    straight=Share(0.3, 0.2, 0.4, 100),
    straight_of_others=0.28,
    passing=0.7,
    passing_of_others=0.72,
    longest_run=4,
    answers={},
    quarters=(Quarter(25, Share(0.85, 0.8, 0.9, 200), 20.0),) * 4,
    gold=Share(0.9, 0.8, 0.95, 80),
)
WORSE = Quarter(25, Share(0.5, 0.4, 0.6, 200), 5.0)


@pytest.mark.parametrize(
    ("code", "changed", "said"),
    [
        (
            "low_agreement",
            {"agreement": Share(0.4, 0.35, 0.45, 800)},
            "40% of the time (35% to 45%); usual here is 85%",
        ),
        ("low_gold", {"gold": Share(0.5, 0.4, 0.6, 80)}, "50% of the time (40% to 60% of 80)"),
        ("too_fast", {"fast": Share(0.4, 0.3, 0.5, 100)}, "40% of the ratings took less than a third"),
        ("straight_lining", {"straight": Share(0.9, 0.8, 0.95, 100)}, "90% of the ratings; the others do so for 28%"),
        ("long_run", {"longest_run": 40}, "40 images in a row"),
        ("generous", {"passing": 0.99}, "Lets 99% of the answers pass; the others let 72%"),
        ("strict", {"passing": 0.4}, "Lets 40%"),
        (
            "drift",
            {"quarters": (*GOOD.quarters[:3], WORSE)},
            "85% of the time in the first quarter of the ratings, 50%",
        ),
    ],
)
def test_each_flag_says_its_figures(code: str, changed: dict[str, object], said: str) -> None:
    found = flags(replace(GOOD, **changed), 0.85)  # type: ignore[arg-type]
    assert [one.code for one in found] == [code]
    assert said in found[0].reason


def test_a_good_rater_has_no_flag() -> None:
    assert flags(GOOD, 0.85) == []


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("too few ratings to tell", {"ratings": MIN_RATINGS - 1, "agreement": Share(0.1, 0.0, 0.3, 20)}),
        ("an interval that still holds the bound", {"agreement": Share(0.5, 0.2, 0.8, 20)}),
        ("few gold answers", {"gold": Share(0.3, 0.1, 0.6, 8)}),
        ("nobody else to compare with", {"straight": Share(0.9, 0.8, 0.95, 100), "straight_of_others": None}),
        ("no times", {"fast": Share()}),
        ("a run that is short beside all ratings", {"longest_run": 20}),
        ("a quarter without comparisons", {"quarters": (*GOOD.quarters[:3], Quarter(25, Share(), 5.0))}),
    ],
)
def test_no_flag_where_it_cannot_be_told(name: str, changed: dict[str, object]) -> None:
    assert flags(replace(GOOD, **changed), 0.85) == [], name  # type: ignore[arg-type]


def test_a_made_crowd_flags_the_spammer_alone() -> None:
    """Five honest raters, one who never looks and one who gives up half-way: these two are named, for the reason."""
    drawing = np.random.default_rng(2)
    box = BallotBox([scale(f"q{number}") for number in range(4)])
    for task in range(200):
        truth = drawing.random(4) < 0.7
        for rater in range(7):
            honest = rater < 5 or (rater == 5 and task < 100)
            right = drawing.random(4) < (0.92 if honest else 0.0)
            answers = np.where(right, truth, ~truth) if honest else np.full(4, True)
            given = {f"q{number}": "yes" if one else "no" for number, one in enumerate(answers)}
            box.add(task, rater, given, 12_000 if honest else 1_500)
    found = rater_figures(box.ballots())
    usual = float(np.median([one.agreement.value for one in found]))
    raised = {one.rater: {flag.code for flag in flags(one, usual)} for one in found}
    assert all(not raised[rater] for rater in range(5))
    assert {"too_fast", "straight_lining", "generous", "long_run"} <= raised[6]
    assert {"drift", "too_fast"} <= raised[5]
