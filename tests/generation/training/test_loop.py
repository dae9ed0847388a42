"""The resident trainer: grouped equals alone, resumed equals undisturbed, one product's end spares the others."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from generation.context import LocalContext
from generation.exceptions import NotEnoughImages, TrainingDiverged
from generation.recipe import FinetuneConfig
from generation.training.adapters import export
from generation.training.lessons import Sample
from generation.training.loop import Trained, Trainer, TrainingTask, resident
from generation.training.state import load_state
from tests.factories.training import (
    KINDS,
    Stopped,
    StoppingContext,
    make_config,
    make_mask,
    make_picture,
    make_samples,
    make_task,
    make_trainer,
    trained,
)


def difference(one: Trained, other: Trained) -> float:
    return float((one.row - other.row).abs().max())


def with_prior(trainer: Trainer, seed: int) -> TrainingTask:
    prior = tuple(Sample(make_picture(trainer.files, 50 + number), "a photo of a mug") for number in range(2))
    return make_task(trainer.files, seed, prior=prior)


def masked(trainer: Trainer, seed: int) -> TrainingTask:
    return make_task(trainer.files, seed, samples=make_samples(trainer.files, mask=make_mask(trainer.files)))


RECIPES: dict[str, tuple[dict[str, Any], Callable[[Trainer, int], TrainingTask]]] = {
    "plain": ({}, lambda trainer, seed: make_task(trainer.files, seed)),
    "batch of 2, averaged": ({"batch": 2, "ema": 0.9}, lambda trainer, seed: make_task(trainer.files, seed)),
    "min-SNR": ({"snr_gamma": 5.0}, lambda trainer, seed: make_task(trainer.files, seed)),
    "masked": ({"masked_loss": True}, masked),
    "with class images": ({"prior_weight": 1.0, "class_images": 2}, with_prior),
    "text encoder too": ({"text_encoder": True}, lambda trainer, seed: make_task(trainer.files, seed)),
    "checkpointing": ({"gradient_checkpointing": True}, lambda trainer, seed: make_task(trainer.files, seed)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_an_adapter_is_the_same_in_a_group_and_alone(name: str) -> None:
    changes, task_of = RECIPES[name]
    trainer, config = make_trainer(), make_config(**changes)
    together = trained(trainer, config, *(task_of(trainer, seed) for seed in range(3)))
    for seed, outcome in enumerate(together):
        alone = trained(trainer, config, task_of(trainer, seed))[0]
        assert difference(outcome, alone) < 1e-4
        assert dict(outcome.losses) == pytest.approx(dict(alone.losses), abs=1e-5)
    assert difference(together[0], together[1]) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_learns_in_a_group_as_alone(kind: str) -> None:
    trainer, config = make_trainer(kind), make_config()
    together = trained(trainer, config, make_task(trainer.files, 1), make_task(trainer.files, 2))
    alone = trained(trainer, config, make_task(trainer.files, 2))[0]
    assert difference(together[1], alone) < 1e-4
    group = resident(trainer.denoiser, config)
    assert all(b.any() for _, _, b in group.matrices(alone.row))


@pytest.mark.parametrize("checks", [1, 5, 6, 12], ids=lambda checks: f"killed at check {checks}")
@pytest.mark.parametrize("name", ["plain", "batch of 2, averaged"])
def test_a_training_killed_and_resumed_gives_the_same_file(name: str, checks: int) -> None:
    changes, task_of = RECIPES[name]
    trainer, config = make_trainer(), make_config(steps=10, **changes)
    whole = trained(trainer, config, task_of(trainer, 1))[0]
    context = StoppingContext(checks)
    task = TrainingTask(1, task_of(trainer, 1).samples, context)
    try:
        trainer.train(config, [task])
    except Stopped:
        context.left = -1
    resumed = trained(trainer, config, task)[0]
    group = resident(trainer.denoiser, config)
    assert export(group, resumed.row, {}) == export(group, whole.row, {})
    assert resumed.losses == whole.losses


def test_only_the_steps_since_the_last_checkpoint_are_done_again() -> None:
    trainer, config = make_trainer(), make_config(steps=8, checkpoint_every=3)
    context = StoppingContext(10)  # 2 for reading, then 8 steps
    with pytest.raises(Stopped):
        trained(trainer, make_config(steps=100, checkpoint_every=3), make_task(trainer.files, context=context))
    context.left = 1000
    trained(trainer, config, make_task(trainer.files, context=context))
    assert 1000 - context.left == 2  # from step 6 on


@pytest.mark.parametrize(
    "changes", [{"rank": 8}, {"learning_rate": 1e-4}, {"schedule": "cosine"}], ids=lambda changes: str(*changes)
)
def test_a_checkpoint_of_another_recipe_is_left_alone(changes: dict[str, Any]) -> None:
    trainer, context = make_trainer(), LocalContext()
    trained(trainer, make_config(), make_task(trainer.files, context=context))
    config = make_config(**changes)
    again = trained(trainer, config, make_task(trainer.files, context=context))[0]
    assert difference(again, trained(trainer, config, make_task(trainer.files))[0]) == 0


def test_a_product_resumes_beside_one_that_begins() -> None:
    trainer, config = make_trainer(), make_config(steps=8)
    context = StoppingContext(7)
    with pytest.raises(Stopped):
        trained(trainer, config, make_task(trainer.files, 1, context))
    context.left = -1
    behind, ahead = trained(trainer, config, make_task(trainer.files, 2), make_task(trainer.files, 1, context))
    assert difference(ahead, trained(trainer, config, make_task(trainer.files, 1))[0]) < 1e-4
    assert difference(behind, trained(trainer, config, make_task(trainer.files, 2))[0]) < 1e-4


def test_more_steps_go_on_from_where_a_training_ended() -> None:
    trainer, context = make_trainer(), LocalContext()
    trained(trainer, make_config(steps=4), make_task(trainer.files, context=context, keep_end=True))
    on = trained(trainer, make_config(steps=8), make_task(trainer.files, context=context, keep_end=True))[0]
    assert difference(on, trained(trainer, make_config(steps=8), make_task(trainer.files))[0]) == 0


def test_a_loss_that_is_no_number_ends_its_product_with_step_and_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, config = make_trainer(), make_config(steps=9)
    alone = trained(trainer, config, make_task(trainer.files, 2))[0]
    poison(monkeypatch, seed=1, step=4)
    context = LocalContext()
    bad, good = trainer.train(config, [make_task(trainer.files, 1, context), make_task(trainer.files, 2)])
    assert isinstance(bad, TrainingDiverged)
    assert "no number at step 5" in str(bad)
    assert "last good checkpoint is of step 3" in str(bad)
    assert isinstance(good, Trained)
    assert difference(good, alone) < 1e-4
    kept = load_state(_key_of(context), context.checkpoint("training"))
    assert kept is not None
    assert kept[1]["row"].isfinite().all()


def _key_of(context: LocalContext) -> str:
    import json  # noqa: PLC0415

    from generation.training.packing import metadata_of  # noqa: PLC0415

    key: str = json.loads(metadata_of(context.checkpoints["training"])["vitrine"])["key"]
    return key


def poison(monkeypatch: pytest.MonkeyPatch, *, seed: int, step: int) -> None:
    """Make the noise of one step of one product infinite, as an overflow would."""
    from generation.training import loop  # noqa: PLC0415

    plain = loop.draw

    def draw(denoiser: Any, config: FinetuneConfig, lesson: Any, prior: Any, at: tuple[int, int]) -> Any:
        drawn = plain(denoiser, config, lesson, prior, at)
        if at == (seed, step):
            drawn.noise.fill_(float("inf"))
        return drawn

    monkeypatch.setattr(loop, "draw", draw)


def test_without_images_there_is_nothing_to_learn() -> None:
    trainer = make_trainer()
    with pytest.raises(NotEnoughImages, match="no image to train on"):
        trainer.train(make_config(), [TrainingTask(1, (), LocalContext())])


def test_progress_says_step_and_loss() -> None:
    told: list[tuple[int, int | None, str]] = []
    trainer = make_trainer()
    context = LocalContext(lambda *values: told.append(values))
    outcome = trained(trainer, make_config(steps=6), make_task(trainer.files, context=context))[0]
    assert told[0] == (0, 6, "images and captions are read")
    assert told[-1] == (6, 6, f"loss {outcome.losses[-1][1]:.4f}")


def test_images_and_words_are_encoded_once_for_all_products() -> None:
    trainer = make_trainer()
    tasks = [make_task(trainer.files, seed, samples=make_samples(trainer.files)) for seed in range(2)]
    trained(trainer, make_config(), *tasks)
    assert trainer.cache.made == 6  # three pictures, three captions
    trained(trainer, make_config(), *tasks)
    assert trainer.cache.made == 6


def test_a_trained_text_encoder_is_read_anew_in_each_step() -> None:
    trainer, config = make_trainer(), make_config(text_encoder=True)
    outcome = trained(trainer, config, make_task(trainer.files))[0]
    assert trainer.cache.made == 3  # pictures only
    group = resident(trainer.denoiser, config)
    learnt = [name for name, _, b in group.matrices(outcome.row) if b.any()]
    assert any(name.startswith("text_encoder.") for name in learnt)


class Watching:
    """Looks every second step and stops at one of them."""

    def __init__(self, stop_at: int = 0) -> None:
        self.seen: list[tuple[int, Tensor]] = []
        self.stop_at = stop_at

    def due(self, step: int) -> bool:
        return step % 2 == 0

    def look(self, step: int, row: Tensor) -> bool:
        self.seen.append((step, row))
        return step == self.stop_at

    def notes(self) -> dict[str, Any]:
        return {"steps": [step for step, _ in self.seen]}

    def recall(self, notes: dict[str, Any]) -> None:
        self.seen = [(step, torch.zeros(0)) for step in notes["steps"]]


def test_who_watches_sees_the_adapter_and_may_stop_it_alone() -> None:
    trainer, config = make_trainer(), make_config(steps=6)
    first, second = Watching(stop_at=4), Watching()
    one, other = trained(
        trainer, config, make_task(trainer.files, 1, watch=first), make_task(trainer.files, 2, watch=second)
    )
    assert (one.steps, one.stopped) == (4, True)
    assert (other.steps, other.stopped) == (6, False)
    assert [step for step, _ in first.seen] == [2, 4]
    assert torch.equal(first.seen[-1][1], one.row)
    assert difference(one, trained(trainer, make_config(steps=4), make_task(trainer.files, 1))[0]) < 1e-4


def test_what_a_watch_knew_comes_back_after_a_crash() -> None:
    trainer, config = make_trainer(), make_config(steps=8, checkpoint_every=3)
    context, watch = StoppingContext(9), Watching()
    with pytest.raises(Stopped):
        trained(trainer, config, make_task(trainer.files, context=context, watch=watch))
    context.left = -1
    again = Watching()
    trained(trainer, config, make_task(trainer.files, context=context, watch=again))
    assert [step for step, _ in again.seen] == [2, 4, 6, 8]
