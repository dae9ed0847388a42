"""What is seen and what is frozen, and probabilities by whom has not seen the product."""

import numpy as np
import pytest

from ranking.exceptions import NotEnoughLabels
from ranking.learning.table import Definition
from ranking.running import defining, labels, material
from ranking.running.labels import LabelWish
from tests.factories.ranking import make_ranker, make_world
from tests.ranking.conftest import Trained

pytestmark = pytest.mark.django_db


def test_no_frozen_product_is_in_what_is_learned_from() -> None:
    make_world(20, 2)
    found = material.gather(defining.definition_now(), labels.collect(LabelWish()).labels, 0.5)
    table, learned = found.training
    assert found.guard.products
    assert not set(table.products.tolist()) & found.guard.products
    assert not set(learned.products.tolist()) & found.guard.products
    assert len(np.unique(learned.products)) + len(found.guard.products) == 20


def test_the_frozen_share_never_rises() -> None:
    assert material.share_now(10) == 0.5
    make_ranker(frozen_share=0.25)
    make_ranker(frozen_share=0.4)
    assert material.share_now(10) == 0.25
    assert material.share_now(100_000) == 0.2


def test_products_that_are_all_frozen_leave_nothing_to_learn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(2, 2)
    monkeypatch.setattr(material, "frozen_of", lambda *_: frozenset(product.pk for product in world.products))
    with pytest.raises(NotEnoughLabels, match="All 2 labelled products are in the frozen split"):
        material.gather(defining.definition_now(), labels.collect(LabelWish()).labels, 0.5)


def test_products_have_their_types() -> None:
    world = make_world(4, 1, rated=False, types=2)
    types, names = material.types_of([product.pk for product in world.products])
    assert [names[types[product.pk]] for product in world.products] == ["kind 0", "kind 1", "kind 0", "kind 1"]


def test_seen_products_are_scored_out_of_fold_and_frozen_ones_as_they_are(trained: Trained) -> None:
    own = labels.rebuild(trained.ranker.label_set)
    contender = material.Contender.stored(trained.ranker)
    found = material.gather(Definition.from_plain(trained.ranker.features), own, trained.ranker.frozen_share)
    told = contender.unseen(found.table, found.labels)
    plain = contender.fitted.predict(found.table)[found.table.rows_of(found.labels.candidates)]
    frozen = ~found.guard.rows(found.labels.products)
    assert np.isfinite(told).all()
    np.testing.assert_array_equal(told[frozen], plain[frozen])
    assert (told[~frozen] != plain[~frozen]).mean() > 0.9


def test_a_later_image_of_a_product_that_was_learned_from_has_no_unseen_probability(trained: Trained) -> None:
    own = labels.rebuild(trained.ranker.label_set)
    contender = material.Contender.stored(trained.ranker)
    found = material.gather(Definition.from_plain(trained.ranker.features), own, trained.ranker.frozen_share)
    seen = int(np.flatnonzero(found.guard.rows(own.products))[0])
    stranger = contender.fitted.labelled != own.candidates[seen]  # type: ignore[attr-defined]
    kept = type(contender.fitted)(  # type: ignore[call-arg]
        **{
            **vars(contender.fitted),
            "labelled": contender.fitted.labelled[stranger],  # type: ignore[attr-defined]
            "out_of_fold": contender.fitted.out_of_fold[stranger],  # type: ignore[attr-defined]
        }
    )
    told = material.Contender(kept, contender.learned).unseen(found.table, found.labels)
    assert np.flatnonzero(np.isnan(told)).tolist() == [seen]
