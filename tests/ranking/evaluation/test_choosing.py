"""What is chosen to be rated, with which chance, and that the chances are true."""

import numpy as np
import pytest

from ranking.evaluation import figures
from ranking.evaluation.choosing import Mix, Reason, choose
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.figures import value_of
from ranking.evaluation.judged import Judged
from tests.ranking.evaluation.made import Refused

drawing = np.random.default_rng(0)
PRODUCTS = np.repeat(np.arange(30), 10)
CHANCES = drawing.beta(0.6, 2.0, 300)


@pytest.mark.parametrize("budget", [1, 7, 60, 299, 300])
@pytest.mark.parametrize("seed", range(3))
def test_the_budget_is_spent_exactly(budget: int, seed: int) -> None:
    choice = choose(PRODUCTS, CHANCES, budget, seed=seed)
    assert len(choice.rows) == len(np.unique(choice.rows)) == budget
    assert ((choice.chance > 0) & (choice.chance <= 1)).all()


def test_more_than_there_are_takes_all() -> None:
    choice = choose(PRODUCTS, CHANCES, 10_000)
    assert len(choice.rows) == 300
    assert choice.chance == pytest.approx(np.ones(300))


class TestTrueChances:
    draws = [choose(PRODUCTS, CHANCES, 60, seed=seed) for seed in range(1_500)]

    def test_each_is_chosen_as_often_as_told(self) -> None:
        often, told = np.zeros(300), np.zeros(300)
        for choice in self.draws:
            often[choice.rows] += 1
            told[choice.rows] = choice.chance
        assert (told > 0).all()  # none is out of reach
        seen = often / len(self.draws)
        scatter = np.sqrt(told * (1 - told) / len(self.draws))
        assert (np.abs(seen - told) <= 4.5 * scatter + 1e-9).all()

    def test_weighted_the_chosen_speak_for_all(self) -> None:
        """The pass rate of all candidates, estimated from chosen ones: right on average; unweighted far too high."""
        passed = np.random.default_rng(1).random(300) < CHANCES
        weighted = [np.average(passed[choice.rows], weights=choice.weight) for choice in self.draws]
        bare = [passed[choice.rows].mean() for choice in self.draws]
        assert np.mean(weighted) == pytest.approx(passed.mean(), abs=0.01)
        assert np.mean(bare) > passed.mean() + 0.08

    def test_weighted_figures_are_those_of_all(self) -> None:
        """Calibration error and order too: weights are what makes a biased choice evaluable."""
        passed = np.random.default_rng(1).random(300) < CHANCES
        whole = Judged.build(PRODUCTS, passed)
        of_all = value_of(figures.auc(CHANCES, whole), whole)
        found = {"weighted": [], "bare": []}  # type: dict[str, list[float]]
        for choice in self.draws[:400]:
            for name, weight in (("weighted", choice.weight), ("bare", None)):
                some = Judged.build(PRODUCTS[choice.rows], passed[choice.rows], weight=weight)
                found[name].append(value_of(figures.auc(CHANCES[choice.rows], some), some))
        assert np.mean(found["weighted"]) == pytest.approx(of_all, abs=0.015)
        assert abs(np.mean(found["bare"]) - of_all) > abs(np.mean(found["weighted"]) - of_all)

    def test_those_called_random_are_an_even_sample(self) -> None:
        """Where nothing is sure to be chosen: whatever its chance of passing, as often called random as any other."""
        called = np.zeros(300)
        for choice in self.draws:
            called[choice.rows[choice.reason == Reason.RANDOM]] += 1
        likely = np.argsort(np.argsort(CHANCES)) >= 150
        assert called[likely].mean() == pytest.approx(called[~likely].mean(), rel=0.12)

    def test_the_parts_are_as_wished(self) -> None:
        reasons = np.concatenate([choice.reason for choice in self.draws])
        shares = np.bincount(reasons, minlength=3) / len(reasons)
        assert shares[Reason.TOP] == pytest.approx(0.4, abs=0.1)
        assert shares[Reason.UNCERTAIN] == pytest.approx(0.35, abs=0.1)
        assert shares[Reason.RANDOM] == pytest.approx(0.25, abs=0.1)

    def test_products_are_spread(self) -> None:
        for choice in self.draws[:50]:
            counts = np.bincount(PRODUCTS[choice.rows], minlength=30)
            assert (counts > 0).sum() >= 26
            assert counts.max() <= 6


def test_first_of_all_the_best_of_each_product() -> None:
    choice = choose(PRODUCTS, CHANCES, 100, mix=Mix(0.6, 0.2, 0.2, each=2))
    best = [rows[np.argmax(CHANCES[rows])] for rows in np.split(np.arange(300), 30)]
    assert set(best) <= set(choice.rows)
    assert choice.chance[np.isin(choice.rows, best)] == pytest.approx(np.ones(30))


def test_uncertain_ones_are_near_one_half() -> None:
    choice = choose(PRODUCTS, CHANCES, 60, mix=Mix(0.0, 0.9, 0.1), seed=1)
    distance = np.abs(CHANCES - 0.5)
    assert distance[choice.rows].mean() < distance.mean() - 0.05


def test_what_may_come_of_it() -> None:
    chances = np.array([0.5, 0.5, 1.0, 0.0])
    choice = choose(np.array([1, 1, 2, 3]), chances, 4)
    assert choice.passing == pytest.approx(2.0)
    assert choice.products == 3
    assert choice.newly_served == pytest.approx(0.75 + 1 + 0)
    served = choose(np.array([1, 1, 2, 3]), chances, 4, served=np.array([2]))
    assert served.newly_served == pytest.approx(0.75)


def test_sure_ones_leave_nothing_uncertain() -> None:
    """All probabilities 0 or 1: the uncertain part goes evenly, and the budget is still spent."""
    choice = choose(PRODUCTS, (CHANCES > 0.5).astype(float), 50)
    assert len(choice.rows) == 50


def test_the_same_seed_chooses_the_same() -> None:
    first, again, other = (choose(PRODUCTS, CHANCES, 40, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)


def test_order_of_rows_does_not_matter_to_chances() -> None:
    mixed = drawing.permutation(300)
    straight, crossed = choose(PRODUCTS, CHANCES, 300), choose(PRODUCTS[mixed], CHANCES[mixed], 300)
    assert straight.chance == pytest.approx(crossed.chance)


BAD: Refused = {
    "nothing to spend": (lambda: choose(PRODUCTS, CHANCES, 0), "budget of 0"),
    "nothing left": (lambda: choose(PRODUCTS[:0], CHANCES[:0], 5), "rated already"),
    "an unscored candidate": (lambda: choose(PRODUCTS[:2], np.array([0.5, np.nan]), 1), "no probability"),
    "other products": (lambda: choose(PRODUCTS[:2], CHANCES[:3], 1), "do not fit"),
    "parts that are not all": (lambda: Mix(0.5, 0.5, 0.5), "add up to 1"),
    "nothing at random": (lambda: Mix(0.6, 0.4, 0.0), "too little to evaluate on"),
    "no picks": (lambda: Mix(each=0), "0 picks a product"),
}


@pytest.mark.parametrize("case", BAD)
def test_wishes_that_are_none(case: str) -> None:
    call, sentence = BAD[case]
    with pytest.raises(CannotEvaluate, match=sentence):
        call()
