"""Tokens that mean nothing, why others are refused, and the sweep that picks one."""

from collections.abc import Sequence

import pytest

from generation.context import LocalContext
from generation.records import TokenScore
from generation.training.loop import Trained, TrainingTask
from generation.training.tokens import (
    RARE_FROM,
    Sweep,
    candidates,
    clip_numbers,
    known_names,
    meaningless,
    rare_tokens,
    refusal,
)
from tests.factories.checkpoints.makers import warm
from tests.factories.training import Stopped, StoppingContext, make_config, make_samples, make_trainer


def test_the_shipped_list_is_what_the_rule_finds() -> None:
    assert list(rare_tokens()) == meaningless()
    assert len(rare_tokens()) >= 64  # as many as a sweep may ask for
    assert "sks" in rare_tokens()


def test_each_is_one_rare_token_of_the_tokenizer_itself() -> None:
    tokenizer = warm("sd").pipeline.tokenizer
    for token in rare_tokens():
        ids = tokenizer(token, add_special_tokens=False).input_ids
        assert ids == [clip_numbers()[token]]
        assert ids[0] >= RARE_FROM


def test_none_of_them_would_be_refused_for_an_everyday_product() -> None:
    refused = [refusal(token, noun="phone case", title="Blue case with a strap") for token in rare_tokens()]
    assert not any(refused)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("mug", "a word that the model knows"),
        ("Mug", "a word that the model knows"),
        ("ikea", "a word that the model knows"),
        ("bmw", "a word that the model knows"),
        ("decanter", "can be read as a word"),
        ("tumbler", "can be read as a word"),
        ("LAMPSHADE", "can be read as a word"),
        ("tabi", "can be read as a word"),
        ("jpg", "a known name"),
        ("hsbc", "a known name"),
        ("case", "the name of a product type"),
        ("stool", "the name of a product type"),
        ("zorkon", "a word of the product's title"),
        ("sks2", "not 2 to 12 plain letters"),
        ("s", "not 2 to 12 plain letters"),
        ("two words", "not 2 to 12 plain letters"),
        ("größe", "not 2 to 12 plain letters"),
    ],
)
def test_words_and_names_are_refused(token: str, reason: str) -> None:
    told = refusal(token, noun="phone case", title="ZORKON Case 3000", nouns=["bar stool"])
    assert reason in told
    assert repr(token).strip("'") in told
    assert rare_tokens()[0] in told


@pytest.mark.parametrize("token", ["sks", "SKS", "ohwx", "zwkq"])
def test_what_means_nothing_is_taken(token: str) -> None:
    assert refusal(token, noun="phone case", title="Case", nouns=["mug"]) == ""


def test_known_names_are_no_candidates() -> None:
    assert {"kpmg", "dvds", "jpg"} <= known_names()
    assert not known_names() & set(rare_tokens())


def test_candidates_begin_elsewhere_for_another_product_and_skip_the_refused() -> None:
    tokens = rare_tokens()
    chosen, refused = candidates(3, len(tokens) + 5, lambda token: "no" if token == tokens[6] else "")
    assert chosen == [tokens[5], tokens[7], tokens[8]]
    assert refused == [TokenScore(tokens[6], None, 0, "no")]
    assert candidates(3, len(tokens) - 1, lambda _: "")[0] == [tokens[-1], tokens[0], tokens[1]]
    assert candidates(64, 0, lambda _: "")[0] == list(tokens[:64])


class Judged:
    """A sweep over tokens whose scores are known, with what was trained in each round."""

    def __init__(self, scores: dict[str, float], context: LocalContext | None = None, at_once: int = 64) -> None:
        self.trainer, self.context = make_trainer(), context or LocalContext()
        self.rounds: list[list[tuple[str, int]]] = []
        self.scores = scores
        self.sweep = Sweep(self.trainer, make_config(checkpoint_every=2), self.task_of, self.judge, at_once)

    def task_of(self, token: str) -> TrainingTask:
        return TrainingTask(1, make_samples(self.trainer.files, token), self.context, name=f"sweep {token}")

    def judge(self, outcomes: Sequence[Trained], tasks: Sequence[TrainingTask]) -> list[float]:
        tokens = [task.name.removeprefix("sweep ") for task in tasks]
        self.rounds.append([(token, out.steps) for token, out in zip(tokens, outcomes, strict=True)])
        return [self.scores[token] for token in tokens]

    def run(self) -> list[TokenScore]:
        return self.sweep.run(list(self.scores), 2)


def test_the_better_half_goes_on_twice_as_far() -> None:
    judged = Judged({"aa": 0.1, "bb": 0.4, "cc": 0.3, "dd": 0.2, "ee": 0.0})
    ranked = judged.run()
    assert judged.rounds == [
        [("aa", 2), ("bb", 2), ("cc", 2), ("dd", 2), ("ee", 2)],
        [("bb", 4), ("cc", 4), ("dd", 4)],
        [("bb", 8), ("cc", 8)],
    ]
    assert [(score.token, score.steps) for score in ranked] == [
        ("bb", 8), ("cc", 8), ("dd", 4), ("aa", 2), ("ee", 2),
    ]  # fmt: skip


def test_a_round_goes_on_from_the_one_before() -> None:
    context = StoppingContext(10_000)
    Judged({"aa": 0.1, "bb": 0.4, "cc": 0.2}, context).run()
    reading = 2 * 3  # a pass of the VAE or the text encoder: pictures and captions, of three tokens
    steps = 2 * 3 + 2 * 2  # two for each of three, then two more for each of two
    assert 10_000 - context.left <= reading + steps
    assert all(not data for name, data in context.checkpoints.items() if name.startswith("sweep"))


def test_with_little_memory_tokens_take_turns_and_the_scores_are_the_same() -> None:
    scores = {"aa": 0.1, "bb": 0.4, "cc": 0.3}
    few, all_at_once = Judged(scores, at_once=1), Judged(scores)
    assert few.run() == all_at_once.run()
    assert few.rounds == all_at_once.rounds


def test_a_sweep_that_was_stopped_goes_on() -> None:
    scores, context = {"aa": 0.1, "bb": 0.4, "cc": 0.3}, StoppingContext(13)
    judged = Judged(scores, context)
    with pytest.raises(Stopped):
        judged.run()
    context.left = -1
    assert judged.run() == Judged(scores).run()
