"""The sweep that picks a token: short runs side by side, the better half of which goes on."""

from collections.abc import Sequence

import pytest

from generation.context import LocalContext
from generation.records import TokenScore
from generation.training.loop import Trained, TrainingTask
from generation.training.sweep import Sweep
from tests.factories.training import Stopped, StoppingContext, make_config, make_samples, make_trainer


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
