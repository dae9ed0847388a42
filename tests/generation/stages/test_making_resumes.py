"""Stages that make images, stopped after any step and begun anew: the same results, and nothing made twice."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from generation.context import LocalContext
from generation.files import Files
from generation.recipe import GenerateConfig, NegativesConfig, NewContextsConfig, NovelViewsConfig
from generation.records import TargetPrompt
from generation.stages import generate, negatives, new_contexts, novel_views
from tests.factories.pipeline import files_in, make_finetuned, make_product, tiny_models

Run = Callable[[Files, LocalContext], Any]


class Killed(BaseException):
    """As by SIGKILL: no stage may catch it."""


class Dying(LocalContext):
    """One that dies when it should begin the step of that number; what is done stays done."""

    def __init__(self, done: dict[str, Any], lives: int) -> None:
        super().__init__()
        self.done, self.lives, self.made = done, lives, 0

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        if name not in self.done:
            if self.made == self.lives:
                raise Killed
            self.made += 1
        return super().step(name, work)


def views(files: Files, context: LocalContext) -> Any:
    product, segment, _ = make_product(files)
    config = NovelViewsConfig(views=2, frames=3, steps=1, guidance=1.0)
    return novel_views.run(novel_views.Inputs(product, segment, 1), config, tiny_models(), context, files)


def contexts(files: Files, context: LocalContext) -> Any:
    product, segment, _ = make_product(files)
    prompts = tuple(f"a {{product}} in place {number}" for number in range(4))
    config = NewContextsConfig(per_photo=2, steps=1, guidance=1.0)
    return new_contexts.run(new_contexts.Inputs(product, segment, prompts, 1), config, tiny_models(), context, files)


def others(files: Files, context: LocalContext) -> Any:
    product, segment, captions = make_product(files)
    config = NegativesConfig(steps=1, guidance=1.0, positives_per_negative=0.5, spare=1.0)
    inputs = negatives.Inputs(product, segment, 1, captions, other_nouns=("lamp",))
    return negatives.run(inputs, config, tiny_models(), context, files)


def candidates(files: Files, context: LocalContext) -> Any:
    product, segment, _ = make_product(files)
    targets = tuple(TargetPrompt("a {product}", seed) for seed in range(4))
    tuned = make_finetuned(files, tiny_models())
    inputs = generate.Inputs(product, targets, 1, segment, finetune=tuned)
    return generate.run(inputs, GenerateConfig(steps=1, guidance=1.0, batch=2), tiny_models(), context, files)


@pytest.mark.parametrize("run", [views, contexts, others, candidates])
def test_killed_before_every_step_it_ends_as_if_undisturbed(run: Run, tmp_path: Path) -> None:
    undisturbed = LocalContext()
    wanted = run(files_in(tmp_path / "one"), undisturbed)
    files, done, lives = files_in(tmp_path / "other"), {}, 0
    result = None
    while result is None:
        lives += 1
        with suppress(Killed):
            result = run(files, Dying(done, lives=1))
    assert result == wanted
    # The last step's life also ends the stage; each of the others made one step and died before the next.
    assert lives == len(undisturbed.done)


@pytest.mark.parametrize("run", [views, contexts, others, candidates])
def test_steps_are_named_by_what_they_are_of(run: Run, tmp_path: Path) -> None:
    one, other = LocalContext(), LocalContext()
    run(files_in(tmp_path / "one"), one)
    run(files_in(tmp_path / "other"), other)
    assert list(one.done) == list(other.done)
    assert all(len(name) <= 200 for name in one.done)


@pytest.mark.parametrize("run", [views, contexts, others, candidates])
def test_a_stop_is_heard(run: Run, tmp_path: Path) -> None:
    class Stopped(LocalContext):
        def check(self) -> None:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(files_in(tmp_path), Stopped())
