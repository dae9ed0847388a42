"""What training does not use is away while it trains, and there while it draws."""

import weakref
from typing import Any

import pytest
import torch
from torch import nn

from generation.training import aside, loop
from generation.training.aside import Aside, idle_in
from generation.training.loop import Trainer, resident
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


class Wide(Part):
    """There is no room for it on the card."""

    def to(self, device: Any) -> "Part":  # type: ignore[override]
        if torch.device(device) == CARD:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().to(device)


def test_where_parts_do_not_fit_any_more_the_first_error_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Stopped), Aside([Wide()], CARD).away():
        raise Stopped
    assert "no room on meta for the parts" in caplog.text
    wide = Wide()
    with pytest.raises(torch.OutOfMemoryError), Aside([wide], CARD).away():
        assert wide.seen == ["cpu"]


@pytest.mark.parametrize("chained", [False, True], ids=["as it was raised", "by another name"])
def test_memory_is_free_again_before_parts_come_back(monkeypatch: pytest.MonkeyPatch, *, chained: bool) -> None:
    made, config, held = make_trainer(), make_config(steps=2), list[weakref.ref[torch.Tensor]]()
    seen: list[tuple[bool, int]] = []  # whether activations are held, and rows of adapters

    def step() -> None:
        activations = torch.zeros(4)
        held.append(weakref.ref(activations))
        raise torch.OutOfMemoryError("CUDA out of memory")

    def backward(*_: Any) -> Any:
        try:
            step()
        except torch.OutOfMemoryError as error:
            if chained:
                raise MemoryError(str(error)) from error
            raise

    def move(_self: Aside, _device: torch.device) -> None:
        seen.append((any(one() is not None for one in held), resident(made.denoiser, config).products))

    monkeypatch.setattr(loop, "backward", backward)
    monkeypatch.setattr(Aside, "_move", move)
    trainer = Trainer(made.denoiser, made.files, made.side, made.cache, spares=True)
    with pytest.raises((torch.OutOfMemoryError, MemoryError), match="out of memory"):
        trainer.train(config, [make_task(made.files)])
    assert len(held) == 1
    assert seen == [(False, 0), (False, 0)]


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
