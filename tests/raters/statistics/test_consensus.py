"""One answer from many: ties stay ties, skilled raters weigh more, and degenerate tables have defined answers."""

import numpy as np
import pytest
from crowdkit.aggregation import MACE

from raters.statistics.consensus import MACE_RESTARTS, METHODS, NOBODY, TIE, Labels, mace, majority
from tests.raters.statistics.made import counts_of

ROUNDS = 15
NAMES = ("yes", "maybe", "no", "unclear")


def labels_of(rows: list[tuple[int, int, int]], tasks: int, names: tuple[str, ...] = NAMES) -> Labels:
    task, rater, label = (np.array(column) for column in zip(*rows, strict=True))
    return Labels(task.astype(np.int32), rater.astype(np.int32), label.astype(np.int8), names, tasks)


def crowd(*, honest: int, spammers: int, tasks: int = 60) -> tuple[Labels, np.ndarray]:
    """Honest raters are right 9 times of 10; spammers always say 0. The truth is 0 or 1, evenly."""
    drawing = np.random.default_rng(11)
    truth = drawing.integers(0, 2, tasks)
    rows: list[tuple[int, int, int]] = []
    for task in range(tasks):
        said = np.where(drawing.random(honest) < 0.9, truth[task], 1 - truth[task])
        rows.extend((task, rater, int(label)) for rater, label in enumerate(said))
        rows.extend((task, honest + number, 0) for number in range(spammers))
    return labels_of(rows, tasks, ("a", "b")), truth


@pytest.mark.parametrize(
    ("name", "image", "label", "probability"),
    [
        ("clear", "yyn", 0, [1, 0, 0, 0]),
        ("tie of two", "yn", TIE, [0.5, 0, 0.5, 0]),
        ("tie of three", "ymn", TIE, [1 / 3, 1 / 3, 1 / 3, 0]),
        ("alone", "u", 3, [0, 0, 0, 1]),
        ("nobody", "", NOBODY, [0, 0, 0, 0]),
    ],
)
def test_majority(name: str, image: str, label: int, probability: list[float]) -> None:
    found = majority(counts_of(image))
    assert found.label.tolist() == [label], name
    assert found.probability[0].tolist() == pytest.approx(probability)


@pytest.mark.parametrize("method", METHODS)
def test_skill_outweighs_number(method: str) -> None:
    """Two of six never look, and say "a": that ties or turns many votes on a "b", and misleads neither method."""
    labels, truth = crowd(honest=4, spammers=2)
    by_vote = (majority(labels.counts()).label == truth).mean()
    by_skill = (METHODS[method](labels, rounds=ROUNDS).label == truth).mean()
    assert by_vote < 0.8
    assert by_skill > 0.95


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_sum_to_one_where_somebody_answered(method: str) -> None:
    labels = labels_of([(0, 0, 0), (0, 1, 0), (0, 2, 2), (1, 0, 2), (1, 1, 2), (3, 2, 0), (3, 1, -1)], 4)
    found = METHODS[method](labels, rounds=ROUNDS)
    assert found.probability.sum(axis=1).tolist() == pytest.approx([1, 1, 0, 1])
    assert found.label[2] == NOBODY
    assert found.label[0] == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "label"), [("all the same", 2), ("none", -1)])
def test_nothing_to_weigh(method: str, name: str, label: int) -> None:
    found = METHODS[method](labels_of([(0, 0, label), (0, 1, label)], 1))
    assert found.label.tolist() == [NOBODY if label < 0 else label], name


def test_mace_is_repeatable() -> None:
    labels, _ = crowd(honest=3, spammers=2, tasks=20)
    first, second = (mace(labels, seed=4, rounds=5).probability for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_votes_does_not_matter(method: str) -> None:
    """Raters and labels that first come in another order are the same ones."""
    labels, _ = crowd(honest=4, spammers=2, tasks=30)
    turned = Labels(labels.task[::-1], labels.rater[::-1], labels.label[::-1], labels.names, labels.tasks)
    first, second = (METHODS[method](one, rounds=ROUNDS).probability for one in (labels, turned))
    assert first == pytest.approx(second, abs=1e-6)


def test_the_order_of_votes_does_not_matter_where_little_is_known() -> None:
    """From other first labels, a start would lead elsewhere."""
    labels, _ = crowd(honest=2, spammers=2, tasks=12)
    turned = Labels(labels.task[::-1], labels.rater[::-1], labels.label[::-1], labels.names, labels.tasks)
    first, second = (mace(one, rounds=ROUNDS).probability for one in (labels, turned))
    assert (first == second).all()


def test_mace_begins_each_start_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The likeliest of several: a start alone is not what is found by all of them."""
    labels, _ = crowd(honest=3, spammers=2, tasks=20)
    begun: list[bytes] = []
    plain = MACE._initialize

    def noted(self: MACE, raters: int, names: int) -> None:
        plain(self, raters, names)
        begun.append(self.thetas_.tobytes())

    monkeypatch.setattr(MACE, "_initialize", noted)
    mace(labels, rounds=1)
    assert len(set(begun)) == MACE_RESTARTS
