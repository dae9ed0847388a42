"""Points of a reliability plot, and the ceiling that raters themselves set."""

import numpy as np
import pytest

from ranking.evaluation.bootstrap import resample
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged
from ranking.evaluation.reliability import rater_ceiling, reliability


class TestReliability:
    def test_points_of_true_chances_lie_on_the_line(self) -> None:
        drawing = np.random.default_rng(0)
        chances = drawing.random(4_000)
        judged = Judged.build(np.arange(4_000) // 10, drawing.random(4_000) < chances)
        points = reliability(chances, judged, resample(400, seed=1, resamples=300))
        assert len(points) == 10
        assert [point.predicted for point in points] == sorted(point.predicted for point in points)
        assert sum(point.count for point in points) == 4_000
        held = [point.observed.low <= point.predicted <= point.observed.high for point in points]  # type: ignore[operator]
        assert sum(held) >= 8

    def test_equal_predictions_are_one_point(self) -> None:
        judged = Judged.build([1, 1, 2, 2], [1, 0, 0, 0])
        points = reliability(np.full(4, 0.3), judged, resample(2, seed=0, resamples=50))
        assert len(points) == 1
        assert points[0].observed.value == 0.25
        assert points[0].predicted == pytest.approx(0.3)

    def test_scores_that_are_no_probabilities(self) -> None:
        judged = Judged.build([1, 2], [1, 0])
        with pytest.raises(CannotEvaluate, match="no probabilities"):
            reliability(np.array([0.2, 1.7]), judged, resample(2, seed=0, resamples=10))


PRODUCTS = np.array([1, 1, 1, 2, 2, 2])
CEILINGS = {
    "all agree": ([[1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]], 1.0, 1.0),
    "two agree, and no third": ([[1, 1], [0, 0], [0, 0], [1, 1], [0, 0], [1, 1]], 1.0, 1.0),
    "the opposite": ([[1, 0], [0, 1], [0, 1], [1, 0], [0, 1], [0, 1]], -1.0, 0.0),
}


@pytest.mark.parametrize("case", CEILINGS)
def test_ceiling(case: str) -> None:
    votes, pearson, within = CEILINGS[case]
    found = rater_ceiling(np.array(votes, float), PRODUCTS)
    assert found.pearson == pytest.approx(pearson)
    assert found.auc_within == pytest.approx(within)
    assert found.images == 6


def test_ceiling_by_hand() -> None:
    """Three raters, one of them at odds with the others once."""
    votes = np.array([[1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0, 0]], float)
    found = rater_ceiling(votes, np.array([1, 1, 2, 2]))
    by_hand = [np.corrcoef(votes[:, own], np.delete(votes, own, axis=1).mean(axis=1))[0, 1] for own in range(3)]
    assert found.pearson == pytest.approx(np.mean(by_hand))
    assert found.raters == 3


def test_missing_answers_are_left_out() -> None:
    votes = np.array([[1, 1, np.nan], [0, np.nan, 0], [1, 1, 1], [np.nan, np.nan, 1]], float)
    found = rater_ceiling(votes, np.array([1, 1, 2, 2]))
    assert found.images == 3
    assert found.pearson == pytest.approx(1.0)


@pytest.mark.parametrize("votes", [[[1.0], [0.0]], [[1.0, 1.0], [1.0, 1.0]]], ids=["one rater", "all pass"])
def test_nothing_to_compare(votes: list[list[float]]) -> None:
    found = rater_ceiling(np.array(votes), np.array([1, 1]))
    assert (found.pearson, found.auc, found.auc_within) == (None, None, None)
