"""All rankers on a small world: they learn, they do not leak, they say what they lack, and they repeat themselves."""

import functools

import numpy as np
import pytest

from ranking.learning import rankers
from ranking.learning.checking import auc, calibration_error, within_auc
from ranking.learning.exceptions import CannotLearn, WrongTable
from ranking.learning.fitted import FittedRanker
from ranking.learning.labels import Labels
from ranking.learning.problems import Problem
from ranking.learning.rankers import NAMES, Learning, learner
from ranking.learning.scorers import Part
from ranking.learning.table import FeatureTable, concatenate
from tests.ranking.learning.made import make_world, with_block

LEARNED = [name for name in NAMES if name not in ("sum", "zsum")]


@functools.cache
def fitted(name: str) -> FittedRanker:
    return learner(name).fit(*make_world(), seed=1)


@functools.cache
def fresh() -> tuple[FeatureTable, Labels]:
    return make_world(60, 8, seed=9, first=500)


@pytest.mark.parametrize("name", NAMES)
def test_it_orders_images_of_new_products(name: str) -> None:
    table, labels = fresh()
    chances = fitted(name).predict(table)
    assert ((chances > 0) & (chances < 1)).all()
    assert within_auc(chances, labels.passed, labels.products) > 0.7
    assert abs(chances.mean() - labels.passed.mean()) < 0.12


@pytest.mark.parametrize("name", LEARNED)
def test_what_is_learned_beats_the_sum(name: str) -> None:
    """In this world embeddings know the quality, and the sum does not look at them."""
    table, labels = fresh()
    better, plain = (within_auc(fitted(one).predict(table), labels.passed, labels.products) for one in (name, "sum"))
    assert better > plain + 0.01


def test_the_sum_orders_as_the_sum_does() -> None:
    table, _ = fresh()
    metrics = table.parts["metrics"].astype(np.float64)
    assert np.argsort(fitted("sum").predict(table)).tolist() == np.argsort(metrics[:, [1, 0, 2]].sum(axis=1)).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_contributions_add_up_to_the_probability(name: str) -> None:
    table, _ = fresh()
    for row in (0, 77):
        told = fitted(name).explain(table, row)
        logit = fitted(name).logits(table)[row]
        assert sum(one.contribution for one in told) == pytest.approx(logit, abs=1e-5)
        assert told[-1].feature == "base"
        assert len(told) > 3


@pytest.mark.parametrize("name", NAMES)
def test_pieces_of_a_table_are_scored_as_the_whole(name: str) -> None:
    table, _ = fresh()
    whole = fitted(name).predict(table)
    for part in table.chunks(100):
        np.testing.assert_allclose(fitted(name).predict(part), whole[table.rows_of(part.candidates)], atol=1e-6)


@pytest.mark.parametrize("name", ["linear", "heads"])
def test_with_few_labels_it_keeps_near_its_sum(name: str) -> None:
    """Anchored: 24 labels turn the order of the sum less than 240 do."""
    table, labels = make_world()
    few = labels.take(np.arange(24))
    scored = fresh()[0]
    sums = {"linear": "sum", "heads": "zsum"}[name]
    ranks = [
        np.argsort(np.argsort(one.predict(scored)))
        for one in (learner(name).fit(table, few, 1), fitted(name), fitted(sums))
    ]
    near, far = (np.corrcoef(one, ranks[2])[0, 1] for one in ranks[:2])
    assert near > far


@pytest.mark.parametrize("name", ["linear", "heads", "lightgbm", "lambdarank"])
def test_a_feature_that_names_the_product_lifts_nothing(name: str) -> None:
    """Half of the products pass, half do not, and columns name them: all there is to learn, and no use for new ones."""
    table, _ = make_world(16, 16)
    good = np.random.default_rng(2).permutation(16)[table.products] < 8
    passed = np.random.default_rng(0).random(256) < np.where(good, 0.85, 0.15)
    labels = Labels.build(table.candidates, table.products, passed)
    named = with_block(table, "statistics", tuple(f"is {one}" for one in range(16)), np.eye(16)[table.products])
    ranker = learner(name).fit(named, labels, 1)
    assert auc(ranker.predict(named), labels.passed) > 0.75
    assert auc(ranker.out_of_fold, of(ranker, labels)[0]) < 0.55


def of(ranker: FittedRanker, labels: Labels) -> tuple[np.ndarray, np.ndarray]:
    """(verdicts, products) in the order of the ranker's out-of-fold probabilities."""
    told = by_candidate(labels, ranker)
    return told.passed, told.products


def by_candidate(labels: Labels, ranker: FittedRanker) -> Labels:
    order = np.argsort(labels.candidates)
    return labels.take(order[np.searchsorted(labels.candidates[order], ranker.labelled)])


@pytest.mark.parametrize("name", ["heads", "lightgbm", "blend"])
def test_shuffled_labels_teach_nothing(name: str) -> None:
    table, labels = make_world(40, 8)
    mixed = np.random.default_rng(5).permutation(len(labels))
    shuffled = Labels.build(labels.candidates, labels.products, labels.passed[mixed], questions=labels.questions[mixed])
    ranker = learner(name).fit(table, shuffled, 1)
    assert 0.4 < within_auc(ranker.out_of_fold, *of(ranker, shuffled)) < 0.6
    assert np.ptp(ranker.predict(fresh()[0])) < 0.5


def test_what_is_held_out_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fold's model is taught by other products than it is asked of; the last one by all labelled."""
    table, labels = make_world(20, 6)
    unrated, _ = make_world(5, 6, seed=4, first=100)
    taught: list[set[int]] = []

    class Watched:
        name = "watched"

        def fit(self, problem: Problem, seed: int) -> Part:
            taught.append(set(problem.labels.products.tolist()))
            return rankers.ZSUM.fit(problem, seed)

    monkeypatch.setitem(rankers.RECIPES, "watched", (Watched(),))
    Learning("watched", ("watched",)).fit(concatenate([table, unrated]), labels, 1)
    everyone = set(range(20))
    assert taught.pop() == everyone
    assert sum(len(everyone - each) for each in taught) == 20
    assert set.union(*(everyone - each for each in taught)) == everyone


def test_scales_and_projections_of_a_fold_do_not_know_what_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table, labels = make_world(20, 6)
    seen: list[set[int]] = []
    real = rankers.prepare

    def watched(part: FeatureTable, components: int):
        seen.append(set(part.products.tolist()))
        return real(part, components)

    monkeypatch.setattr(rankers, "prepare", watched)
    learner("zsum").fit(table, labels, 1)
    assert [len(each) for each in seen] == [16, 16, 16, 16, 16, 20]


@pytest.mark.parametrize("product", [0, 7, 19])
def test_a_products_verdicts_do_not_reach_its_out_of_fold_probabilities(product: int) -> None:
    """Models know nothing of it (above), and neither do the recipe, its weights and the calibration.

    Of sums, which learn nothing: what turns here with its own verdicts could only come by these three.
    """
    table, labels = make_world(20, 6)
    own = labels.products == product
    turned = Labels.build(
        labels.candidates,
        labels.products,
        np.where(own, 1 - labels.passed, labels.passed),
        questions=np.where(own[:, None], 1 - labels.questions, labels.questions),
    )
    before, after = (Learning("sums", ("sum", "zsum")).fit(table, each, 1) for each in (labels, turned))
    mine = np.isin(before.labelled, labels.candidates[own])
    np.testing.assert_array_equal(after.out_of_fold[mine], before.out_of_fold[mine])
    assert not np.array_equal(after.out_of_fold[~mine], before.out_of_fold[~mine])
    assert not np.array_equal(after.predict(table), before.predict(table))


def test_isotonic_calibration_out_of_fold_needs_as_many_labels() -> None:
    """Of 3,000 labels four in five are left to calibrate the fifth with: then a line does."""
    table, labels = make_world(375, 8)
    ranker = Learning("zsum", ("zsum",), calibration="isotonic").fit(table, labels, 1)
    assert ranker.calibration.plain()["kind"] == "isotonic"
    assert calibration_error(ranker.out_of_fold, by_candidate(labels, ranker).passed) < 0.05


@pytest.mark.parametrize("name", ["heads", "blend"])
def test_the_same_data_and_seed_give_the_same_ranker(name: str) -> None:
    table, labels = make_world()
    mixed = labels.take(np.random.default_rng(3).permutation(len(labels)))
    again = learner(name).fit(table, mixed, seed=1)
    np.testing.assert_array_equal(again.predict(fresh()[0]), fitted(name).predict(fresh()[0]))
    assert again.told == fitted(name).told


BAD = {
    "no labels": (np.arange(0), None, "There are no labels"),
    "five labels": (np.arange(5), None, "5 labels are too few"),
    "all failed": (np.arange(240), 0.0, "all 240 labelled images failed"),
    "all passed": (np.arange(240), 1.0, "all 240 labelled images passed"),
}


def bad(case: str) -> tuple[FeatureTable, Labels]:
    table, labels = make_world()
    rows, value, _ = BAD[case]
    some = labels.take(rows)
    passed = some.passed if value is None else np.full(len(some), value)
    return table, Labels.build(some.candidates, some.products, passed, questions=some.questions)


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", ["linear", "heads", "lightgbm", "lambdarank", "blend"])
def test_what_cannot_be_learned_from_is_refused_in_words(name: str, case: str) -> None:
    with pytest.raises(CannotLearn, match=BAD[case][2]):
        learner(name).fit(*bad(case), seed=1)


@pytest.mark.parametrize("case", ["five labels", "all failed", "all passed"])
@pytest.mark.parametrize("name", ["sum", "zsum", "default"])
def test_a_sum_needs_no_more_and_the_default_falls_back_on_it(name: str, case: str) -> None:
    ranker = learner(name).fit(*bad(case), seed=1)
    chances = ranker.predict(fresh()[0])
    assert ((chances > 0) & (chances < 1)).all()
    assert len(np.unique(chances)) > 400
    if name == "default":
        assert ranker.name == "default: zsum"
        assert case == "five labels" or BAD[case][2] in ranker.told["notes"][0]


def test_all_labels_of_one_product_teach_nothing_of_others() -> None:
    table, labels = make_world(1, 40)
    with pytest.raises(CannotLearn, match="one product"):
        learner("heads").fit(table, labels, 1)
    assert learner("default").fit(table, labels, 1).told["recipe"] == "zsum"


@pytest.mark.parametrize("name", ["default", "blend"])
def test_holes_in_the_table_are_no_hindrance_and_are_told(name: str) -> None:
    table, labels = make_world(40, 8)
    table.parts["metrics"][:30, 3:] = np.nan
    table.parts["emb.clip.candidate"][:50] = 0
    ranker = learner(name).fit(table, labels, 1)
    assert np.isfinite(ranker.predict(table)).all()
    assert "30 of 320 candidates lack a metric; it counts as an average one." in ranker.told["notes"]
    assert any("50 of 320 candidates lack emb.clip.candidate" in note for note in ranker.told["notes"])


@pytest.mark.parametrize("name", ["sum", "zsum"])
def test_nothing_is_projected_for_a_sum(name: str) -> None:
    ranker = fitted(name)
    assert ranker.preparation.projections == ()
    other = make_world()[0]
    other.parts["emb.clip.candidate"][:] = 0
    np.testing.assert_array_equal(ranker.predict(other), ranker.predict(make_world()[0]))


def test_without_any_embedding_it_learns_from_the_rest() -> None:
    table, labels = make_world(40, 8)
    table.parts["emb.clip.candidate"][:] = np.nan
    ranker = learner("heads").fit(table, labels, 1)
    assert "No candidate has emb.clip.candidate; it is left out." in ranker.told["notes"]
    assert not any("emb" in name for name in ranker.preparation.names)


def test_products_with_one_image_are_scored() -> None:
    single, _ = make_world(30, 1, seed=2, first=900)
    chances = fitted("blend").predict(single)
    assert np.isfinite(chances).all()
    assert len(np.unique(chances)) > 20


def test_labels_of_single_images_are_learned_from() -> None:
    table, labels = make_world(150, 1)
    assert np.isfinite(learner("default").fit(table, labels, 1).predict(table)).all()


def test_a_label_without_features_is_told() -> None:
    table, labels = make_world()
    with pytest.raises(WrongTable, match="no features"):
        learner("heads").fit(table.take(table.products > 0), labels, 1)


def test_verdicts_alone_are_enough() -> None:
    table, labels = make_world(40, 8)
    ranker = learner("heads").fit(table, Labels.build(labels.candidates, labels.products, labels.passed), 1)
    assert len(ranker.parts[0].scorers) == 1
    scored, told = fresh()
    assert within_auc(ranker.predict(scored), told.passed, told.products) > 0.75


def test_a_judges_answers_are_features() -> None:
    """RANKING: a vision-language judge lifts real figures more than any learner does."""
    table, labels = make_world(40, 8)
    drawn = np.random.default_rng(0)
    answers = labels.soft[:, None] + 0.2 * drawn.normal(size=(320, 1))
    plain = learner("heads").fit(table, labels, 1).told["figures"]["within_auc_of_chosen"]
    judged = learner("heads").fit(with_block(table, "judges", ("vlm would use",), answers), labels, 1)
    assert judged.told["figures"]["within_auc_of_chosen"] > plain + 0.02


@pytest.mark.parametrize(
    ("labels", "recipes"),
    [(99, ["zsum"]), (100, ["heads", "zsum"]), (999, ["heads", "zsum"]), (1_000, ["blend", "heads", "zsum"])],
)
def test_the_default_grows_with_its_labels(monkeypatch: pytest.MonkeyPatch, labels: int, recipes: list[str]) -> None:
    monkeypatch.setattr(rankers, "BLEND", rankers.RECIPES["linear"])
    monkeypatch.setitem(rankers.RECIPES, "blend", rankers.RECIPES["linear"])
    table, some = make_world(125, 8)
    ranker = learner("default").fit(table, some.take(np.arange(labels)), 1)
    assert sorted(ranker.told["figures"]["within_auc"]) == recipes


@pytest.mark.parametrize(
    ("noise", "chosen"),
    [((0.0, 1.0, 1.0), "zsum"), ((1.0, 0.0, 1.0), "heads"), ((2.0, 1.0, 0.0), "linear"), ((2.0, 0.0, 1.0), "heads")],
    ids=["the plainest is best", "the middle one", "the richest", "the richest is better than the plainest only"],
)
def test_a_richer_recipe_must_order_better_than_every_plainer_one(noise: tuple[float, ...], chosen: str) -> None:
    _, labels = make_world(60, 8)
    drawn = np.random.default_rng(0)
    names = ("zsum", "heads", "linear")
    crossed = {name: labels.soft + more * drawn.normal(size=480) for name, more in zip(names, noise, strict=True)}
    found, figures = rankers.choose(names, crossed, Problem(np.zeros((480, 0)), (), labels))
    assert found == chosen
    assert set(figures) == set(names)


def test_what_was_not_taken_is_noted() -> None:
    """Few labels, noisy metrics and embeddings that are nothing but noise: the z-sum stays, or heads won fairly."""
    table, labels = make_world(20, 6, noise=3.0)
    ranker = learner("default").fit(table, labels, 1)
    within = ranker.told["figures"]["within_auc"]
    better = within["heads"] >= within["zsum"]
    assert ranker.told["recipe"] == ("heads" if better else "zsum")
    assert any("does not order" in note for note in ranker.told["notes"]) is not better


def test_progress_is_told_and_may_cancel() -> None:
    told: list[tuple[int, int, str]] = []
    learner("zsum").fit(*make_world(), 1, lambda *step: told.append(step))
    assert [step[0] for step in told] == list(range(7))
    assert told[0] == (0, 6, "fold 1 of 5: zsum")
    assert told[-1] == (6, 6, "done")

    class Stopped(Exception):
        pass

    def stop(done: int, _total: int, _doing: str) -> None:
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        learner("zsum").fit(*make_world(), 1, stop)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(CannotLearn, match="no ranker magic; there are sum, zsum, linear"):
        learner("magic")


def test_the_record_says_where_it_came_from() -> None:
    table, labels = make_world()
    told = fitted("blend").told
    assert told["labels"]["hash"] == labels.hash
    assert told["features"]["hash"] == table.definition.hash
    assert (told["seed"], told["recipe"], told["labels"]["count"]) == (1, "blend", 240)
    assert set(told["versions"]) == {"python", "numpy", "scipy", "scikit-learn", "lightgbm", "optuna"}
    assert 0.5 < told["figures"]["auc"] < 1


def test_isotonic_calibration_is_refused_for_few() -> None:
    with pytest.raises(CannotLearn, match="3,000 labels"):
        Learning("zsum", ("zsum",), calibration="isotonic").fit(*make_world(), 1)
