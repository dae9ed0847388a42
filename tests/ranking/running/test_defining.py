"""What features are, and that no ranker is ever given others under the same names."""

import pytest

from generation.models import StageResult
from ranking.exceptions import BadWish, Outdated
from ranking.learning import deriving, statistics
from ranking.learning.table import Definition
from ranking.models import DriftNotice, Ranker
from ranking.running import defining, evaluating, explaining, ordering, scoring
from ranking.selectors import picks
from tests.ranking.conftest import Trained, train
from tests.ranking.running.test_scoring import crown

pytestmark = pytest.mark.django_db
OTHER = {"clip": "another", "dino": "tiny-dino"}


def spaces(definition: Definition) -> set[str]:
    return {block.name.split(".")[1] for block in definition.blocks if block.name.startswith("emb.")}


def test_the_space_of_most_images_is_the_one(trained: Trained) -> None:
    usual = spaces(defining.definition_now())
    newest = trained.world.products[-1]
    StageResult.objects.filter(product=newest).update(checkpoints=OTHER)
    assert spaces(defining.definition_now()) == usual, "one product, though the newest, is not most"
    assert spaces(defining.definition_now([newest.pk])) != usual, "of its own images it is all"
    most = trained.world.products[3:]
    StageResult.objects.filter(product__in=most).update(checkpoints=OTHER)
    now = spaces(defining.definition_now())
    assert now == {defining.space("clip", OTHER), defining.space("dino", OTHER)}
    assert len(now & usual) == 1, "DINO is the same in both"


def test_a_ranker_of_older_statistics_scores_nothing(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    crown(trained.ranker)
    monkeypatch.setattr(statistics, "VERSION", statistics.VERSION + 1)
    product = trained.world.products[0]
    for ask in (lambda: scoring.score(trained.ranker, [product.pk]),
                lambda: explaining.contributions(trained.ranker, trained.world.candidates[0].pk)):  # fmt: skip
        with pytest.raises(Outdated, match="zsum v1 learned from features that are made otherwise now: the statistics"):
            ask()
    assert ordering.order(StageResult(stage="select", product=product)) is None, "the sum stands in"
    assert "made otherwise now" in DriftNotice.objects.get(kind="broken").sentence
    assert picks.picks_of(product.pk).ranker == trained.ranker, "what it said before stays"


def test_a_ranker_of_older_relative_features_scores_nothing(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trained.ranker.versions[defining.RELATIVE] == str(deriving.VERSION)
    monkeypatch.setattr(deriving, "VERSION", deriving.VERSION + 1)
    with pytest.raises(Outdated, match="the relative features are of version 1, and version 2 is made now"):
        scoring.score(trained.ranker, [trained.world.products[0].pk])


def test_an_outdated_champion_stops_no_training_and_no_gate_is_told_against_it(trained: Trained) -> None:
    crown(trained.ranker)
    Ranker.objects.filter(pk=trained.ranker.pk).update(versions={**trained.ranker.versions, defining.RELATIVE: "0"})
    made = train("sum")
    assert made.gate == {}
    assert "champion zsum v1 cannot score these images" in made.figures["no_gate"]
    assert made.figures["rows"], "its figures beside the sum are told"
    with pytest.raises(BadWish, match=r"the champion zsum v1 .* Roll it back, then evaluate again"):
        evaluating.evaluate_again(made)
