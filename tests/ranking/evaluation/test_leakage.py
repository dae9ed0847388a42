"""Real learners under the grouped evaluation: what would lift a leaking one lifts nothing here."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import ArrayLike

from ranking.evaluation import figures
from ranking.evaluation.figures import value_of
from ranking.evaluation.judged import Judged
from ranking.evaluation.simulation import TYPES, World
from ranking.evaluation.splits import out_of_fold
from ranking.learning.labels import Labels
from ranking.learning.rankers import learner
from ranking.learning.table import FeatureTable
from tests.ranking.learning.made import few_rounds

PICTURES = World(5).draw(40, 10, 1)
TABLE, LABELS = PICTURES.table(), PICTURES.labels()
METRICS = TABLE.definition.block("metrics").columns


def plain(**more: tuple[int, ArrayLike]) -> FeatureTable:
    """The metrics, and what else is given: small enough to learn from in no time."""
    return FeatureTable.build({"metrics": (METRICS, TABLE.parts["metrics"]), **more}, TABLE.products, TABLE.candidates)


def grouped(name: str, table: FeatureTable, labels: Labels) -> dict[str, float]:
    scores, judged = out_of_fold(learner(name), table, labels, folds=3), Judged.of(labels)
    return {each: value_of(figures.figures()[each].of(scores, judged), judged) for each in ("auc", "auc_within")}


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Trees of few rounds: what is tested here does not depend on how many there are."""
    with pytest.MonkeyPatch.context() as patch:
        few_rounds(patch.setattr)
        yield


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_a_column_for_each_product_lifts_nothing(name: str) -> None:
    """Which product it is tells all on what was learned from, as half of them pass by lot; on others, nothing."""
    pictures = World(5).draw(20, 20, 1)
    seen = pictures.table()
    good = np.random.default_rng(2).permutation(20)[seen.products] < 10
    passed = np.random.default_rng(0).random(400) < np.where(good, 0.85, 0.15)
    labels = Labels.build(seen.candidates, seen.products, passed)
    blocks = {"metrics": (METRICS, seen.part("metrics")), "types": (20, np.eye(20)[seen.products])}
    table = FeatureTable.build(blocks, seen.products, seen.candidates)
    judged = Judged.of(labels)
    known = learner(name).fit(table, labels, 0).predict(table)
    assert value_of(figures.auc(known, judged), judged) > 0.75
    assert grouped(name, table, labels)["auc"] < 0.55


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_shuffled_labels_give_chance(name: str) -> None:
    order = np.random.default_rng(0).permutation(len(LABELS))
    mixed = Labels.build(
        LABELS.candidates,
        LABELS.products,
        LABELS.passed[order],
        share=LABELS.share[order],
        questions=LABELS.questions[order],
    )
    found = grouped(name, plain(), mixed)
    assert found["auc"] == pytest.approx(0.5, abs=0.1)
    assert found["auc_within"] == pytest.approx(0.5, abs=0.1)


def test_true_labels_give_more_than_chance() -> None:
    """Or the two above would hold of a learner that learns nothing."""
    types = (TYPES, TABLE.parts["types"])
    assert grouped("linear", plain(types=types), LABELS)["auc_within"] > 0.62
