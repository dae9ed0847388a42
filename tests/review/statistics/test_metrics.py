"""Metrics against people: the values of scipy and scikit-learn, with intervals that respect products."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from ranking.evaluation.judged import Judged
from review.statistics import metrics


def test_values_are_those_of_scipy_and_sklearn() -> None:
    drawing = np.random.default_rng(1)
    score = drawing.normal(size=300)
    passed = (score + drawing.normal(size=300) > 0.5).astype(float)
    judged = Judged.build(np.repeat(np.arange(60), 5), passed)
    (row,) = metrics.against_people({"clip_i": score}, judged, resamples=200)
    assert row.figures["pearson"].value == pytest.approx(stats.pearsonr(score, passed).statistic)
    assert row.figures["spearman"].value == pytest.approx(stats.spearmanr(score, passed).statistic)
    assert row.figures["auc"].value == pytest.approx(roc_auc_score(passed, score))
    for figure in row.figures.values():
        assert figure.low is not None
        assert figure.value is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high


def test_images_without_a_value_are_left_out_of_that_metric_alone() -> None:
    judged = Judged.build([1, 1, 2, 2], [0, 1, 0, 1])
    holes = np.array([0.1, 0.9, np.nan, 0.5])
    nothing = np.full(4, np.nan)
    rows = metrics.against_people({"holes": holes, "whole": np.arange(4.0), "nothing": nothing}, judged, resamples=50)
    assert [(row.name, row.images, row.products) for row in rows] == [
        ("holes", 3, 2),
        ("whole", 4, 2),
        ("nothing", 0, 0),
    ]
    assert rows[2].said == "No judged image has a value of it."


def test_the_first_few_of_each_product_pass_as_often_as_they_do() -> None:
    judged = Judged.build([1, 1, 1, 2, 2, 2], [1, 0, 0, 0, 1, 1])
    (row,) = metrics.against_people({"m": np.array([3.0, 2, 1, 3, 2, 1])}, judged, top=1, resamples=50)
    assert row.figures["top_1"].value == pytest.approx(0.5)
