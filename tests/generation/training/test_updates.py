"""Clipping, AdamW, rates and averages, product by product, against torch's own."""

from types import SimpleNamespace

import pytest
import safetensors.torch
import torch
from torch import nn

from generation.recipe import FinetuneConfig
from generation.training import updates as updates_module
from generation.training.grouped import AdapterGroup
from generation.training.updates import Updates, learning_rate
from tests.factories.training import (
    Stopped,
    StoppingContext,
    make_config,
    make_files,
    make_task,
    make_trainer,
    trained,
)

RATE = 1e-2


def make_group(products: int = 2) -> AdapterGroup:
    group = AdapterGroup({"m": nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))}, ["m.0", "m.1"], rank=2, scale=1.0)
    group.fill([group.initial_row(seed) for seed in range(products)])
    return group


def gradient(step: int, place: int, size: int) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(100 * step + place)) * (1 + 30 * place)


def run(config: FinetuneConfig, steps: int = 5, products: int = 2) -> tuple[AdapterGroup, Updates]:
    group = make_group(products)
    updates = Updates(group, config)
    for step in range(steps):
        for place in range(products):
            group.gradients[place] = gradient(step, place, group.size)
        updates.apply([step] * products)
    return group, updates


@pytest.mark.parametrize("clip", [1.0, 1e9], ids=["clipped", "never clipped"])
def test_each_row_moves_as_with_torchs_clipping_and_adamw_alone(clip: float) -> None:
    config = make_config(learning_rate=RATE, clip_gradient=clip, weight_decay=0.1)
    group, _ = run(config)
    for place in range(2):
        alone = nn.Parameter(make_group().rows[place].clone())
        optimizer = torch.optim.AdamW([alone], lr=RATE, weight_decay=0.1)
        for step in range(5):
            alone.grad = gradient(step, place, group.size)
            nn.utils.clip_grad_norm_([alone], clip)
            optimizer.step()
        assert torch.allclose(group.rows[place], alone, atol=1e-6)


def test_the_layers_see_the_new_numbers_and_gradients_are_zero_again() -> None:
    group, _ = run(make_config(learning_rate=RATE))
    name, a, _ = next(group.matrices(group.rows))
    assert name == "m.0"
    assert torch.equal(group._layers[0].a, a)
    assert not group.gradients.any()
    assert group._layers[0].a.grad is not None
    assert group._layers[0].a.grad.data_ptr() == group.gradients.data_ptr()


@pytest.mark.parametrize(
    ("changes", "step", "rate"),
    [
        ({}, 0, 1.0),
        ({}, 99, 1.0),
        ({"warmup": 10}, 0, 0.1),
        ({"warmup": 10}, 9, 1.0),
        ({"warmup": 10}, 50, 1.0),
        ({"schedule": "cosine"}, 0, 1.0),
        ({"schedule": "cosine"}, 50, 0.5),
        ({"schedule": "cosine"}, 100, 0.0),
        ({"schedule": "cosine", "warmup": 20}, 60, 0.5),
    ],
    ids=str,
)
def test_rates(changes: dict[str, object], step: int, rate: float) -> None:
    config = make_config(steps=100, learning_rate=1.0, **changes)
    assert learning_rate(config, step) == pytest.approx(rate, abs=1e-9)


def test_rows_have_rates_of_their_own_steps() -> None:
    group = make_group()
    before = group.rows.clone()
    updates = Updates(group, make_config(learning_rate=RATE, warmup=10, weight_decay=0.0))
    group.gradients.fill_(1.0)
    updates.apply([0, 9])
    moved = (group.rows - before).abs().mean(dim=1)
    assert float(moved[1] / moved[0]) == pytest.approx(10, rel=1e-3)


def test_an_average_follows_and_is_what_ships() -> None:
    group, updates = run(make_config(learning_rate=RATE, ema=0.99))
    assert updates.averages is not None
    assert updates.averages.dtype is torch.float32
    assert torch.equal(updates.shipped(0), updates.averages[0])
    assert not torch.equal(updates.shipped(0), group.rows[0])
    first = make_group().rows[0]
    assert float((updates.shipped(0) - first).norm()) < float((group.rows[0] - first).norm())
    _, plain = run(make_config(learning_rate=RATE))
    assert torch.equal(plain.shipped(0), group.rows[0])


@pytest.mark.parametrize("ema", [None, 0.9], ids=["plain", "averaged"])
def test_a_state_restored_goes_on_to_the_same_bits(ema: float | None) -> None:
    config = make_config(learning_rate=RATE, ema=ema)
    whole, _ = run(config, steps=5)
    part, updates = run(config, steps=3)
    states = [updates.state(place) for place in range(2)]
    assert all(value.dtype is torch.float32 for value in states[0].values())
    other = make_group()
    other.fill([state["row"] for state in states])
    later = Updates(other, config)
    for place, state in enumerate(states):
        later.restore(place, state)
    for step in (3, 4):
        for place in range(2):
            other.gradients[place] = gradient(step, place, other.size)
        later.apply([step, step])
    assert torch.equal(other.rows, whole.rows)
    assert not torch.equal(part.rows, whole.rows)


class AdamW8bit(torch.optim.AdamW):
    """In place of bitsandbytes', which is optional: the same call, and a step count that is a plain number."""

    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for row in group["params"]:
                state = self.state[row]
                if state and not isinstance(state["step"], torch.Tensor):
                    state["step"] = torch.tensor(float(state["step"]))
        super().step()
        for state in self.state.values():
            state["step"] = int(state["step"])


@pytest.fixture
def bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(optim=SimpleNamespace(AdamW8bit=AdamW8bit))
    monkeypatch.setattr(updates_module, "find_spec", lambda name: name == "bitsandbytes" or None)
    monkeypatch.setattr(updates_module, "import_module", lambda _name: module)
    monkeypatch.setattr(updates_module, "EIGHT_BIT_ON", ("cpu",))


def gone_on(config: FinetuneConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """One product's row after three steps at once, and after two, a checkpoint, and the third."""
    whole, _ = run(config, steps=3)
    _, part = run(config, steps=2)
    state = part.state(0)
    group = make_group(1)
    group.fill([state["row"]])
    later = Updates(group, config)
    later.restore(0, state)
    group.gradients[0] = gradient(2, 0, group.size)
    later.apply([2])
    return whole.rows[0], group.rows[0]


@pytest.mark.usefixtures("bitsandbytes")
def test_eight_bits_are_used_where_they_can_be_and_come_back_from_a_checkpoint() -> None:
    config = make_config(learning_rate=RATE, eight_bit=True)
    _, updates = run(config, steps=1)
    assert type(updates._optimizer) is AdamW8bit
    assert torch.equal(*gone_on(config))


def test_bitsandbytes_itself_trains_groups_and_comes_back_from_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is optional, and is not installed")
    monkeypatch.setattr(updates_module, "EIGHT_BIT_ON", ("cpu",))
    files, context = make_files(), StoppingContext(after=4)
    trainer, config = make_trainer("sd", files), make_config(steps=6, checkpoint_every=3, eight_bit=True)
    whole = trained(trainer, config, make_task(files, 0))[0].row
    with pytest.raises(Stopped):
        trainer.train(config, [make_task(files, 0, context)])
    kept = safetensors.torch.load(context.checkpoints["training"])
    assert kept["optimizer.state1"].dtype is torch.uint8
    context.left = config.steps
    assert torch.equal(trained(trainer, config, make_task(files, 0, context))[0].row, whole)
    together = trained(trainer, config, make_task(files, 0), make_task(files, 1))
    assert torch.allclose(together[0].row, whole, atol=1e-5)


@pytest.mark.parametrize(
    ("installed", "device"), [(False, "cuda"), (True, "cpu"), (True, "mps")], ids=["not installed", "a CPU", "mps"]
)
def test_elsewhere_they_are_thirty_two(monkeypatch: pytest.MonkeyPatch, *, installed: bool, device: str) -> None:
    monkeypatch.setattr(updates_module, "find_spec", lambda _name: installed or None)
    config = make_config(learning_rate=RATE, eight_bit=True)
    assert not updates_module.in_eight_bits(config, torch.device(device))


def test_without_bitsandbytes_a_checkpoint_of_thirty_two_bits_is_gone_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates_module, "find_spec", lambda _name: None)
    config = make_config(learning_rate=RATE, eight_bit=True)
    _, updates = run(config, steps=1)
    assert type(updates._optimizer) is torch.optim.AdamW
    assert torch.equal(*gone_on(config))
