"""A warm worker goes from one product to the next: nothing compiled, loaded, connected to or left behind."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters

from generation.training.grouped import AdapterGroup
from generation.training.loop import resident
from tests.factories.training import make_config, make_task, make_trainer, trained


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    counters.clear()
    yield
    torch.compiler.reset()


def graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


@pytest.mark.usefixtures("fresh_compiler")
def test_the_next_product_compiles_nothing_and_computes_the_same() -> None:
    torch.manual_seed(0)
    base = nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 8)).requires_grad_(False)
    model = torch.compile(base, backend="eager")  # graphs are made and guarded as with any other
    group = AdapterGroup({"m": base}, ["m.0", "m.2"], rank=4, scale=0.5)
    x = torch.randn(2, 40, 8)
    made = []
    for seed in range(3):
        group.fill([torch.randn(group.size, generator=torch.Generator().manual_seed(seed + k)) for k in range(2)])
        with group.attached():
            model(x).square().sum().backward()
            compiled = group.gradients.clone()
            group.gradients.zero_()
            base(x).square().sum().backward()
        assert torch.allclose(compiled, group.gradients, rtol=1e-4, atol=1e-3)
        assert compiled.any()
        group.release()
        made.append(graphs())
    assert made[0] > 0
    assert made == [made[0]] * 3


WATCHED = {"open": (".safetensors", ".bin", "config.json"), "socket.connect": ("",), "subprocess.Popen": ("",)}
_EVENTS: list[str] = []


def _hook(event: str, told: tuple[Any, ...]) -> None:
    if event in WATCHED and str(told[0]).endswith(WATCHED[event]):
        _EVENTS.append(f"{event} {told[0]}")


@pytest.fixture
def events() -> list[str]:
    """Model files opened, connections and processes begun from here on."""
    if not getattr(sys, "_vitrine_training_hook", False):
        sys.addaudithook(_hook)  # there is no way to take one off again
        sys._vitrine_training_hook = True  # type: ignore[attr-defined]
    _EVENTS.clear()
    return _EVENTS


def test_the_next_product_loads_nothing_and_starts_nothing(events: list[str]) -> None:
    trainer, config = make_trainer(), make_config(steps=2)
    trained(trainer, config, make_task(trainer.files, 1))
    group = resident(trainer.denoiser, config)
    events.clear()
    trained(trainer, config, make_task(trainer.files, 2))
    assert events == []
    assert resident(trainer.denoiser, config) is group


def test_between_products_the_group_holds_no_memory() -> None:
    trainer, config = make_trainer(), make_config(steps=2)
    trained(trainer, config, make_task(trainer.files, 1), make_task(trainer.files, 2))
    group = resident(trainer.denoiser, config)
    assert group.rows.numel() == group.gradients.numel() == 0
    assert all(layer.a.numel() == layer.b.numel() == 0 for layer in group._layers)


def test_a_failure_leaves_the_base_as_it_was() -> None:
    trainer, config = make_trainer(), make_config(steps=2)
    model = next(iter(trainer.denoiser.roots.values()))
    modules = list(model.named_modules())
    task = make_task(trainer.files, 1)

    def fail() -> None:
        raise KeyboardInterrupt

    trained(trainer, config, task)  # pictures are in the cache: the next check is that of a step
    task.context.check = fail  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        trainer.train(config, [task])
    assert list(model.named_modules()) == modules
    assert resident(trainer.denoiser, config).rows.numel() == 0
