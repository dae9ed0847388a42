"""Which of some candidate tokens learns best: short runs of one product side by side, the field halved each time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from generation.recipe import FinetuneConfig
from generation.records import TokenScore
from generation.training.loop import Trained, Trainer, TrainingTask

Judge = Callable[[Sequence[Trained], Sequence[TrainingTask]], list[float]]  # higher is better


@dataclass(frozen=True)
class Sweep:
    """Short runs of one product with each candidate token, as one grouped run; the better half goes on, twice as far.

    `task_of` gives the training task for a token; `judge` scores what came of tasks, higher for better. At most
    `at_once` tokens share a pass.
    """

    trainer: Trainer
    config: FinetuneConfig
    task_of: Callable[[str], TrainingTask]
    judge: Judge
    at_once: int = 64

    def run(self, tokens: Sequence[str], steps: int) -> list[TokenScore]:
        """Scores of all candidates, best first: who went further is before who did not. `steps` are of round one."""
        left, scores = list(tokens), dict[str, TokenScore]()
        while left:
            ranked = self._round(left, steps)
            scores |= {score.token: score for score in ranked}
            good = [score.token for score in ranked if score.score is not None]
            left = good[: (len(left) + 1) // 2] if len(left) > 2 else []
            steps *= 2
        for token in tokens:
            task = self.task_of(token)
            task.context.keep_checkpoint(task.name, b"")  # nothing goes on from it any more
        return sorted(scores.values(), key=lambda score: (score.steps, _number(score)), reverse=True)

    def _round(self, tokens: list[str], steps: int) -> list[TokenScore]:
        tasks = [replace(self.task_of(token), keep_end=True) for token in tokens]
        config = replace(self.config, steps=steps)
        parts = [tasks[first : first + self.at_once] for first in range(0, len(tasks), self.at_once)]
        outcomes = [outcome for part in parts for outcome in self.trainer.train(config, part)]
        good = [(out, task) for out, task in zip(outcomes, tasks, strict=True) if isinstance(out, Trained)]
        judged = iter(self.judge([out for out, _ in good], [task for _, task in good]) if good else [])
        scores = [
            TokenScore(token, next(judged), steps)
            if isinstance(out, Trained)
            else TokenScore(token, None, steps, str(out))
            for token, out in zip(tokens, outcomes, strict=True)
        ]
        return sorted(scores, key=_number, reverse=True)


def _number(score: TokenScore) -> float:
    return -math.inf if score.score is None else score.score
