"""The tiny sets that runs are tested with: whole, made once, and by one process only."""

import multiprocessing
from pathlib import Path

import pytest

from generation.checkpoints import loading
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import ROLES, Places
from tests.factories.checkpoints import model_set
from tests.factories.checkpoints.model_set import Family, tiny_checkpoint, tiny_set

FAMILIES: tuple[Family, ...] = ("sd", "sdxl", "flux2-klein")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_role_is_here_and_whole(family: Family, tmp_path: Path) -> None:
    tiny = read_set(str(tiny_set(tmp_path, family)), Places(tmp_path))
    assert tiny.name == f"tiny-{family}"
    assert {role: loading.missing(tiny.entry(role), checksums="all") for role in ROLES} == {role: [] for role in ROLES}
    tiny.check_licences(commercial=True)
    assert {tiny.entry(role).family for role in ("base", "served", "inpainter")} == {family}
    assert {entry.side for entry in tiny.entries.values()} == {0, model_set.SIDE}


def test_a_set_has_the_name_that_it_is_given(tmp_path: Path) -> None:
    assert tiny_set(tmp_path, "sd", name="mini") == tmp_path / "mini.toml"


def test_two_processes_that_ask_at_once_make_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_set, "_kept", lambda: tmp_path)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=tiny_checkpoint, args=("dinov2",)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    made = tmp_path / "dinov2" / "model.safetensors"
    before = made.stat().st_mtime_ns
    assert tiny_checkpoint("dinov2") == made.parent
    assert made.stat().st_mtime_ns == before
    assert not (tmp_path / "dinov2.making").exists()
