"""Figures of each rater: against the others of the same images, never against themselves."""

import numpy as np
import pytest

from raters.statistics.ballots import BallotBox
from raters.statistics.people import GoldMarks, RaterFigures, fast_limit_ms, rater_figures
from tests.raters.statistics.made import LETTERS, ballots_of, scale


def figures_of(rows: list[tuple[str, str, str]], questions: int = 1) -> dict[object, RaterFigures]:
    return {one.rater: one for one in rater_figures(ballots_of(rows, questions))}


@pytest.mark.parametrize(
    ("name", "rows", "value", "of"),
    [
        ("as the two others", [("a", "me", "y"), ("a", "r1", "y"), ("a", "r2", "y")], 1.0, 1),
        ("against the two others", [("a", "me", "n"), ("a", "r1", "y"), ("a", "r2", "y")], 0.0, 1),
        ("others are tied", [("a", "me", "n"), ("a", "r1", "y"), ("a", "r2", "n")], None, 0),
        ("alone", [("a", "me", "n")], None, 0),
        ("one other", [("a", "me", "n"), ("a", "r1", "n")], 1.0, 1),
        ("no answer of mine", [("a", "me", "-"), ("a", "r1", "n")], None, 0),
        ("own vote never counts", [("a", "me", "n"), ("a", "r1", "y"), ("a", "r2", "m"), ("a", "r3", "m")], 0.0, 1),
    ],
)
def test_agreement_leaves_oneself_out(
    name: str, rows: list[tuple[str, str, str]], value: float | None, of: int
) -> None:
    found = figures_of(rows)["me"].agreement
    assert (found.value, found.of) == (value, of), name


def test_agreement_is_by_answer_and_on_the_whole_image() -> None:
    found = figures_of([("a", "me", "yn"), ("a", "r1", "yy"), ("a", "r2", "yy")], questions=2)["me"]
    assert (found.agreement.value, found.agreement.of) == (0.5, 2)
    assert (found.accept_agreement.value, found.accept_agreement.of) == (0.0, 1)


def test_habits_are_held_against_the_others_of_the_same_images() -> None:
    rows = [("a", "me", "nnn"), ("a", "r1", "yyn"), ("b", "me", "nnn"), ("b", "r1", "nnn"), ("c", "r1", "yyy")]
    found = figures_of(rows, questions=3)["me"]
    assert (found.straight.value, found.straight_of_others) == (1.0, 0.5)
    assert found.passing == 0
    assert found.passing_of_others == pytest.approx(2 / 6)
    assert found.longest_run == 2


def test_straight_lining_is_not_told_from_two_questions() -> None:
    assert figures_of([("a", "me", "yy"), ("a", "r1", "yy")], questions=2)["me"].straight.value is None


def test_distribution_names_every_answer() -> None:
    found = figures_of([("a", "me", "y"), ("b", "me", "y"), ("c", "me", "-")])["me"]
    assert found.answers == {"q1": {"yes": 2, "maybe": 0, "no": 0, "unclear": 0}}
    assert found.ratings == 3


@pytest.mark.parametrize(("letters", "run"), [("y", 1), ("yyy", 3), ("yynnn", 3), ("ynyn", 1), ("nyyyn", 3)])
def test_longest_run(letters: str, run: int) -> None:
    rows = [(str(number), "me", letter) for number, letter in enumerate(letters)]
    assert figures_of(rows)["me"].longest_run == run


def test_speed_and_too_fast_ratings() -> None:
    box = BallotBox([scale()])
    for number, ms in enumerate([6000] * 8 + [500, 0]):
        box.add(number, "me", {"q": "yes"}, active_ms=ms)
    ballots = box.ballots()
    found = rater_figures(ballots)[0]
    assert fast_limit_ms(ballots) == 2000
    assert found.seconds == 6
    assert found.fast.value == pytest.approx(1 / 9)
    assert found.fast.of == 9  # a time that is not known is neither fast nor slow


def test_times_not_known_are_none() -> None:
    found = rater_figures(ballots_of([("a", "me", "y")], active_ms=0))[0]
    assert found.seconds is None
    assert found.fast.value is None


def test_quarters_follow_the_order_of_the_ratings() -> None:
    rows = [(str(number), "me", "y" if number < 6 else "n") for number in range(12)]
    rows += [(str(number), "r1", "y") for number in range(12)]
    quarters = figures_of(rows)["me"].quarters
    assert [one.ratings for one in quarters] == [3, 3, 3, 3]
    assert [one.agreement.value for one in quarters] == [1, 1, 0, 0]


def test_gold_is_by_rater() -> None:
    ballots = ballots_of([("a", "r1", "y"), ("a", "r2", "y")])
    gold = GoldMarks(np.array([0, 0, 1], np.int32), np.array([8, 6, 0]), np.array([8, 8, 8]))
    first, second = rater_figures(ballots, gold)
    assert (first.gold.value, first.gold.of) == (14 / 16, 16)
    assert (second.gold.value, second.gold.of) == (0, 8)


def test_many_ratings_take_little_memory_and_every_rater_is_there() -> None:
    box = BallotBox([scale("q1"), scale("q2")])
    drawing = np.random.default_rng(0)
    letters = list(LETTERS.values())
    for number in range(9000):
        answer = letters[drawing.integers(0, 4)]
        box.add(number // 3, number % 3 + 3 * (number % 5), {"q1": answer, "q2": "yes"}, 1000)
    found = rater_figures(box.ballots())
    assert sum(one.ratings for one in found) == 9000
    assert len(found) == 15
