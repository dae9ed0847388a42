"""What training does not use is away while it trains, and there while it draws."""

from typing import Any

import pytest
import torch
from torch import nn

from generation.training import aside
from generation.training.aside import Aside, idle_in
from generation.training.loop import Trainer
from tests.factories.training import Stopped, make_config, make_task, make_trainer

CARD = torch.device("meta")  # a device that is there everywhere; what moves to it cannot come back with its numbers


class Part(nn.Module):
    """Notes where it was moved."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def to(self, device: Any) -> "Part":  # type: ignore[override]
        self.seen.append(str(device))
        return self


@pytest.mark.parametrize("fails", [False, True], ids=["to the end", "it fails"])
def test_parts_go_and_come_back(*, fails: bool) -> None:
    part = Part()
    idle = Aside([part], CARD)
    try:
        with idle.away():
            assert part.seen == ["cpu"]
            with idle.called_back():
                assert part.seen[-1] == "meta"
                if fails:
                    raise Stopped
            assert part.seen[-1] == "cpu"
    except Stopped:
        assert fails
    assert part.seen == ["cpu", "meta", "cpu", "meta"]


@pytest.mark.parametrize("text_encoder", [False, True], ids=["words are kept", "a text encoder learns"])
def test_what_is_idle(*, text_encoder: bool) -> None:
    denoiser = make_trainer().denoiser
    idle = idle_in(denoiser, make_config(text_encoder=text_encoder))
    assert idle == [denoiser.encoder] + ([] if text_encoder else denoiser.readers)
    assert next(iter(denoiser.roots.values())) not in idle


class Look:
    """Looks after each step, and notes whether the parts are there."""

    def __init__(self, there: list[bool]) -> None:
        self.there, self.seen = there, list[bool]()

    def due(self, step: int) -> bool:
        return step > 0

    def look(self, step: int, row: torch.Tensor) -> bool:  # noqa: ARG002 - as it is called
        self.seen.append(self.there[-1])
        return False

    def notes(self) -> dict[str, Any]:
        return {}

    def recall(self, notes: dict[str, Any]) -> None:
        raise AssertionError(notes)


@pytest.mark.parametrize("spares", [False, True])
def test_a_training_that_spares_draws_with_all_parts_there(monkeypatch: pytest.MonkeyPatch, *, spares: bool) -> None:
    made, there, moved = make_trainer(), [True], list[int]()

    def move(self: Aside, device: torch.device) -> None:
        there.append(not there[-1] if self._parts else True)
        moved.append(len(self._parts))

    monkeypatch.setattr(aside.Aside, "_move", move)
    trainer, look = Trainer(made.denoiser, made.files, made.side, made.cache, spares), Look(there)
    trainer.train(make_config(steps=2), [make_task(made.files, watch=look)])
    assert look.seen == [True, True]
    assert there[-1] is True
    assert set(moved) == ({2} if spares else {0}), "its VAE and its text encoder"
