"""What befalls one product of a group, or ends a whole training in mid-step, spares the others to the last bit."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from generation.context import LocalContext
from generation.exceptions import TrainingDiverged
from generation.training import loop, passes
from generation.training.loop import Trained, Trainer, TrainingTask
from generation.training.low_rank import AdaptedLinear
from generation.training.updates import Updates
from tests.factories.training import KINDS, Stopped, make_config, make_task, make_trainer, trained

CONFIG = make_config(steps=9)  # a checkpoint after every third
SEEDS, UNLUCKY = (1, 2, 3), 2
PLACE = SEEDS.index(UNLUCKY)
Misfortune = Callable[[pytest.MonkeyPatch], None]


class Leaving:
    """Ends a product's training after six steps, for no reason of its own."""

    def due(self, step: int) -> bool:
        return step == 6

    def look(self, step: int, _row: Tensor) -> bool:
        return step == 6

    def notes(self) -> dict[str, Any]:
        return {}

    def recall(self, notes: dict[str, Any]) -> None:
        assert not notes


def tasks_of(trainer: Trainer, **of_the_unlucky: Any) -> list[TrainingTask]:
    return [make_task(trainer.files, seed, **(of_the_unlucky if seed == UNLUCKY else {})) for seed in SEEDS]


def state_of(trainer: Trainer) -> dict[str, Tensor]:
    parts = trainer.denoiser.roots | {"vae": trainer.denoiser.encoder}
    return {
        f"{part} {name}": value.clone() for part, model in parts.items() for name, value in model.state_dict().items()
    }


def is_untouched(trainer: Trainer, before: dict[str, Tensor], modules: list[Any]) -> bool:
    now = state_of(trainer)
    same = now.keys() == before.keys() and all(torch.equal(now[name], before[name]) for name in now)
    return same and modules_of(trainer) == modules


def modules_of(trainer: Trainer) -> list[Any]:
    model = next(iter(trainer.denoiser.roots.values()))
    return [*model.named_modules(), *(getattr(module, "processor", None) for module in model.modules())]


def noise_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = loop.draw

    def draw(denoiser: Any, config: Any, lesson: Any, prior: Any, at: tuple[int, int]) -> Any:
        drawn = plain(denoiser, config, lesson, prior, at)
        return replace(drawn, noise=drawn.noise * inf) if at == (UNLUCKY, 4) else drawn

    monkeypatch.setattr(loop, "draw", draw)


def loss_is_none(monkeypatch: pytest.MonkeyPatch, step: int = 5) -> None:
    plain, passed = passes.losses, [0]

    def losses(*told: Any) -> Tensor:
        found, passed[0] = plain(*told), passed[0] + 1
        return found * torch.tensor([nan if passed[0] == step and row == PLACE else 1.0 for row in range(len(found))])

    monkeypatch.setattr(passes, "losses", losses)


def gradient_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the sixth step, after which there is a checkpoint; its loss is a number."""
    plain, passed = loop.backward, [0]

    def backward(denoiser: Any, group: Any, draws: Any, passes: int) -> Tensor:
        found, passed[0] = plain(denoiser, group, draws, passes), passed[0] + 1
        if passed[0] == 6:
            group.gradients[PLACE, 0] = inf
        return found

    monkeypatch.setattr(loop, "backward", backward)


MISFORTUNES: dict[str, tuple[str, Misfortune]] = {
    "noise that overflows": ("sd", noise_overflows),
    "a gradient that overflows": ("sd", gradient_overflows),
} | {f"a loss that is no number, {kind}": (kind, loss_is_none) for kind in KINDS}


@pytest.mark.parametrize(("kind", "misfortune"), MISFORTUNES.values(), ids=MISFORTUNES)
def test_the_others_are_what_they_are_beside_one_who_leaves(
    kind: str, misfortune: Misfortune, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(kind)
    before, modules = state_of(trainer), modules_of(trainer)
    first, left, last = trained(trainer, CONFIG, *tasks_of(trainer, watch=Leaving()))
    assert left.steps == 6
    misfortune(monkeypatch)
    context = LocalContext()
    outcomes = trainer.train(CONFIG, tasks_of(trainer, context=context))
    for found, wanted in zip((outcomes[0], outcomes[2]), (first, last), strict=True):
        assert isinstance(found, Trained)
        assert torch.equal(found.row, wanted.row)
        assert found.losses == wanted.losses
    assert isinstance(outcomes[PLACE], TrainingDiverged)
    assert "the last good checkpoint is of step 3" in str(outcomes[PLACE])
    assert safetensors.torch.load(context.checkpoints["training"])["row"].isfinite().all()
    assert is_untouched(trainer, before, modules)


def in_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a model's layers have run."""
    plain, passed = AdaptedLinear.forward, [0]

    def forward(layer: AdaptedLinear, x: Tensor) -> Tensor:
        passed[0] += 1
        if passed[0] == 20:
            raise Stopped
        return plain(layer, x)

    monkeypatch.setattr(AdaptedLinear, "forward", forward)


def on_the_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some layers have their gradients, and others not."""
    plain, passed = AdaptedLinear.forward, [0]

    def stop(_gradient: Tensor) -> None:
        raise Stopped

    def forward(layer: AdaptedLinear, x: Tensor) -> Tensor:
        given, passed[0] = plain(layer, x), passed[0] + 1
        if passed[0] == 20:
            given.register_hook(stop)  # type: ignore[no-untyped-call]
        return given

    monkeypatch.setattr(AdaptedLinear, "forward", forward)


def before_the_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    def apply(*_told: Any) -> None:
        raise Stopped

    monkeypatch.setattr(Updates, "apply", apply)


def with_numbers_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """One product's numbers are lost just before all end, at the first checkpoint of another."""
    loss_is_none(monkeypatch, step=2)

    def keep(*_told: Any) -> None:
        raise Stopped

    monkeypatch.setattr(LocalContext, "keep_checkpoint", keep)


ENDS: dict[str, Misfortune] = {
    "in a pass": in_a_pass,
    "on the way back": on_the_way_back,
    "before the optimizer": before_the_optimizer,
    "while one has lost its numbers": with_numbers_that_are_none,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("changes", [{}, {"gradient_checkpointing": True}], ids=["plain", "checkpointing"])
def test_who_trains_after_an_aborted_group_is_what_it_would_have_been(end: Misfortune, changes: dict[str, Any]) -> None:
    trainer, config = make_trainer(), replace(CONFIG, **changes)
    before, modules = state_of(trainer), modules_of(trainer)
    wanted = [one.row for one in trained(trainer, config, *tasks_of(trainer))]
    with pytest.MonkeyPatch.context() as monkeypatch:
        end(monkeypatch)
        with pytest.raises(Stopped):
            trainer.train(config, tasks_of(trainer))
    assert is_untouched(trainer, before, modules)
    again = [one.row for one in trained(trainer, config, *tasks_of(trainer))]
    assert all(map(torch.equal, again, wanted))
