"""The gate's rule, condition by condition, what it says, and how often it errs."""

import json
import re

import numpy as np
import pytest
from scipy import stats

from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.gate import Decision, Rule, decide
from ranking.evaluation.judged import Judged, Values
from tests.ranking.evaluation.made import Refused

QUICK = Rule(resamples=500)


def world(products: int = 100, each: int = 20, *, seed: int = 0) -> tuple[Values, Judged]:
    """True chances, and verdicts drawn from them."""
    drawing = np.random.default_rng(seed)
    place = np.repeat(np.arange(products), each)
    logit = -2.2 + drawing.normal(0, 1.0, products)[place] + drawing.normal(0, 1.6, len(place))
    chance = 1 / (1 + np.exp(-logit))
    return chance, Judged.build(place, drawing.random(len(place)) < chance)


def blurred(chance: Values, noise: float, seed: int) -> Values:
    """Probabilities that know less: the truth behind noise, drawn in to stay calibrated enough."""
    logit = np.log(chance / (1 - chance)) + np.random.default_rng(seed).normal(0, noise, len(chance))
    return np.asarray(1 / (1 + np.exp(-(logit * 2.6 / (2.6 + noise) - 0.3))))


def check(decision: Decision, name: str) -> bool:
    return all(one.passed for one in decision.checks if one.name == name)


class TestRule:
    chance, judged = world()
    poor, good = blurred(chance, 3.0, 1), blurred(chance, 1.0, 2)

    def test_a_better_one_is_promoted_and_says_why(self) -> None:
        decision = decide(self.poor, self.good, self.judged, rule=QUICK)
        assert decision.promote
        assert decision.basis == "frozen"
        assert (decision.products, decision.candidates) == (100, 2000)
        assert "the order inside products is better" in decision.reasons[0]
        assert len(decision.reasons) == 3

    def test_a_worse_one_is_not(self) -> None:
        decision = decide(self.good, self.poor, self.judged, rule=QUICK)
        assert not decision.promote
        assert not check(decision, "order")
        assert not check(decision, "picked")
        assert any("not better" in reason for reason in decision.reasons)

    def test_itself_is_not_better(self) -> None:
        decision = decide(self.good, self.good, self.judged, rule=QUICK)
        assert not decision.promote
        assert [one.passed for one in decision.checks] == [False, True, True]

    def test_reasons_are_of_what_failed_only(self) -> None:
        decision = decide(self.good, self.good, self.judged, rule=QUICK)
        assert len(decision.reasons) == 1

    def test_a_better_order_with_worse_picks_is_stopped(self) -> None:
        """The champion knows the best three and nothing else; the candidate knows all, and puts those three behind
        the next three."""
        ranks = np.argsort(np.argsort(-self.good.reshape(100, 20), axis=1), axis=1).ravel()
        champion = np.where(ranks < 3, 0.9, np.random.default_rng(0).random(2000) * 0.5)
        places = np.where(ranks < 3, ranks + 3, np.where(ranks < 6, ranks - 3, ranks))
        decision = decide(champion, 1 - places / 20, self.judged, rule=Rule(resamples=500, calibration_margin=1.0))
        assert check(decision, "order")
        assert not check(decision, "picked")
        assert not decision.promote
        assert "more than 2 points worse" in decision.reasons[0]

    def test_worse_calibration_is_stopped(self) -> None:
        """The same order, probabilities pushed up: only calibration is worse."""
        decision = decide(self.poor, self.good**0.3, self.judged, rule=QUICK)
        assert check(decision, "order")
        assert not check(decision, "calibration")
        assert not decision.promote
        assert "worse beyond what is allowed" in decision.reasons[0]

    def test_calibration_within_the_margin_is_let_through(self) -> None:
        decision = decide(self.poor, self.good**0.3, self.judged, rule=Rule(resamples=500, calibration_margin=0.5))
        assert decision.promote

    def test_a_type_that_suffers_is_named(self) -> None:
        types = self.judged.place % 3
        harmed = np.where(types == 2, 1 - self.good, self.good)
        decision = decide(self.poor, harmed, self.judged, types=types, names={2: "Mug"}, rule=QUICK)
        assert not decision.promote
        assert any(re.match(r"Mug: within-product AUC changes by -", reason) for reason in decision.reasons)

    def test_small_types_are_told_and_do_not_stop(self) -> None:
        types = np.where(self.judged.place < 4, 7, 1)
        harmed = np.where(types == 7, 1 - self.good, self.good)
        decision = decide(self.poor, harmed, self.judged, types=types, rule=QUICK)
        assert check(decision, "types")
        assert decision.reasons[-1] == "Not judged by themselves, as they have fewer than 10 products: type 7 (4)."

    def test_the_same_seed_decides_the_same(self) -> None:
        first, again = (decide(self.poor, self.good, self.judged, rule=QUICK, seed=3) for _ in range(2))
        assert first == again

    def test_it_can_be_kept(self) -> None:
        decision = decide(self.poor, self.good, self.judged, rule=QUICK)
        assert json.loads(json.dumps(decision.plain()))["checks"][0]["name"] == "order"


def test_few_products_rest_on_folds() -> None:
    chance, judged = world(products=40)
    assert decide(chance, chance, judged, rule=QUICK).basis == "out of fold"


def test_the_bound_is_the_quantile_of_paired_resamples() -> None:
    """The order's bound beside one computed product by product in a plain loop."""
    chance, judged = world(products=30, each=10, seed=4)
    poor, good = blurred(chance, 3.0, 1), blurred(chance, 1.0, 2)
    found = decide(poor, good, judged, rule=Rule(resamples=2_000, form="percentile")).checks[0]
    won, pairs = np.zeros((2, 30)), np.zeros(30)
    for place in range(30):
        rows = np.flatnonzero(judged.place == place)
        up, down = rows[judged.passed[rows] == 1], rows[judged.passed[rows] == 0]
        pairs[place] = len(up) * len(down)
        if pairs[place]:
            for number, scores in enumerate((poor, good)):
                won[number, place] = stats.mannwhitneyu(scores[up], scores[down]).statistic
    draws = np.random.default_rng(9).integers(0, 30, (2_000, 30))
    changes = [(won[1, drawn].sum() - won[0, drawn].sum()) / pairs[drawn].sum() for drawn in draws]
    assert found.change == pytest.approx((won[1].sum() - won[0].sum()) / pairs.sum())
    assert found.bound == pytest.approx(np.quantile(changes, 0.05), abs=0.005)


def test_weights_change_the_decision_towards_all_candidates() -> None:
    """Candidates that one ranker gets wrong were rated rarely: unweighted it looks better than it is."""
    chance, judged = world(products=120)
    poor, good = blurred(chance, 3.0, 1), blurred(chance, 1.0, 2)
    kept = np.where(np.abs(poor - chance) < 0.1, 1.0, 0.25)
    rated = np.random.default_rng(0).random(len(judged)) < kept
    some = Judged.build(judged.products[rated], judged.passed[rated], weight=1 / kept[rated])
    bare = Judged.build(some.products, some.passed)
    of_all = decide(poor, good, judged, rule=QUICK).checks[0].change
    weighed = decide(poor[rated], good[rated], some, rule=QUICK).checks[0].change
    plain = decide(poor[rated], good[rated], bare, rule=QUICK).checks[0].change
    assert of_all is not None
    assert weighed is not None
    assert plain is not None
    assert abs(weighed - of_all) < abs(plain - of_all)


def test_false_promotions_are_few() -> None:
    """Two rankers alike by construction, 150 times: at most one in twenty, within what chance gives (99.9 %)."""
    promoted = 0
    for trial in range(150):
        chance, judged = world(products=40, each=10, seed=100 + trial)
        pair = blurred(chance, 1.5, 2 * trial), blurred(chance, 1.5, 2 * trial + 1)
        promoted += decide(*pair, judged, rule=Rule(resamples=200), seed=trial).promote
    assert promoted <= stats.binom.ppf(0.999, 150, 0.05)


ALIKE = Judged.build([1, 1, 2, 2], [1, 1, 1, 1])


def test_nothing_to_order_is_a_no_with_a_reason() -> None:
    decision = decide(np.full(4, 0.4), np.full(4, 0.5), ALIKE, rule=QUICK)
    assert not decision.promote
    assert "No product has passing and failing images" in decision.reasons[0]


BAD: Refused = {
    "no probability": (lambda: decide([0.1, 2, 0, 0], [0.1] * 4, ALIKE), "champion's scores are no probabilities"),
    "a missing score": (lambda: decide([0.1] * 4, [np.nan] * 4, ALIKE), "The candidate gave no score to 4"),
    "other types": (lambda: decide([0.1] * 4, [0.1] * 4, ALIKE, types=[1]), "product types do not fit"),
    "no pick": (lambda: Rule(n=0), "at least one pick"),
    "a negative margin": (lambda: Rule(top_margin=-0.1), "margins of 0 or more"),
    "no confidence": (lambda: Rule(auc_confidence=0.4), "auc_confidence is 0.4"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_decided(case: str) -> None:
    call, sentence = BAD[case]
    with pytest.raises(CannotEvaluate, match=sentence):
        call()
