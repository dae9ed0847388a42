"""Small tables of answers for tests."""

from collections.abc import Iterable

import numpy as np

from raters.statistics.ballots import BallotBox, Ballots, Counts, Scale

FOUR = ("yes", "maybe", "no", "unclear")
LETTERS = {"y": "yes", "m": "maybe", "n": "no", "u": "unclear"}


def scale(key: str = "q", answers: tuple[str, ...] = FOUR) -> Scale:
    return Scale(key, answers)


def counts_of(*images: str, answers: str = "ymnu") -> Counts:
    """("yyn", "ym") is two images, the first with the answers yes, yes, no; the second has one answer fewer."""
    rows = [[image.count(letter) for letter in answers] for image in images]
    return np.array(rows, dtype=np.int64).reshape(-1, len(answers))


def ballots_of(rows: Iterable[tuple[str, str, str]], questions: int = 1, active_ms: int = 5000) -> Ballots:
    """Rows of (task, rater, letters): one letter for each question, "-" for none."""
    box = BallotBox([scale(f"q{number}") for number in range(1, questions + 1)])
    for task, rater, letters in rows:
        given = {f"q{number}": LETTERS[one] for number, one in enumerate(letters, start=1) if one != "-"}
        box.add(task, rater, given, active_ms)
    return box.ballots()
