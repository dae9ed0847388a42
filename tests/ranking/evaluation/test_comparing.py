"""One table of all rankers, and whether it says plainly who does not beat the sum."""

import json

import numpy as np
import pytest

from ranking.evaluation import figures
from ranking.evaluation.bootstrap import interval, resample
from ranking.evaluation.comparing import best_single, compare
from ranking.evaluation.exceptions import CannotEvaluate
from ranking.evaluation.judged import Judged, Values
from ranking.evaluation.reliability import rater_ceiling
from tests.ranking.evaluation.made import plain_table


def set_up() -> tuple[dict[str, Values], Judged]:
    drawing = np.random.default_rng(0)
    place = np.repeat(np.arange(80), 15)
    logit = drawing.normal(-1.5, 1.5, len(place)) + drawing.normal(0, 1, 80)[place]
    chance = 1 / (1 + np.exp(-logit))
    judged = Judged.build(place, drawing.random(len(place)) < chance)
    noise = drawing.normal(size=(3, len(place)))
    return {
        "sum": 3.0 + logit + 2 * noise[0],  # no probabilities
        "learned": chance,
        "same": 3.0 + logit + 2 * noise[1],
        "random": drawing.random(len(place)),
    }, judged


class TestTable:
    rankers, judged = set_up()
    table = compare(rankers, judged, resamples=400, ceiling=rater_ceiling(np.zeros((0, 3)), np.zeros(0, np.int64)))

    def test_best_order_first(self) -> None:
        assert self.table.rows[0].name == "learned"
        assert self.table.rows[-1].name == "random"

    def test_it_says_who_beats_the_sum_and_who_does_not(self) -> None:
        said = {sentence.split()[0]: sentence for sentence in self.table.sentences}
        assert said["learned"].startswith("learned beats the sum: within-product AUC +")
        assert said["same"].startswith("same does not beat the sum as far as these images can tell")
        assert said["random"].startswith("random is worse than the sum")
        assert "sum" not in said

    def test_figures_are_those_of_the_figures(self) -> None:
        row = self.table.row("learned")
        counts = resample(80, seed=0, resamples=400)
        for name in ("auc_within", "top_3", "spearman"):
            build = figures.figures()[name].of
            assert row.figures[name] == interval(build(self.rankers["learned"], self.judged), counts)

    def test_every_figure_of_the_issue_is_there(self) -> None:
        wanted = {"pearson", "spearman", "auc", "auc_within", "top_1", "top_3", "with_pass_3", "ece"}
        assert set(self.table.row("learned").figures) == wanted

    def test_no_calibration_of_what_is_no_probability(self) -> None:
        assert "ece" not in self.table.row("sum").figures
        assert self.table.row("sum").reliability == ()
        assert len(self.table.row("learned").reliability) == 10

    def test_lifts(self) -> None:
        top = {row.name: row.figures["top_3"].value for row in self.table.rows}
        learned = self.table.row("learned")
        assert learned.lift_over_sum.value == pytest.approx(top["learned"] / top["sum"] - 1)  # type: ignore[operator]
        assert learned.lift_over_random.value == pytest.approx(top["learned"] / self.table.passing - 1)  # type: ignore[operator]
        own = self.table.row("sum").lift_over_sum
        assert (own.value, own.low, own.high) == (0, 0, 0)

    @pytest.mark.parametrize("k", [1, 3])
    def test_every_top_has_its_lifts(self, k: int) -> None:
        row = self.table.row("learned")
        own, base = (self.table.row(name).figures[f"top_{k}"].value or 0.0 for name in ("learned", "sum"))
        lift, chance = row.lifts[f"lift_sum_{k}"], row.lifts[f"lift_random_{k}"]
        assert lift.value == pytest.approx(own / base - 1)
        assert chance.value == pytest.approx(own / self.table.passing - 1)
        assert None not in (lift.low, lift.high, chance.low, chance.high)
        if k == self.table.n:
            assert (lift, chance) == (row.lift_over_sum, row.lift_over_random)

    def test_it_can_be_kept(self) -> None:
        kept = json.loads(json.dumps(self.table.plain()))
        assert kept["rows"][0]["figures"]["auc_within"]["low"] == self.table.rows[0].figures["auc_within"].low

    def test_a_name_that_is_not_there(self) -> None:
        with pytest.raises(CannotEvaluate, match="blend is not in the table; there are learned"):
            self.table.row("blend")


def test_picks_of_another_number() -> None:
    rankers, judged = set_up()
    table = compare(rankers, judged, n=5, resamples=50)
    assert {"top_1", "top_3", "top_5", "with_pass_5"} <= set(table.row("sum").figures)


def test_the_sum_must_be_there() -> None:
    with pytest.raises(CannotEvaluate, match="always beside sum"):
        compare({"blend": np.zeros(2)}, Judged.build([1, 2], [0, 1]))


def test_nothing_to_compare_is_said() -> None:
    judged = Judged.build([1, 1, 2, 2], [1, 1, 1, 1])
    table = compare({"sum": np.arange(4.0), "blend": np.arange(4.0)}, judged, resamples=20)
    assert table.sentences[0].startswith("blend cannot be compared with the sum")


class TestBestSingle:
    def test_the_metric_that_orders_best(self) -> None:
        rankers, judged = set_up()
        table = plain_table({"clip_i": rankers["random"], "dino_i": rankers["sum"]}, judged.products)
        name, values = best_single(table, judged, np.arange(len(judged)))
        assert name == "dino_i"
        assert values == pytest.approx(rankers["sum"], rel=1e-6)

    def test_missing_values_are_the_median(self) -> None:
        rankers, judged = set_up()
        column = rankers["sum"].copy()
        column[::5] = np.nan
        empty = np.full(len(judged), np.nan)
        _, values = best_single(plain_table({"a": column, "b": empty}, judged.products), judged, np.arange(len(judged)))
        assert np.isfinite(values).all()
        assert values[0] == pytest.approx(np.nanmedian(column), rel=1e-6)

    def test_no_metric_at_all(self) -> None:
        judged = Judged.build([1, 2], [0, 1])
        with pytest.raises(CannotEvaluate, match="No metric has a value"):
            best_single(plain_table({"a": np.full(2, np.nan)}, judged.products), judged, np.arange(2))
