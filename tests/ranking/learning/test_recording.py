"""The record beside a ranker: JSON, without time or machine, and honest about what was missing."""

import json
from typing import Any

import numpy as np
import pytest

from ranking.learning.labels import Labels
from ranking.learning.rankers import learner
from tests.ranking.learning.made import make_world


@pytest.mark.parametrize("name", ["sum", "heads", "default"])
def test_it_is_strict_json(name: str) -> None:
    told = learner(name).fit(*make_world(20, 6), seed=3).told
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_it_counts_what_was_learned_from() -> None:
    table, labels = make_world(20, 6)
    told = learner("heads").fit(table, labels.take(np.arange(90)), seed=3).told
    assert told["labels"]["count"] == 90
    assert told["labels"]["products"] == 15
    assert told["labels"]["passed"] == int(labels.passed[:90].sum())
    assert told["features"]["rows"] == 120
    assert told["features"]["columns"] == len(table.columns)
    assert told["features"]["blocks"] == ["metrics", "types", "emb.clip.candidate", "emb.clip.photos"]


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("heads", {"recipes": ["heads"], "components": 24, "calibration": "platt", "folds": 5}),
        ("zsum", {"recipes": ["zsum"], "components": 0, "calibration": "platt", "folds": 5}),
        ("default", {"recipes": ["zsum", "heads"], "components": 24, "calibration": "platt", "folds": 5}),
    ],
)
def test_it_says_how_it_was_set_up(name: str, config: dict[str, Any]) -> None:
    assert learner(name).fit(*make_world(20, 6), seed=3).told["config"] == config


def test_figures_that_have_no_value_are_null() -> None:
    table, labels = make_world(20, 6)
    failed = Labels.build(labels.candidates, labels.products, np.zeros(120))
    figures = learner("zsum").fit(table, failed, seed=3).told["figures"]
    assert figures["auc"] is None
    assert figures["within_auc_of_chosen"] is None
    assert figures["calibration_error"] < 0.02


@pytest.mark.parametrize(
    ("block", "rows", "said"),
    [
        ("metrics", 7, "7 of 120 candidates lack a metric; it counts as an average one."),
        ("emb.clip.candidate", 120, "No candidate has emb.clip.candidate; it is left out."),
        ("emb.clip.candidate", 9, "9 of 120 candidates lack emb.clip.candidate; for them it counts as average."),
    ],
)
def test_what_was_missing_is_noted(block: str, rows: int, said: str) -> None:
    table, labels = make_world(20, 6)
    table.parts[block][:rows] = np.nan
    assert said in learner("heads").fit(table, labels, seed=3).told["notes"]


def test_a_whole_table_has_no_notes() -> None:
    assert learner("heads").fit(*make_world(20, 6), seed=3).told["notes"] == []
