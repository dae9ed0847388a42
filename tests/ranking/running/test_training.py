"""A training from verdicts to a registered candidate: step by step, repeatable, honest about bad data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ranking.evaluation.simulation import World
from ranking.models import Ranker, Training
from ranking.running import evaluating, files
from ranking.running import training as running
from ranking.services import policy, registry, training
from ranking.services.training import Wish
from raters.models import Verdict
from raters.models.campaigns import Origin
from raters.models.ratings import Outcome
from tests.factories.ranking import rate
from tests.ranking.conftest import Trained, train

pytestmark = pytest.mark.django_db


class KilledAt:
    """Steps that remember what is done, as a job's do, and die before one of them."""

    def __init__(self) -> None:
        self.done: dict[str, Any] = {}
        self.worked: list[str] = []
        self.killed_at = ""

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        assert total is None or done <= total, message

    def step(self, name: str, work: Callable[[], Any], save: Callable[[Any], None] | None = None) -> Any:
        if name in self.done:
            return self.done[name]
        if name == self.killed_at:
            raise KeyboardInterrupt
        self.worked.append(name)
        result = work()
        if save is not None:
            save(result)
        self.done[name] = result
        return result


def test_a_training_registers_a_candidate_with_all_that_it_came_from(trained: Trained) -> None:
    ranker = trained.ranker
    assert (ranker.state, str(ranker), ranker.learner) == ("candidate", "zsum v1", "zsum")
    assert ranker.label_set.images == 72
    assert {file.name for file in ranker.files.all()} >= {"ranker.json", "numbers.safetensors"}
    assert ranker.versions["lightgbm"]
    assert ranker.digest == files.digest_of({file.name: file.sha256 for file in ranker.files.all()})
    told = [step["step"] for step in Training.objects.get(ranker=ranker).told]
    assert told[:4] == ["labels", "features", "fit", "figures"]


def test_figures_stand_beside_the_sum_the_best_metric_linear_and_the_ceiling(trained: Trained) -> None:
    figures = trained.ranker.figures
    titles = [row["title"] for row in figures["rows"]]
    assert titles[0] == "zsum (this one)"
    assert titles[-1] == evaluating.CEILING
    assert {"Plain sum", "Linear"} <= set(titles)
    assert any(title.startswith("Best single metric: ") for title in titles)
    own = figures["rows"][0]["figures"]
    names = ("pearson", "spearman", "auc", "auc_within", "top_1", "top_3", "top_4", "with_pass_4", "ece", "lift_sum",
             "lift_random", "lift_sum_1", "lift_random_3")  # fmt: skip
    for name in names:
        assert own[name]["low"] <= own[name]["value"] <= own[name]["high"] or name == "ece", name
    told = {column["name"]: column["words"] for column in figures["columns"]}
    assert (told["lift_sum"], told["lift_sum_1"]) == ("picked 4 against the sum", "picked 1 against the sum")
    assert set(figures["shown"]) == {name for name in told if not name.endswith(("sum_1", "m_1", "sum_3", "m_3"))}
    assert figures["images"] == 72
    assert figures["basis"] == "out of fold"
    assert "the sum" in figures["sentence"]


def test_the_gate_was_asked(trained: Trained) -> None:
    gate = trained.ranker.gate
    assert gate["against"] is None
    assert gate["against_name"] == "the plain sum"
    assert [check["name"] for check in gate["checks"]][:3] == ["order", "picked", "calibration"]
    assert gate["reasons"]


def test_the_gate_judges_as_many_picks_as_ship(trained: Trained) -> None:
    assert trained.ranker.gate["picks"] == policy.current().top == 4
    policy.change(top=2)
    assert "The gate judged 4 picks of a product by zsum v1, and 2 ship now" in registry.why_not(trained.ranker, None)
    evaluating.evaluate_again(trained.ranker)
    picked = trained.ranker.gate["checks"][1]["sentence"]
    assert (trained.ranker.gate["picks"], "pass rate of the picked 2" in picked) == (2, True)
    assert "ship now" not in registry.why_not(trained.ranker, None)


def test_the_ceiling_is_of_these_images_and_of_a_sample_where_they_are_many(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, own_campaign = trained.world.candidates, [trained.world.campaign.pk]  # type: ignore[union-attr]
    candidates = np.array([one.pk for one in own], np.int64)
    products = np.array([one.run.product_id for one in own], np.int64)
    whole = evaluating.ceiling_of(candidates, products, own_campaign)
    assert whole is not None
    assert whole.images == 72
    monkeypatch.setattr(evaluating, "AT_ONCE", 7)
    backwards = np.arange(len(own))[::-1]
    assert evaluating.ceiling_of(candidates[backwards], products[backwards], own_campaign) == whole
    some = evaluating.ceiling_of(candidates[:12], products[:12], own_campaign)
    assert some is not None
    assert some.images == 12
    monkeypatch.setattr(evaluating, "MOST_OF_CEILING", 24)
    drawn = evaluating.ceiling_of(candidates, products, own_campaign)
    assert drawn is not None
    assert drawn.images == 24
    evaluating.evaluate_again(trained.ranker)
    assert trained.ranker.figures["rows"][-1]["title"] == f"{evaluating.CEILING} (24 images drawn by chance)"


def test_the_ceiling_is_of_the_people_whose_labels_they_are(trained: Trained) -> None:
    evaluating.evaluate_again(trained.ranker)
    before = trained.ranker.figures["rows"][-1]
    assert before["title"] == evaluating.CEILING
    made_up = rate(trained.world.candidates, World(8).draw(12, 6, seed=9), ratings=True, origin=Origin.SIMULATION)
    evaluating.evaluate_again(trained.ranker)
    assert trained.ranker.figures["rows"][-1] == before
    by_name = train(campaigns=(made_up.pk,))
    told = by_name.figures["rows"][-1]
    assert told["title"] == evaluating.CEILING, "a ranker that a crowd teaches is held against that crowd"
    assert told["figures"] != before["figures"]


def test_the_same_data_and_seed_give_the_same_files(trained: Trained) -> None:
    again = train()
    assert str(again) == "zsum v2"
    assert again.digest == trained.ranker.digest
    assert again.label_set == trained.ranker.label_set


def test_of_many_labels_the_curve_is_drawn_on_some(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CURVE_SIZES", (12, 18))
    whole = train("sum").figures["curve"]
    monkeypatch.setattr(running, "MOST_OF_CURVE", 30)
    monkeypatch.setattr(running, "SOME_OF_CURVE", 30)
    some = train("sum").figures["curve"]
    assert ([one["labels"] for one in whole], [one["labels"] for one in some]) == ([12, 18], [12, 18])
    assert [one["value"] for one in some] != [one["value"] for one in whole], "of other products"
    assert [one["value"] for one in train("sum").figures["curve"]] == [one["value"] for one in some]


def test_other_labels_give_another_set_and_other_files(trained: Trained) -> None:
    half = list(Verdict.objects.values_list("pk", flat=True))[::2]
    Verdict.objects.filter(pk__in=half).update(outcome=Outcome.PASSED)
    again = train()
    assert again.label_set != trained.ranker.label_set
    assert again.digest != trained.ranker.digest


def test_a_killed_training_goes_on_after_its_last_step(trained: Trained) -> None:
    asked = training.note_begun(Wish("sum"))
    steps = KilledAt()
    for name in ("training fit", "training figures", "training registered"):
        steps.killed_at = name
        with pytest.raises(KeyboardInterrupt):
            running.run(asked, steps)
        assert not Ranker.objects.filter(training=asked).exists()
    steps.killed_at = ""
    running.run(asked, steps)
    assert len(steps.worked) == len(set(steps.worked))
    asked.refresh_from_db()
    assert asked.ranker is not None
    assert asked.ended_at is not None
    assert [step["step"] for step in asked.told] == ["labels", "features", "fit", "figures"]


def test_a_ranker_is_held_against_todays_champion_again(trained: Trained) -> None:
    champion = train("heads")
    Ranker.objects.filter(pk=champion.pk).update(state="champion")
    told = evaluating.evaluate_again(trained.ranker)
    trained.ranker.refresh_from_db()
    assert trained.ranker.gate["against"] == champion.pk
    assert told == {"promote": trained.ranker.gate["promote"], "images": trained.ranker.figures["images"]}
    titles = [row["title"] for row in trained.ranker.figures["rows"]]
    assert titles[:2] == ["zsum (this one)", "heads v1 (champion)"]


def test_the_champion_itself_is_held_against_the_sum(trained: Trained) -> None:
    Ranker.objects.filter(pk=trained.ranker.pk).update(state="champion")
    trained.ranker.refresh_from_db()
    evaluating.evaluate_again(trained.ranker)
    assert trained.ranker.gate["against"] is None
