"""`manage.py ranker` on a site with no ranker, or one that cannot score."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ranking.models import Promotion, Ranker, Training
from ranking.running import training as running
from ranking.services import registry, training
from tests.factories.ranking import make_ranker, make_world


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("ranker", *arguments, stdout=out)
    return out.getvalue()


def test_train_tells_each_step_and_what_the_gate_says(db: None) -> None:
    make_world(12, 4)
    told = said("train", "--learner", "sum", "--seed", "3", "--note", "by hand")
    ranker = Ranker.objects.get()
    assert (ranker.seed, ranker.note) == (3, "by hand")
    assert "labels: 48 labels of 12 products" in told
    assert "sum v1, candidate: sum, 48 labels, did not pass the gate." in told


def test_a_training_that_is_refused_says_why_and_ends(db: None) -> None:
    with pytest.raises(CommandError, match="There is nothing to learn from"):
        said("train")
    assert Training.objects.get().ended_at is not None


def test_a_training_that_is_interrupted_ends_and_stands_in_nobodys_way(db: None, monkeypatch: Any) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        said("train")
    ended = Training.objects.get()
    assert (ended.problem, ended.ended_at is None) == ("It was interrupted.", False)
    assert not training.going_on().exists()


def test_a_promotion_that_cannot_score_is_given_up(db: None) -> None:
    make_world(2, 2, rated=False)
    make_ranker()
    with pytest.raises(CommandError, match="has no files any more"):
        said("promote", "heads-v1", "--reason", "I want to see it")
    assert Promotion.objects.get().state == "failed"
    assert registry.champion() is None


@pytest.mark.parametrize("name", ["99", "heads-v9", "heads", "-v1", "x-vy"])
def test_a_ranker_that_is_not_there(db: None, name: str) -> None:
    make_ranker()
    with pytest.raises(CommandError, match="There is no ranker"):
        said("evaluate", "--", name)


def test_the_list_says_who_decides(db: None) -> None:
    assert said("list") == "There is no ranker yet: the plain sum decides.\n"
    make_ranker("champion")
    assert "heads v1, champion: heads, 300 labels, no gate yet." in said("list")
