"""Each figure beside its library's value, beside a count by hand, and under the weights of chosen candidates."""

import itertools

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.weightstats import DescrStatsW

from ranking.evaluation import figures
from ranking.evaluation.bootstrap import resample, whole
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import value_of
from ranking.evaluation.judged import Judged, Values, checked
from tests.ranking.evaluation.made import Refused, noisy_judged


def pairs_by_hand(scores: Values, judged: Judged) -> float:
    won = total = 0.0
    for product in judged.ids:
        rows = np.flatnonzero(judged.products == product)
        for up, down in itertools.product(rows[judged.passed[rows] == 1], rows[judged.passed[rows] == 0]):
            weight = judged.weight[up] * judged.weight[down]
            total += weight
            won += weight * (1.0 if scores[up] > scores[down] else 0.5 if scores[up] == scores[down] else 0.0)
    return won / total


@pytest.mark.parametrize("weighted", [False, True], ids=["all alike", "weighted"])
class TestAgainstLibraries:
    def test_pearson_is_that_of_statsmodels(self, weighted: bool) -> None:
        scores, judged = noisy_judged(weighted=weighted)
        theirs = DescrStatsW(np.column_stack([scores, judged.passed]), weights=judged.weight).corrcoef[0, 1]
        assert value_of(figures.pearson(scores, judged), judged) == pytest.approx(theirs, abs=1e-12)

    def test_auc_is_that_of_scikit_learn(self, weighted: bool) -> None:
        scores, judged = noisy_judged(weighted=weighted)
        theirs = roc_auc_score(judged.passed, scores, sample_weight=judged.weight)
        assert value_of(figures.auc(scores, judged), judged) == pytest.approx(theirs, abs=1e-12)

    def test_auc_within_products_is_the_count_of_pairs(self, weighted: bool) -> None:
        scores, judged = noisy_judged(weighted=weighted)
        found = value_of(figures.auc_within(scores, judged), judged)
        assert found == pytest.approx(pairs_by_hand(scores, judged), abs=1e-12)

    def test_a_resample_is_the_figure_of_the_products_drawn(self, weighted: bool) -> None:
        """Every figure, once by counts and once by really repeating the rows of the products drawn."""
        scores, judged = noisy_judged(products=9, weighted=weighted)
        chances = 1 / (1 + np.exp(-scores))
        counts = resample(9, seed=4, resamples=3)
        for figure in figures.figures(2).values():
            used = chances if figure.probability else scores
            by_counts = figure.of(used, judged)(counts)
            for drawn, found in zip(counts, by_counts, strict=True):
                rows, ids = [], []
                for copy, place in enumerate(np.repeat(np.arange(9), drawn.astype(int))):
                    own = np.flatnonzero(judged.place == place)
                    rows.append(own)
                    ids.append(np.full(len(own), copy))
                at = np.concatenate(rows)
                again = Judged(np.concatenate(ids), judged.passed[at], judged.share[at], judged.weight[at])
                if figure.name == "ece":  # bins stay those of the whole
                    continue
                assert found == pytest.approx(value_of(figure.of(used[at], again), again), abs=1e-9), figure.name


def test_spearman_is_that_of_scipy() -> None:
    scores, judged = noisy_judged()
    theirs = stats.spearmanr(scores, judged.share).statistic
    assert value_of(figures.spearman(scores, judged), judged) == pytest.approx(theirs, abs=1e-12)


def test_weights_count_like_repeated_rows() -> None:
    """A candidate of weight 3 is three such candidates, to Spearman too, which no library weighs."""
    scores, judged = noisy_judged(products=6)
    times = np.random.default_rng(2).integers(1, 4, len(judged))
    weighted = Judged(judged.products, judged.passed, judged.share, times.astype(float))
    rows = np.repeat(np.arange(len(judged)), times)
    repeated = judged.take(rows)
    for build in (figures.spearman, figures.pearson_share, figures.auc):
        assert value_of(build(scores, weighted), weighted) == pytest.approx(
            value_of(build(scores[rows], repeated), repeated), abs=1e-12
        )


# Two products: (score, verdict) of each.
TWO = [[(0.9, 1), (0.5, 0), (0.4, 1), (0.1, 0)], [(0.8, 0), (0.7, 0), (0.2, 1)]]
TIED = [[(0.9, 0), (0.5, 1), (0.5, 0), (0.5, 0)]]
PICKS = {
    "one of each": (TWO, figures.top(1), 0.5),
    "two of each": (TWO, figures.top(2), 0.25),
    "more than a product has": (TWO, figures.top(9), (2 / 4 + 1 / 3) / 2),
    "an edge of three equals, one place left": (TIED, figures.top(2), (0 + 1 / 3) / 2),
    "two places for three equals": (TIED, figures.top(3), (2 / 3) / 3),
    "a passing pick in one of two": (TWO, figures.with_pass(2), 0.5),
    "a passing pick by lot": (TIED, figures.with_pass(2), 1 / 3),
    "two lots out of three": (TIED, figures.with_pass(3), 2 / 3),
    "all are picked": (TIED, figures.with_pass(4), 1.0),
}


@pytest.mark.parametrize("case", PICKS)
def test_picks(case: str) -> None:
    rows, build, expected = PICKS[case]
    flat = [(number, *pair) for number, pairs in enumerate(rows) for pair in pairs]
    products, scores, passed = (np.array(column) for column in zip(*flat, strict=True))
    judged = Judged.build(products, passed)
    assert value_of(build(scores.astype(float), judged), judged) == pytest.approx(expected)


def test_order_of_rows_changes_nothing() -> None:
    scores, judged = noisy_judged(weighted=True)
    mixed = np.random.default_rng(1).permutation(len(judged))
    for figure in figures.figures().values():
        used = 1 / (1 + np.exp(-scores)) if figure.probability else scores
        before = value_of(figure.of(used, judged), judged)
        after = value_of(figure.of(used[mixed], judged.take(mixed)), judged.take(mixed))
        assert before == pytest.approx(after, abs=1e-12), figure.name


def test_random_rate_weighs_products_alike() -> None:
    judged = Judged.build([1, 1, 1, 1, 2], [1, 0, 0, 0, 1])
    assert value_of(figures.random_rate(judged), judged) == pytest.approx((0.25 + 1) / 2)


def test_lift_and_difference_are_paired() -> None:
    scores, judged = noisy_judged()
    better, same = figures.top(3)(scores, judged), figures.top(3)(scores, judged)
    counts = resample(len(judged.ids), seed=1, resamples=20)
    assert figures.lift(better, same)(counts) == pytest.approx(np.zeros(20))
    assert figures.difference(better, same)(counts) == pytest.approx(np.zeros(20))


class TestCalibration:
    def test_true_chances_have_little_error(self) -> None:
        drawing = np.random.default_rng(0)
        chances = drawing.random(20_000)
        judged = Judged.build(np.arange(20_000) // 20, drawing.random(20_000) < chances)
        assert value_of(figures.ece(chances, judged), judged) < 0.015
        assert value_of(figures.ece(chances**2, judged), judged) > 0.1

    def test_error_is_the_mean_distance_over_bins(self) -> None:
        chances = np.repeat([0.2, 0.8], 50)
        judged = Judged.build(np.arange(100), np.r_[np.arange(50) < 20, np.arange(50) < 35])
        assert value_of(figures.ece(chances, judged), judged) == pytest.approx((0.2 + 0.1) / 2)

    def test_weights_undo_a_choice_of_likely_ones(self) -> None:
        """Passing candidates rated four times as often as others: the weighted pass rate is that of all."""
        drawing = np.random.default_rng(3)
        passed = drawing.random(40_000) < 0.2
        chosen = np.where(passed, 0.8, 0.2)
        rated = drawing.random(40_000) < chosen
        judged = Judged.build(np.arange(40_000)[rated], passed[rated], weight=1 / chosen[rated])
        constant = np.full(len(judged), 0.2)
        assert value_of(figures.ece(constant, judged), judged) < 0.01
        unweighted = Judged.build(judged.products, judged.passed)
        assert value_of(figures.ece(constant, unweighted), unweighted) > 0.25


def test_judged_picks_stand_for_unjudged_ones() -> None:
    """Picks made among all, a part of them judged with known chances: on average the pass rate of all picks."""
    drawing = np.random.default_rng(5)
    products, passed = np.repeat(np.arange(300), 3), drawing.random(900) < np.tile([0.5, 0.3, 0.1], 300)
    chance = np.tile([0.9, 0.5, 0.3], 300)
    rates = []
    for _ in range(200):
        rows = drawing.random(900) < chance
        judged = Judged.build(products[rows], passed[rows], weight=1 / chance[rows])
        rates.append(value_of(figures.picked_rate(np.ones(rows.sum()), judged, 3.0), judged))
    assert np.mean(rates) == pytest.approx(passed.mean(), abs=0.005)


def test_nothing_to_tell_apart_is_no_figure() -> None:
    judged = Judged.build([1, 1, 2], [1, 1, 1])
    scores = np.array([0.1, 0.2, 0.3])
    for build in (figures.auc, figures.auc_within, figures.pearson):
        assert np.isnan(build(scores, judged)(whole(2))[0])


BAD: Refused = {
    "no candidate": (lambda: Judged.build([], []), "not one judged candidate"),
    "half a verdict": (lambda: Judged.build([1], [0.5]), "0 or 1"),
    "weight zero": (lambda: Judged.build([1], [1], weight=[0.0]), "above 0"),
    "another number of weights": (lambda: Judged.build([1], [1], weight=[1.0, 2.0]), "weight has shape"),
    "another number of scores": (lambda: checked([1.0, 2.0], Judged.build([1], [1])), r"shape \(2,\) for 1"),
    "a missing score": (lambda: checked([np.nan, 2.0], Judged.build([1, 2], [1, 0]), "blend"), "blend gave no score"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_no_figure_can_be_made_of(case: str) -> None:
    call, sentence = BAD[case]
    with pytest.raises(CannotEvaluate, match=sentence):
        call()


def test_an_unknown_share_is_the_verdict() -> None:
    judged = Judged.build([1, 1], [1, 0], share=[np.nan, 1 / 3])
    assert judged.share.tolist() == [1, 1 / 3]
