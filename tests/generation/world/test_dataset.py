"""Shards: written once, resumed after a kill with the same bytes, kept within their time, read back as they were."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from generation.world import dataset
from generation.world.captions import caption
from generation.world.dataset import DatasetRefused, Plan, Shards, write
from generation.world.render import render
from generation.world.scenes import HELD_OUT

PLAN = Plan(things=5, views=2, side=8, samples=1, shard=2, first_seed=HELD_OUT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    assert write(PLAN, folder) == 3
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_shards_read_back_as_they_were_rendered(written: Path) -> None:
    shards = Shards(written)
    scenes = [scene for number in range(PLAN.shards()) for scene in PLAN.scenes(number)]
    renders = render(scenes, 8, 1)
    assert len(shards) == len(scenes) == 10
    assert (shards.images(range(10)) == renders.images).all()
    assert (shards.masks([9, 0]) == renders.masks[[9, 0]]).all()
    images, masks = shards.everything()
    assert (images == renders.images).all()
    assert (masks == renders.masks).all()
    assert [shards.scene(index) for index in range(10)] == scenes
    assert [shards.caption(index) for index in (0, 7)] == [caption(scenes[0]), caption(scenes[7])]
    assert shards.group == 2
    assert [scene for _, _, scene in shards] == scenes


@pytest.mark.parametrize("index", [-1, 10, 400])
def test_there_is_no_picture_past_the_end(written: Path, index: int) -> None:
    with pytest.raises(IndexError, match="holds 10"):
        Shards(written).images([index])


def test_what_is_written_is_not_written_again(written: Path) -> None:
    before = contents(written)
    assert write(PLAN, written) == 0
    assert contents(written) == before


def test_a_lost_shard_is_written_anew_with_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write(PLAN, tmp_path)
    (tmp_path / "shard-00001.safetensors").unlink()
    (tmp_path / "shard-00001.jsonl").unlink()
    (tmp_path / "shard-00002.part").write_bytes(b"half")
    assert write(PLAN, tmp_path) == 1
    (tmp_path / "shard-00002.part").unlink()
    assert contents(tmp_path) == contents(written)


def test_a_killed_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    plan = Plan(things=6, views=1, side=16, samples=1, shard=1)
    script = (
        "from pathlib import Path\n"
        "from generation.world.dataset import Plan, write\n"
        "write(Plan(things=6, views=1, side=16, samples=1, shard=1), Path(r'%s'))\n" % (tmp_path / "killed")
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3])
    wait_for(tmp_path / "killed" / "shard-00001.safetensors")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list((tmp_path / "killed").glob("*.safetensors"))) >= 2
    write(plan, tmp_path / "killed")
    write(plan, tmp_path / "whole")
    for path in (tmp_path / "killed").glob("*.part"):
        path.unlink()
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def wait_for(path: Path) -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end, f"{path} was never written"
        time.sleep(0.02)


def test_the_time_box_stops_before_a_shard_that_would_overrun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 25))
    monkeypatch.setattr(dataset, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    # Each shard takes 25 s of this clock: two fit into two minutes with what else is asked of it.
    assert write(replace(PLAN, things=10), tmp_path, minutes=2.0) == 2
    assert len(Shards(tmp_path)) == 8


def test_a_plan_may_grow(tmp_path: Path) -> None:
    write(replace(PLAN, things=2), tmp_path)
    assert write(replace(PLAN, things=4), tmp_path) == 1
    assert write(replace(PLAN, things=2), tmp_path) == 0
    assert len(Shards(tmp_path)) == 8


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"side": 16}, "begun with side = 8, not 16"),
        ({"first_seed": 0}, "begun with first_seed = 900000"),
        ({"things": 9}, "ends with a part of a shard"),
    ],
    ids=["side", "seeds", "more than whole shards"],
)
def test_another_plan_is_refused(written: Path, other: dict[str, int], message: str) -> None:
    before = contents(written)
    with pytest.raises(DatasetRefused, match=message):
        write(Plan(**{**vars(PLAN), **other}), written)
    assert contents(written) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"things": 0}, "things is 0"),
        ({"side": -1}, "side is -1"),
        ({"views": 2, "orbit": 3}, "Ask for one of them"),
        ({"views": 0}, "Ask for one of them"),
    ],
    ids=["no things", "no pixels", "both", "neither"],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(DatasetRefused, match=message):
        Plan(**{"things": 1, **changes})


def test_an_orbits_shards_hold_sides_of_one_scene(tmp_path: Path) -> None:
    write(Plan(things=2, views=0, orbit=3, side=8, samples=1), tmp_path)
    shards = Shards(tmp_path)
    assert (len(shards), shards.group) == (6, 3)
    first, second, third = (shards.scene(index) for index in range(3))
    assert first.context == second.context == third.context
    assert len({first.view.azimuth, second.view.azimuth, third.view.azimuth}) == 3
    assert not np.array_equal(*shards.images([0, 1]))


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetRefused, match=r"generation\.world render"):
        Shards(tmp_path)


def test_an_empty_folder_of_a_plan_has_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(vars(PLAN)))
    assert len(Shards(tmp_path)) == 0
