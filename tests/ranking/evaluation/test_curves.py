"""Learning curves are measured on unseen products, and go on as a square root would have them."""

from dataclasses import dataclass

import pytest

from ranking.evaluation.curves import extrapolate, learning_curve
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.simulation import World
from ranking.learning.base import Progress, Ranker, silent
from ranking.learning.exceptions import CannotLearn
from ranking.learning.labels import Labels
from ranking.learning.rankers import learner
from ranking.learning.table import FeatureTable
from tests.ranking.evaluation.made import Remembering

PICTURES = World(2).draw(30, 8, 1)


@dataclass
class Fussy:
    """Learns from 100 labels up."""

    learner: Remembering
    name: str = "fussy"

    def fit(self, table: FeatureTable, labels: Labels, seed: int, progress: Progress = silent) -> Ranker:
        if len(labels) < 100:
            raise CannotLearn(f"{len(labels)} labels are too few for fussy; 100 are needed.")
        return self.learner.fit(table, labels, seed, progress)


def test_points_of_a_real_learner() -> None:
    table, labels = PICTURES.table(), PICTURES.labels()
    told: list[tuple[int, int, str]] = []
    points = learning_curve(learner("zsum"), table, labels, [40, 80, 9_999], progress=lambda *step: told.append(step))
    assert [point.labels for point in points] == [40, 80]
    for point in points:
        assert point.auc_within.value is not None
        assert 0.5 < point.auc_within.value < 0.95
        assert point.top.low is not None
    assert told == [(0, 2, "learning from 40 labels"), (1, 2, "learning from 80 labels")]


def test_no_product_is_learned_from_and_tested_on() -> None:
    table, labels = PICTURES.table(), PICTURES.labels()
    remembering = Remembering("metrics.clip_i")
    points = learning_curve(remembering, table, labels, [40, 80], folds=3)
    assert len(remembering.seen) == 6
    assert all(point.auc_within.value == 0.5 for point in points)  # what it knows by heart is of other products
    assert max(len(seen) for seen in remembering.seen) == 10  # 80 labels of 8 a product


def test_too_few_to_learn_from_says_so() -> None:
    points = learning_curve(Fussy(Remembering("metrics.clip_i")), PICTURES.table(), PICTURES.labels(), [40, 120])
    assert points[0].said == "40 labels are too few for fussy; 100 are needed."
    assert points[0].auc_within.value is None
    assert points[1].said == ""


class TestExtrapolation:
    sizes = [100, 300, 1_000, 3_000]

    def test_a_square_root_is_followed_exactly(self) -> None:
        values = [0.8 - 1.5 / size**0.5 for size in self.sizes]
        found = extrapolate(self.sizes, values, 3_000, 7_000)
        assert found.limit == pytest.approx(0.8)
        assert found.now == pytest.approx(0.8 - 1.5 / 3_000**0.5)
        assert found.gain == pytest.approx(1.5 / 3_000**0.5 - 1.5 / 10_000**0.5)

    def test_a_falling_curve_promises_nothing(self) -> None:
        found = extrapolate(self.sizes, [0.7, 0.69, 0.68, 0.67], 3_000, 1_000)
        assert found.gain == pytest.approx(0)
        assert 0.66 < found.now < 0.70

    def test_more_is_never_worse(self) -> None:
        noisy = [0.70, 0.74, 0.73, 0.76]
        gains = [extrapolate(self.sizes, noisy, 3_000, more).gain for more in (0, 500, 5_000)]
        assert gains[0] == 0
        assert gains == sorted(gains)

    @pytest.mark.parametrize(
        ("sizes", "values", "now", "more"),
        [([100], [0.7], 100, 10), ([100, 200], [0.7], 100, 10), ([0, 10], [0.1, 0.2], 10, 5)],
        ids=["one point", "a value missing", "no labels"],
    )
    def test_points_that_tell_nothing(self, sizes: list[int], values: list[float], now: int, more: int) -> None:
        with pytest.raises(CannotEvaluate, match="do not tell how it goes on"):
            extrapolate(sizes, values, now, more)

    @pytest.mark.parametrize(("now", "more"), [(0, 10), (10, -1)])
    def test_budgets_that_are_none(self, now: int, more: int) -> None:
        with pytest.raises(CannotEvaluate, match="no budget"):
            extrapolate([10, 20], [0.1, 0.2], now, more)
