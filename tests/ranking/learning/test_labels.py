"""Labels: what is refused, what soft ones are worth, and their hash."""

import numpy as np
import pytest

from ranking.learning.exceptions import WrongTable
from ranking.learning.labels import Labels, believe

NAN = float("nan")


def some(**changes: object) -> Labels:
    columns: dict = {"candidates": [1, 2, 3], "products": [7, 7, 8], "passed": [1, 0, 1], **changes}
    return Labels.build(columns.pop("candidates"), columns.pop("products"), columns.pop("passed"), **columns)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"passed": [1, 0]}, "passed has shape"),
        ({"passed": [1, 0, 2]}, "must be 0 or 1"),
        ({"passed": [1, 0, NAN]}, "must be 0 or 1"),
        ({"weight": [1, 0, 1]}, "above 0"),
        ({"weight": [1, NAN, 1]}, "above 0"),
        ({"share": [0.5, 1.2, 0]}, "between 0 and 1"),
        ({"questions": np.full((3, 8), -0.1)}, "between 0 and 1"),
        ({"questions": np.ones((2, 8))}, "questions have shape"),
        ({"candidates": [1, 1, 3]}, "labelled twice"),
    ],
)
def test_what_is_no_label_is_refused(changes: dict, said: str) -> None:
    with pytest.raises(WrongTable, match=said):
        some(**changes)


@pytest.mark.parametrize(("share", "belief"), [(0, 0.03), (1 / 3, 0.22), (0.5, 0.5), (2 / 3, 0.78), (1, 0.97)])
def test_shares_become_beliefs(share: float, belief: float) -> None:
    assert believe(np.array([share]))[0] == pytest.approx(belief)


ALL_YES, ONE_DOUBT = [1.0] * 8, [2 / 3] + [1.0] * 7


@pytest.mark.parametrize(
    ("changes", "soft"),
    [
        ({"questions": [ALL_YES, ONE_DOUBT, [0.0] * 8]}, [1.0, 0.78 / 0.97, (0.03 / 0.97) ** 8]),
        ({"questions": [ALL_YES, [1.0] * 7 + [NAN], [NAN] * 8]}, [1.0, 1.0, 0.97]),
        ({"share": [1, 1 / 3, NAN]}, [0.97, 0.22, 0.97]),
        ({}, [0.97, 0.03, 0.97]),
        ({"questions": [[0.9] * 8] * 3, "posteriors": True}, [0.9**8] * 3),
        ({"share": [0.9, 0.2, 0.4], "posteriors": True}, [0.9, 0.2, 0.4]),
    ],
    ids=["questions", "some not asked", "shares of raters", "verdicts alone", "posteriors", "posterior verdicts"],
)
def test_soft_labels_take_the_best_there_is(changes: dict, soft: list[float]) -> None:
    assert some(**changes).soft == pytest.approx(soft)


def test_the_hash_does_not_mind_the_order() -> None:
    labels = some(share=[0.5, NAN, 1])
    assert labels.take(np.array([2, 0, 1])).hash == labels.hash


@pytest.mark.parametrize(
    "changes",
    [
        {"passed": [1, 1, 1]},
        {"products": [7, 8, 8]},
        {"candidates": [1, 2, 4]},
        {"share": [1, 0, 1]},
        {"weight": [1, 2, 1]},
        {"questions": np.ones((3, 8))},
        {"posteriors": True},
    ],
)
def test_the_hash_minds_everything_else(changes: dict) -> None:
    assert some(**changes).hash != some().hash
