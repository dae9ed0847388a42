"""No product is on both sides, none that was learned from becomes frozen, and what leaks is seen to."""

import numpy as np
import pytest

from ranking.evaluation import figures
from ranking.evaluation.exceptions import CannotEvaluate, FrozenProducts
from ranking.evaluation.figures import value_of
from ranking.evaluation.judged import Judged
from ranking.evaluation.splits import (
    Guard,
    Split,
    evidence,
    frozen_share,
    grouped_folds,
    lot,
    out_of_fold,
    stable_key,
)
from ranking.learning.labels import Labels
from ranking.learning.table import FeatureTable
from tests.ranking.evaluation.made import Remembering, plain_table

KEYS = {number: stable_key("abo", f"B{number:05d}") for number in range(2_000)}


class TestFrozen:
    def test_the_same_everywhere(self) -> None:
        """A fixed answer: a change of the hash would thaw every test split there is."""
        assert lot(stable_key("abo", "B0001")) == pytest.approx(0.938873798793396, abs=1e-12)
        assert Split(0.2).frozen(KEYS) == Split(0.2).frozen(dict(reversed(KEYS.items())))

    def test_about_the_share_of_products(self) -> None:
        assert len(Split(0.2).frozen(KEYS)) == pytest.approx(400, abs=50)

    def test_source_and_id_both_count(self) -> None:
        assert stable_key("a", "bc") != stable_key("ab", "c")
        assert lot("x") != lot("x", salt="another split")

    def test_a_new_product_moves_no_other(self) -> None:
        few = {number: KEYS[number] for number in range(100)}
        assert Split(0.3).frozen(few) == Split(0.3).frozen(KEYS) & set(few)

    def test_a_falling_share_only_thaws(self) -> None:
        assert Split(0.2).frozen(KEYS) < Split(0.4).frozen(KEYS)

    @pytest.mark.parametrize("share", [-0.1, 1.0])
    def test_a_share_that_is_none(self, share: float) -> None:
        with pytest.raises(CannotEvaluate, match="frozen share"):
            Split(share)


SHARES = {
    "a handful: half": (10, 0.5, 0.5),
    "100 wanted of 300": (300, 0.5, 115 / 300),
    "one in five of many": (5_000, 0.5, 0.2),
    "never rises again": (100, 0.2, 0.2),
    "no product yet": (0, 0.4, 0.4),
}


@pytest.mark.parametrize("case", SHARES)
def test_frozen_share(case: str) -> None:
    products, so_far, expected = SHARES[case]
    assert frozen_share(products, so_far) == pytest.approx(expected)


@pytest.mark.parametrize("products", [250, 400, 1_000])
def test_a_hundred_are_frozen_where_there_are_as_many(products: int) -> None:
    keys = {number: KEYS[number] for number in range(products)}
    assert len(Split(frozen_share(products)).frozen(keys)) >= 100


def test_what_a_comparison_rests_on() -> None:
    assert (evidence(100), evidence(99)) == ("frozen", "out of fold")


FOLDS = {
    "equal products": np.repeat(np.arange(10), 4),
    "one large product": np.r_[np.zeros(30, int), np.repeat(np.arange(1, 9), 3)],
    "fewer products than folds": np.repeat([4, 9, 2], 5),
    "mixed rows": np.random.default_rng(1).integers(0, 17, 200),
}


@pytest.mark.parametrize("case", FOLDS)
@pytest.mark.parametrize("seed", [None, 3])
def test_folds_share_no_product_and_leave_none_out(case: str, seed: int | None) -> None:
    products = FOLDS[case]
    parts = grouped_folds(products, 5, seed)
    assert len(parts) == min(5, len(np.unique(products)))
    for learned, tested in parts:
        assert len(tested) > 0
        assert not set(products[learned]) & set(products[tested])
        assert len(learned) + len(tested) == len(products)
    assert sorted(np.concatenate([tested for _, tested in parts])) == list(range(len(products)))


def test_folds_are_of_like_size() -> None:
    sizes = [len(tested) for _, tested in grouped_folds(np.repeat(np.arange(50), 7), 5, seed=2)]
    assert max(sizes) - min(sizes) <= 7


def test_one_product_cannot_be_divided() -> None:
    with pytest.raises(CannotEvaluate, match="1 product"):
        grouped_folds(np.zeros(10, np.int64))


def labelled(products: int = 30, each: int = 8, seed: int = 0) -> tuple[FeatureTable, Labels]:
    """A metric that says something, and a column that names the product; products differ in how many pass."""
    drawing = np.random.default_rng(seed)
    ids = np.repeat(np.arange(products), each)
    passed = (drawing.random(len(ids)) < drawing.beta(0.4, 0.8, products)[ids]).astype(float)
    metric = passed + drawing.normal(size=len(ids))
    table = plain_table({"clip_i": metric, "which": ids.astype(float)}, ids)
    return table, Labels.build(np.arange(len(ids)), ids, passed)


class TestGuard:
    guard = Guard(frozenset({2, 5}))

    def test_training_holds_no_frozen_product(self) -> None:
        table, labels = labelled()
        kept, known = self.guard.training(table, labels)
        assert not {2, 5} & (set(kept.products) | set(known.products))
        assert len(kept) == len(table) - 16

    @pytest.mark.parametrize("side", ["labels", "unlabelled rows"])
    def test_frozen_products_never_reach_fit(self, side: str) -> None:
        """Rows without a label are refused too: scales and projections would be fitted on them."""
        table, labels = labelled()
        clean, known = self.guard.training(table, labels)
        learner = Remembering("metrics.clip_i")
        given = (table, known) if side == "unlabelled rows" else (clean, labels)
        with pytest.raises(FrozenProducts, match=r"2 product\(s\) of the frozen test split"):
            self.guard.over(learner).fit(*given, 0)
        assert learner.seen == []

    def test_what_is_clean_is_learned_from(self) -> None:
        learner = Remembering("metrics.clip_i")
        guarded = self.guard.over(learner)
        guarded.fit(*self.guard.training(*labelled()), 0)
        assert guarded.name == learner.name
        assert learner.seen
        assert not {2, 5} & learner.seen[0]


class TestLeakage:
    """What a leak would look like, and that grouped figures do not fall for it."""

    def test_a_feature_that_names_the_product_lifts_nothing(self) -> None:
        table, labels = labelled(products=60)
        judged = Judged.of(labels)
        leaky = Remembering("metrics.which").fit(table, labels, 0).predict(table)
        assert value_of(figures.auc(leaky, judged), judged) > 0.8  # on what it learned from
        grouped = out_of_fold(Remembering("metrics.which"), table, labels)
        assert value_of(figures.auc(grouped, judged), judged) == 0.5
        assert value_of(figures.auc_within(grouped, judged), judged) == 0.5

    def test_a_verdict_known_by_heart_lifts_nothing(self) -> None:
        """Each row's own value remembered: perfect on what it learned from, nothing on other products."""
        table, labels = labelled()
        judged = Judged.of(labels)
        known = Remembering("metrics.clip_i").fit(table, labels, 0).predict(table)
        assert value_of(figures.auc_within(known, judged), judged) == 1.0
        grouped = out_of_fold(Remembering("metrics.clip_i"), table, labels)
        assert value_of(figures.auc_within(grouped, judged), judged) == 0.5

    def test_no_fold_learns_from_what_it_is_tested_on(self) -> None:
        table, labels = labelled()
        learner = Remembering("metrics.which")
        out_of_fold(learner, table, labels, folds=5, seed=1)
        tested = [set(range(30)) - set(seen) for seen in learner.seen]
        assert len(tested) == 5
        assert sum(len(products) for products in tested) == 30
        assert set().union(*tested) == set(range(30))

    def test_every_labelled_candidate_is_scored_once(self) -> None:
        table, labels = labelled()
        some = labels.take(np.arange(0, len(labels), 3))
        scores = out_of_fold(Remembering("metrics.clip_i"), table, some)
        assert scores.shape == (len(some),)
        assert np.isfinite(scores).all()
