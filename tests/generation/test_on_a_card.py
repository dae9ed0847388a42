"""Trainer and generator on a pretended GPU: no two devices or dtypes meet, and no step waits for the card."""

from typing import Any
from unittest import mock

import numpy as np
import pytest

from generation.checkpoints.roles import Drawing, Sampling
from generation.training import loop
from generation.training.caches import TensorCache
from generation.training.denoisers import denoiser_of
from generation.training.loop import Trained, Trainer
from tests.factories.card import card, watched
from tests.factories.checkpoints.loras import lora_bytes
from tests.factories.checkpoints.makers import load
from tests.factories.training import (
    SIDE,
    make_config,
    make_files,
    make_mask,
    make_samples,
    make_task,
    trained,
)

DRAWINGS = [Drawing("a red mug", 1, 0), Drawing("a lamp on a table", 2, 1)]
SAMPLING = Sampling(steps=2, guidance=3.0)


@pytest.mark.parametrize("kind", ["sdxl", "klein"])
def test_a_group_trains_on_a_card_as_on_the_cpu_and_no_step_waits(kind: str) -> None:
    backbone, files = load(kind), make_files()
    config = make_config(steps=2, masked_loss=True, prior_weight=1.0, class_images=2, ema=0.9)

    def train() -> list[Trained]:
        trainer = Trainer(denoiser_of(backbone), files, SIDE, TensorCache(), spares=True)
        tasks = [
            make_task(
                files, seed, samples=make_samples(files, f"zk{seed}", mask=make_mask(files)),
                prior=make_samples(files, "plain", count=2),
            )
            for seed in (0, 1)
        ]  # fmt: skip
        return trained(trainer, config, *tasks)

    def watched_step(self: Any) -> None:
        with watched():
            step(self)

    on_cpu, step = train(), loop._Class._step
    with card() as there, mock.patch.object(loop._Class, "_step", watched_step):
        backbone.to("cuda:0")
        on_card = train()
        backbone.to("cpu")
    assert not there.waits
    for ours, theirs in zip(on_card, on_cpu, strict=True):
        assert ours.row.device.type == "cpu"
        assert [loss for _, loss in ours.losses] == pytest.approx([loss for _, loss in theirs.losses], rel=1e-3)


@pytest.mark.parametrize("kind", ["sd", "klein"])
def test_adapters_of_two_products_are_drawn_on_a_card_as_on_the_cpu(kind: str) -> None:
    backbone = load(kind)
    adapters = lora_bytes(backbone), lora_bytes(backbone, seed=1)

    def draw() -> Any:
        with backbone.adapted(*adapters), watched():
            return backbone.pixels(DRAWINGS, SAMPLING)

    on_cpu = draw()
    with card() as there:
        backbone.to("cuda:0")
        on_card = draw()
        backbone.to("cpu")
    assert np.abs(on_card - on_cpu).max() < 1e-3
    waits = {where: count for where, count in there.waits.items() if "adapters.py" in where}
    assert sum(waits.values()) <= len(adapters), waits  # once a pass, not at every layer
