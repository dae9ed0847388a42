"""K adapters on one base: gradients as alone, attached and detached without a trace, reset in place."""

import time

import pytest
import torch
from torch import Tensor

from generation.training.denoisers import denoiser_of
from generation.training.grouped import AdapterGroup, linear_names
from generation.training.lessons import Encoding
from generation.training.loop import Trainer, resident
from generation.training.passes import Draw, backward, draw, ready
from generation.training.updates import Updates
from tests.factories.checkpoints.makers import load
from tests.factories.training import KINDS, make_config, make_samples, make_trainer

CONFIG = make_config()
PRODUCTS = 3


def rows_of(group: AdapterGroup, count: int = PRODUCTS) -> list[Tensor]:
    """Adapters as after some training: both matrices are away from zero."""
    return [torch.randn(group.size, generator=torch.Generator().manual_seed(seed)) * 0.1 for seed in range(count)]


def state_of(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def draws_of(trainer: Trainer) -> list[Draw]:
    encoding = Encoding(trainer.denoiser, trainer.files, trainer.cache, trainer.side)
    lesson = encoding.lesson(make_samples(trainer.files))
    return [draw(trainer.denoiser, CONFIG, lesson, None, (seed, 0)) for seed in range(PRODUCTS)]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_group_equal_those_of_each_product_alone(kind: str) -> None:
    trainer = make_trainer(kind)
    group, draws = resident(trainer.denoiser, CONFIG), draws_of(trainer)
    rows = rows_of(group)
    group.fill(rows)
    with ready(trainer.denoiser, group, CONFIG):
        losses = backward(trainer.denoiser, group, draws)
    together = group.gradients.clone()
    for place in range(PRODUCTS):
        group.fill(rows[place : place + 1])
        with ready(trainer.denoiser, group, CONFIG):
            loss = backward(trainer.denoiser, group, draws[place : place + 1])
        alone = group.gradients[0]
        assert float((together[place] - alone).norm() / alone.norm()) < 1e-5
        assert float(losses[place]) == pytest.approx(float(loss[0]), rel=1e-5)


def test_one_product_that_is_no_number_leaves_the_others_gradients_alone() -> None:
    trainer = make_trainer()
    group, draws = resident(trainer.denoiser, CONFIG), draws_of(trainer)
    rows = rows_of(group)
    rows[1].fill_(float("nan"))
    group.fill(rows)
    with ready(trainer.denoiser, group, CONFIG):
        losses = backward(trainer.denoiser, group, draws)
    assert losses.isfinite().tolist() == [True, False, True]
    assert group.gradients.isfinite().all(dim=1).tolist() == [True, False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_the_base_is_as_before_once_they_are_off(kind: str) -> None:
    trainer = make_trainer(kind)
    model = next(iter(trainer.denoiser.roots.values()))
    before, modules = state_of(model), list(model.named_modules())
    group = resident(trainer.denoiser, CONFIG)
    group.fill(rows_of(group))
    with ready(trainer.denoiser, group, CONFIG):
        assert list(model.named_modules()) != modules
        with group.detached():
            assert list(model.named_modules()) == modules
        backward(trainer.denoiser, group, draws_of(trainer))
    assert list(model.named_modules()) == modules
    assert all(torch.equal(value, before[name]) for name, value in state_of(model).items())


def test_a_fresh_adapter_changes_nothing() -> None:
    trainer = make_trainer()
    group = resident(trainer.denoiser, CONFIG)
    row = group.initial_row(3)
    for _, a, b in group.matrices(row):
        assert float(a.std()) == pytest.approx(1 / CONFIG.rank, rel=0.5)
        assert not b.any()
    assert torch.equal(row, group.initial_row(3))
    assert not torch.equal(row, group.initial_row(4))


def test_the_next_product_needs_no_new_layers_and_under_100_ms() -> None:
    trainer = make_trainer()
    group = resident(trainer.denoiser, CONFIG)
    group.fill(rows_of(group))
    layers, table = list(group._layers), group.rows.data_ptr()
    began = time.process_time()
    again = resident(trainer.denoiser, CONFIG)
    again.fill([again.initial_row(seed) for seed in range(PRODUCTS)])
    assert time.process_time() - began < 0.1
    assert again is group
    assert group._layers == layers
    assert group.rows.data_ptr() == table
    assert not group.gradients.any()


def test_another_rank_or_scale_is_another_group() -> None:
    trainer = make_trainer()
    group = resident(trainer.denoiser, CONFIG)
    wider = resident(trainer.denoiser, make_config(rank=8))
    assert wider.size == 2 * group.size
    assert wider.layout != group.layout
    assert resident(trainer.denoiser, make_config(alpha=8.0)).scale == 2.0
    assert resident(trainer.denoiser, make_config(rank=4, rank_stabilised=True)).scale == 2.0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_everything_but_the_base_is_float32_under_a_narrower_base(dtype: str) -> None:
    trainer, config = make_trainer(), make_config(ema=0.9)
    half = Trainer(denoiser_of(load("sd", dtype=dtype)), trainer.files, 64, trainer.cache)
    group = resident(half.denoiser, config)
    group.fill(rows_of(group))
    updates = Updates(group, config)
    with ready(half.denoiser, group, config):
        losses = backward(half.denoiser, group, draws_of(half))
    assert half.denoiser.dtype is getattr(torch, dtype)
    assert {group.rows.dtype, group.gradients.dtype, losses.dtype} == {torch.float32}
    assert {p.dtype for layer in group._layers for p in (layer.a, layer.b)} == {torch.float32}
    assert group.gradients.isfinite().all()
    assert group.gradients.abs().sum() > 0
    updates.apply([0] * PRODUCTS)
    kept = updates.state(1)
    assert {"row", "average", "optimizer.exp_avg", "optimizer.exp_avg_sq"} <= set(kept)
    assert {value.dtype for value in kept.values()} == {torch.float32}


def test_names_are_those_of_linear_layers_only() -> None:
    model = torch.nn.ModuleDict(
        {
            "to_out": torch.nn.ModuleList([torch.nn.Linear(2, 2)]),
            "other": torch.nn.Linear(2, 2),
            "to_q": torch.nn.ReLU(),
        }
    )
    assert linear_names("unet", model, ["to_out", "to_out.0", "to_q"]) == ["unet.to_out.0"]
