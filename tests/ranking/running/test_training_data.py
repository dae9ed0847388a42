"""A training on too little, on bad data, and what never reaches it: each test with a world of its own."""

from typing import Any

import numpy as np
import pytest

from generation.models import Candidate
from ranking.exceptions import NotEnoughLabels
from ranking.learning.rankers import Learning
from ranking.models import LabelSet, Ranker
from ranking.running import features, files
from ranking.running import training as running
from raters.models import Verdict
from raters.models.ratings import Outcome
from tests.factories.ranking import make_world
from tests.ranking.conftest import train

pytestmark = pytest.mark.django_db


def test_no_frozen_product_ever_reaches_fit(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(12, 4)
    seen: list[set[int]] = []
    real = Learning.fit

    def fit(learner: Learning, table: Any, labels: Any, *args: Any) -> Any:
        seen.append({*table.products.tolist(), *labels.products.tolist()})
        return real(learner, table, labels, *args)

    monkeypatch.setattr(Learning, "fit", fit)
    ranker = train("sum")
    frozen = running.gather(
        running.Definition.from_plain(ranker.features), running.labelling.rebuild(ranker.label_set), ranker.frozen_share
    ).guard.products
    assert frozen
    assert {product.pk for product in world.products} > frozen
    assert len(seen) >= 4
    assert all(not products & frozen for products in seen)


def test_one_class_only_trains_what_needs_no_learning_and_says_so(db: None) -> None:
    make_world(16, 4)  # about half of the products are frozen
    Verdict.objects.update(outcome=Outcome.PASSED)
    ranker = train("zsum")
    assert ranker.gate == {} or ranker.gate["promote"] is False
    told = " ".join(step["said"] for step in ranker.training.told)
    assert "images passed, and learning needs both" in told


@pytest.mark.parametrize(
    ("images", "learner", "said"),
    [(1, "heads", "labels are too few; 20 are the least"), (1, "lightgbm", "labels are too few")],
)
def test_too_few_labels_are_refused_with_their_number(db: None, images: int, learner: str, said: str) -> None:
    make_world(5, images)
    with pytest.raises(NotEnoughLabels, match=said):
        train(learner)
    assert not Ranker.objects.exists()


def test_missing_metrics_and_embeddings_do_not_stop_it(db: None) -> None:
    world = make_world(12, 4)
    some = [candidate.pk for candidate in world.candidates[::3]]
    Candidate.objects.filter(pk__in=some).update(seg_clip_i=None, embeddings="", row=None)
    ranker = train("heads")
    chances = files.fitted(ranker).predict(
        features.table_of(running.Definition.from_plain(ranker.features), [product.pk for product in world.products])
    )
    assert np.isfinite(chances).all()


def test_products_with_one_image_train_and_are_scored(db: None) -> None:
    make_world(80, 1)
    ranker = train("heads")
    assert ranker.label_set.images == 80
    assert ranker.gate.get("promote") in (False, None)


def test_nothing_rated_is_said_in_a_sentence(db: None) -> None:
    make_world(2, 2, rated=False)
    with pytest.raises(NotEnoughLabels, match="There is nothing to learn from"):
        train()
    assert not LabelSet.objects.exists()
