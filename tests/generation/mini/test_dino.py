"""The set's encoder by look: two views of each product, the contrast between them, files that transformers load."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional
from transformers import Dinov2Config, Dinov2Model

from generation.checkpoints import dino
from generation.mini import augmenting
from generation.mini import dino as mini_dino
from generation.mini.dino import SIZES, DinoTask, build_dino, views_of, write_dino
from generation.mini.dino import _contrast as contrast
from generation.mini.evaluating import entry_of
from generation.mini.renders import Renders
from generation.mini.training import Plan, averaged_weights, train
from generation.world.scenes import FAMILIES
from tests.factories.painted import painted

TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "patch_size": 16}
PLAN = Plan(steps=3, batch=3, rate=1e-3, warmup=1, average=0.5)


@pytest.fixture(scope="module")
def data() -> Renders:
    return painted(4, views=3)


def test_views_are_those_of_one_product(data: Renders) -> None:
    views = views_of(data)
    assert [len(places) for places in views] == [3] * 4
    assert all(len({data.scenes[place].thing for place in places}) == 1 for places in views)
    single = Renders(data.images[:4], data.masks[:4], data.scenes[:4])
    assert [len(places) for places in views_of(single)] == [3]  # the second product has one picture only


def test_a_batch_has_two_views_of_each_product_side_by_side(data: Renders) -> None:
    task = DinoTask(data, TINY)
    places = task._views([0, 2], torch.Generator().manual_seed(2)).tolist()
    first, second = places[:2], places[2:]
    assert all(one != other for one, other in zip(first, second, strict=True))
    assert [data.scenes[place].thing for place in first] == [data.scenes[place].thing for place in second]


def test_every_other_batch_is_of_one_family() -> None:
    data = painted(24, views=2)
    task = DinoTask(data, TINY)
    families = [data.scenes[places[0]].thing.family for places in task.views]
    steps = [task._things(step, PLAN, PLAN.generator(step)) for step in range(4 * len(FAMILIES))]
    alike = [{families[thing] for thing in things} for things in steps[1::2]]
    enough = {family for family in FAMILIES if families.count(family) >= PLAN.batch}
    assert all(len(set(things)) == PLAN.batch for things in steps)
    assert enough <= {next(iter(some)) for some in alike if len(some) == 1}
    assert any(len({families[thing] for thing in things}) > 1 for things in steps[::2])


@pytest.mark.parametrize("shown", [(1, 1, 1), (0, 1, 1), (0, 0, 1), (0, 0, 0)], ids=["whole", "cut", "put", "ground"])
def test_the_mask_stays_with_the_product_however_it_is_shown(
    shown: tuple[int, ...], data: Renders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mini_dino, "SHOWN", shown)
    monkeypatch.setattr(augmenting, "spoilt", lambda images, *_, **__: images)
    pictures, masks = DinoTask(data, TINY)._pictures(torch.arange(6), torch.Generator().manual_seed(4))
    assert (pictures.shape, masks.shape) == ((6, 3, 64, 64), (6, 1, 64, 64))
    for picture, mask in zip(pictures, masks[:, 0], strict=True):
        assert mask.max() > 0.99
        inside = picture[:, mask > 0.999]
        assert inside.std(dim=1).max() < 0.01, "a painted product has one colour"
        outside = picture[:, mask < 0.001]
        assert bool((outside == 0).all()) == (shown in {(0, 1, 1), (0, 0, 0)}), "what is cut out stands on ground"


def test_places_begin_near_each_other_where_cells_are() -> None:
    torch.manual_seed(3)
    model = build_dino({**SIZES, "num_hidden_layers": 1})
    places = model.embeddings.position_embeddings[0, 1:].detach()
    near = functional.cosine_similarity(places[:1], places)
    assert near.argmax() == 0
    assert near[1] > near[4] > near[63]
    assert near[8] > near[32]


def test_the_contrast_is_least_where_partners_are_nearest() -> None:
    rows = functional.normalize(torch.eye(4).repeat(2, 1), dim=-1)
    loss, found = contrast(rows)
    assert (float(loss), found) == (pytest.approx(0.0, abs=1e-4), 1.0)
    apart, missed = contrast(torch.cat([torch.eye(4), torch.eye(4).roll(1, 0)]))
    assert float(apart) > 10
    assert missed == 0.0
    assert float(contrast(torch.ones(8, 4) / 2)[0]) == pytest.approx(math.log(7))


def test_a_stopped_training_ends_as_a_whole_one(tmp_path: Path, data: Renders) -> None:
    train(DinoTask(data, TINY), PLAN, tmp_path / "whole")
    train(DinoTask(data, TINY), replace(PLAN, steps=2), tmp_path / "stopped")
    train(DinoTask(data, TINY), PLAN, tmp_path / "stopped")
    whole, resumed = (averaged_weights(tmp_path / name)[0] for name in ("whole", "stopped"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_it_learns_to_find_the_partner(data: Renders) -> None:
    task = DinoTask(data, TINY)
    optimizer = torch.optim.AdamW([*task.model.parameters(), *task.heads.parameters()], 3e-3)
    losses = []
    for step in range(30):
        loss, _ = task.loss(step, replace(PLAN, batch=4), torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_the_set_loads_what_is_written(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = Dinov2Model(Dinov2Config(**SIZES))
    write_dino(model, tmp_path)
    assert next(model.parameters()).dtype == torch.float32  # what goes on training is left as it was
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 5_200_000
    loaded = dino.load(entry_of("dino", tmp_path), torch.device("cpu"))
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (80, 100, 3), dtype=np.uint8))
    rows = loaded.images([image, image.rotate(90)])
    assert rows.shape == (2, SIZES["hidden_size"])
    assert np.allclose((rows**2).sum(1), 1, atol=1e-4)
    with torch.inference_mode():
        pixels = loaded.preprocessing.tensor([image])
        mine = functional.normalize(model.eval()(pixels).last_hidden_state[:, 0], dim=-1)
    assert np.allclose(rows[:1], mine.numpy(), atol=0.01)
