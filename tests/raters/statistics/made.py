"""Small tables of answers for tests."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from raters.statistics.ballots import BallotBox, Ballots, Counts, Scale
from raters.statistics.votes import Votes

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


def make_votes(seed: int = 0, tasks: int = 40, raters: int = 7, labels: int = 4) -> Votes:
    """Raters who answer some seven tasks of ten, and are right six times of ten or by luck.

    Each rater and each label is met for the first time in the order of their numbers: crowd-kit's MACE mixes up the
    habits of raters, and of labels, that come in another order.
    """
    drawing = np.random.default_rng(seed)
    right = drawing.integers(0, labels, tasks)
    guessed = drawing.integers(0, labels, (tasks, raters))
    said = np.where(drawing.random((tasks, raters)) < 0.6, right[:, None], guessed)
    asked = drawing.random((tasks, raters)) < 0.7
    asked[0], said[0, :labels] = True, range(labels)
    task, rater = asked.nonzero()
    return Votes(task, rater, said[asked], tasks, raters, labels)


def framed(votes: Votes) -> pd.DataFrame:
    """As crowd-kit takes them."""
    return pd.DataFrame({"task": votes.task, "worker": votes.rater, "label": votes.label})


def unframed(believed: pd.DataFrame) -> np.ndarray:
    """(tasks, labels), as crowd-kit gives them back."""
    return believed.sort_index().sort_index(axis=1).to_numpy()


def shuffled(votes: Votes, seed: int = 1) -> Votes:
    order = np.random.default_rng(seed).permutation(len(votes.task))
    columns = (votes.task[order], votes.rater[order], votes.label[order])
    return Votes(*columns, votes.tasks, votes.raters, votes.labels)
