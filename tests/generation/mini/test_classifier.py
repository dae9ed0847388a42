"""The judge of the gates: it learns, goes on bit for bit where it was stopped, and is read back as it was written."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generation.mini.attributes import WORDS, labels_of
from generation.mini.classifier import Judge, JudgeTask, Sizes, agreement, read_judge, write_judge
from generation.mini.renders import Renders
from generation.mini.training import Plan, averaged_weights, load_averaged, train
from tests.factories.painted import painted

SIZES = Sizes((8, 12, 16))
PLAN = Plan(steps=10, batch=8, rate=3e-3, warmup=2, average=0.5)


@pytest.fixture(scope="module")
def data() -> Renders:
    return painted(12)


def test_a_stopped_training_ends_as_a_whole_one(tmp_path: Path, data: Renders) -> None:
    train(JudgeTask(data, SIZES), PLAN, tmp_path / "whole")
    taken = [0]

    def after_four() -> bool:
        taken[0] += 1
        return taken[0] > 4

    assert train(JudgeTask(data, SIZES), PLAN, tmp_path / "stopped", stop=after_four).step == 4
    assert train(JudgeTask(data, SIZES), PLAN, tmp_path / "stopped").step == 10
    whole, resumed = (averaged_weights(tmp_path / name)[0] for name in ("whole", "stopped"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_it_learns_to_read(tmp_path: Path, data: Renders) -> None:
    task = JudgeTask(data, Sizes((12, 16, 24)))
    train(task, replace(PLAN, steps=40, batch=24, average=0.8), tmp_path)
    load_averaged(task.modules, tmp_path)
    read = agreement(task.model, data.images, data.scenes)
    assert read["context"] > 0.8
    assert read["colour"] > 0.3
    assert set(read) == set(WORDS)


def test_written_and_read_back_it_reads_the_same(tmp_path: Path, data: Renders) -> None:
    torch.manual_seed(2)
    judge = Judge(SIZES)
    write_judge(judge, tmp_path)
    back = read_judge(tmp_path)
    assert back.sizes == SIZES
    mine, theirs = judge.read(data.images[:5]), back.read(data.images[:5])
    for name, words in WORDS.items():
        assert mine[name].shape == (5, len(words))
        assert torch.allclose(mine[name].sum(-1), torch.ones(5))
        assert torch.allclose(mine[name], theirs[name], atol=0.01)


def test_pictures_of_another_size_are_scaled(data: Renders) -> None:
    judge = Judge(SIZES)
    large = data.images[:3].repeat_interleave(2, 1).repeat_interleave(2, 2)
    near = judge.read(large)["context"] - judge.read(data.images[:3])["context"]
    assert near.abs().max() < 0.05


def test_what_a_scene_does_not_say_is_not_counted(data: Renders) -> None:
    labels = labels_of(data.scenes)
    plain = [place for place in range(len(data)) if labels[place, 3] < 0][:2]
    read = agreement(Judge(SIZES), data.images[plain], [data.scenes[place] for place in plain])
    assert read["second"] != read["second"]  # NaN: nobody was asked
    assert 0 <= read["family"] <= 1
