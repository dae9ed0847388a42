"""The set's segmenter: prompts that lie where they should, the library's own decoder, files that the set loads."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from generation.checkpoints import segmenter
from generation.checkpoints.segmenter import Shape, build
from generation.mini import augmenting
from generation.mini.evaluating import entry_of
from generation.mini.renders import Renders
from generation.mini.sam import SHAPE, Kind, Prompts, SamTask, decode, draw_prompts, overlaps, write_sam
from generation.mini.training import Plan, averaged_weights, train
from generation.records import MaskPrompt
from tests.factories.painted import painted

TINY = replace(SHAPE, dim=16, depth=2, heads=2, global_blocks=(1,), patch=8, window=4, prompt_dim=16, decoder_dim=32)
PLAN = Plan(steps=4, batch=4, rate=1e-3, warmup=1, average=0.5)


@pytest.fixture(scope="module")
def data() -> Renders:
    return painted(4)


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def masks_of(data: Renders) -> torch.Tensor:
    return augmenting.shares(data.masks)


def test_boxes_hold_their_product_or_nearly(data: Renders) -> None:
    truth = masks_of(data).repeat(20, 1, 1, 1)
    prompts, wanted = draw_prompts("box", truth, seeded())
    assert prompts.boxes is not None
    assert torch.equal(wanted, truth)
    exact = (augmenting.boxes(truth) + 1) * 32
    left, top = exact[:, 0] - (exact[:, 2] - 32), exact[:, 1] - (exact[:, 3] - 32)
    off = (prompts.boxes[:, :2] - torch.stack([left, top], 1)).abs()
    assert off.max() < 8
    assert 0.2 < (off < 0.01).all(1).float().mean() < 0.9  # some exact, some loose


@pytest.mark.parametrize("kind", ["point", "points", "both"])
def test_points_lie_in_what_is_wanted_and_beside_it(data: Renders, kind: Kind) -> None:
    truth = masks_of(data).repeat(20, 1, 1, 1)
    prompts, wanted = draw_prompts(kind, truth, seeded())
    assert prompts.points is not None
    points, labels = prompts.points
    assert (prompts.boxes is not None) is (kind == "both")
    assert prompts.single is (kind == "point")
    for row in range(len(truth)):
        for (x, y), label in zip(points[row].tolist(), labels[row].tolist(), strict=True):
            assert (wanted[row, 0, int(y), int(x)] > 0.5) == bool(label)


def test_some_single_points_mean_the_ground(data: Renders) -> None:
    truth = masks_of(data).repeat(30, 1, 1, 1)
    _, wanted = draw_prompts("point", truth, seeded())
    ground = (wanted != truth).flatten(1).any(1)
    assert torch.equal(wanted[ground], 1 - truth[ground])
    assert 0.05 < ground.float().mean() < 0.3


@pytest.mark.parametrize("single", [True, False], ids=["one point", "points"])
def test_decodes_as_the_library_does_one_picture_at_a_time(single: bool) -> None:
    torch.manual_seed(3)
    model = build(TINY).eval()
    features = torch.randn(3, 16, 8, 8)
    points = torch.rand(3, 1 if single else 2, 2) * 64
    labels = torch.ones(points.shape[:2], dtype=torch.int)
    with torch.inference_mode():
        logits, scores = decode(model, features, Prompts(None, (points, labels), single))
        for row in range(3):
            sparse, dense = model.prompt_encoder((points[row : row + 1], labels[row : row + 1]), None, None)
            low, score = model.mask_decoder(
                features[row : row + 1], model.prompt_encoder.get_dense_pe(), sparse, dense, single
            )
            assert torch.allclose(logits[row], low[0], atol=1e-4)
            assert torch.allclose(scores[row], score[0], atol=1e-4)


def test_overlap_is_intersection_over_union() -> None:
    one = torch.zeros(3, 4, 4, dtype=torch.bool)
    other = one.clone()
    one[0, :2], other[0, 1:3] = True, True
    one[1, 0] = True
    assert overlaps(one, other).tolist() == pytest.approx([1 / 3, 0.0, 1.0])


def test_a_stopped_training_ends_as_a_whole_one(tmp_path: Path, data: Renders) -> None:
    train(SamTask(data, TINY), PLAN, tmp_path / "whole")
    train(SamTask(data, TINY), replace(PLAN, steps=2), tmp_path / "stopped")
    train(SamTask(data, TINY), PLAN, tmp_path / "stopped")
    whole, resumed = (averaged_weights(tmp_path / name)[0] for name in ("whole", "stopped"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_it_learns_from_its_prompts(data: Renders) -> None:
    task = SamTask(data, TINY)
    optimizer = torch.optim.AdamW(task.model.parameters(), 3e-3)
    losses = []
    for step in range(24):
        loss, _ = task.loss(step, replace(PLAN, batch=8), seeded(step))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-4:]) < 0.95 * sum(losses[:4])


def test_the_set_loads_what_is_written(tmp_path: Path) -> None:
    """Of the very sizes that the set's file names: with others no tensor would fit."""
    torch.manual_seed(1)
    write_sam(build(SHAPE), tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 2_100_000  # a million half floats at most
    loaded = segmenter.load(entry_of("segmenter", tmp_path), torch.device("cpu"))
    image = Image.new("RGB", (200, 150), "white")
    guesses = loaded.cut(loaded.embed(image), MaskPrompt((20, 20, 120, 120)))
    assert guesses[0].mask.shape == (150, 200)
    assert isinstance(loaded.everything(image), list)


def test_windows_of_any_size_make_the_same_tensors() -> None:
    named = {name: each.shape for name, each in build(Shape(**{**vars(TINY), "window": 2})).state_dict().items()}
    wide = build(TINY).state_dict()
    assert named.keys() == wide.keys()
    # Relative places alone know how wide a window is.
    assert {name for name in named if named[name] != wide[name].shape} == {
        f"image_encoder.blocks.0.attn.rel_pos_{axis}" for axis in "hw"
    }
