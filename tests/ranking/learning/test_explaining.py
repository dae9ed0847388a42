"""What each feature adds, told so that a person can read it."""

import functools

import numpy as np
import pytest

from ranking.learning.base import Contribution
from ranking.learning.deriving import derive
from ranking.learning.explaining import explain, grouped
from ranking.learning.fitted import FittedRanker
from ranking.learning.rankers import learner
from ranking.learning.table import FeatureTable
from tests.ranking.learning.made import METRICS, make_world


@functools.cache
def fitted(name: str) -> FittedRanker:
    return learner(name).fit(*make_world(), seed=1)


@functools.cache
def table() -> FeatureTable:
    return make_world(6, 5, seed=4, first=70)[0]


def test_a_sum_is_told_metric_by_metric() -> None:
    """Of the plain sum each metric adds what it is above the mean, in one proportion; the others add nothing."""
    told = {one.feature: one for one in explain(fitted("sum"), table(), 3)}
    assert set(told) == {"metrics.clip_i", "metrics.clip_t", "metrics.dino_i", "base"}
    centers = dict(zip(METRICS, fitted("sum").preparation.metric_centers, strict=True))
    slopes = [
        one.contribution / (one.value - centers[name.removeprefix("metrics.")])
        for name, one in told.items()
        if name != "base"
    ]
    assert slopes == pytest.approx([slopes[0]] * 3, rel=1e-4)
    assert slopes[0] > 0


@pytest.mark.parametrize("name", ["zsum", "heads", "lightgbm", "blend"])
def test_only_the_product_itself_matters(name: str) -> None:
    row = 12
    alone = table().take(table().products == table().products[row])
    place = int(np.flatnonzero(alone.candidates == table().candidates[row])[0])
    assert explain(fitted(name), alone, place) == explain(fitted(name), table(), row)


def test_the_largest_come_first_and_the_base_last() -> None:
    told = explain(fitted("blend"), table(), 0)
    sizes = [abs(one.contribution) for one in told[:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert told[-1].feature == "base"


def test_values_are_what_was_measured_not_what_models_are_given() -> None:
    told = {one.feature: one.value for one in explain(fitted("linear"), table(), 7)}
    whole = derive(table())
    for name in ("relative.clip_i rank", "relative.dino_i difference", "types.mug"):
        assert told[name] == pytest.approx(float(whole.column(name)[7]), abs=1e-6), name


def test_trees_tell_a_sum_as_one_number() -> None:
    """Shares of a sum near 0 would be huge and opposite; trees do not add in proportion."""
    features = {one.feature for row in range(30) for one in explain(fitted("lightgbm"), table(), row)}
    assert not any(feature.startswith("metrics.") for feature in features)
    assert any(feature.endswith("sum of metrics") for feature in features)


def test_a_missing_metric_adds_nothing() -> None:
    lacking, _ = make_world(6, 5, seed=4, first=70)
    lacking.parts["metrics"][3, 0] = np.nan
    told = {one.feature for one in explain(fitted("zsum"), lacking, 3)}
    assert "metrics.clip_i" not in told
    assert "metrics.dino_i" in told


def test_components_of_an_embedding_become_one() -> None:
    told = [
        Contribution("emb.clip.candidate - photos 1", 2.0, 0.5),
        Contribution("relative.clip_i rank", 1.0, -0.4),
        Contribution("emb.clip.candidate - photos 2", -1.0, -0.3),
        Contribution("emb.dino.prompt 1", 1.0, 0.1),
        Contribution("base", 1.0, -1.0),
    ]
    found = grouped(told)
    assert [one.feature for one in found] == [
        "relative.clip_i rank", "emb.clip.candidate - photos", "emb.dino.prompt", "base",
    ]  # fmt: skip
    assert [one.contribution for one in found] == pytest.approx([-0.4, 0.2, 0.1, -1.0])
    assert found[0].value == 1.0
    assert np.isnan(found[1].value)


@pytest.mark.parametrize("name", ["heads", "blend"])
def test_grouped_they_add_up_as_before(name: str) -> None:
    told = explain(fitted(name), table(), 8)
    assert sum(one.contribution for one in grouped(told)) == pytest.approx(sum(one.contribution for one in told))
