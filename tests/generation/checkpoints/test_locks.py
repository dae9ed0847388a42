"""Locks: which files of which commit are the right ones."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from generation.checkpoints.locks import (
    Lock,
    LockedFile,
    blob_of,
    change_stamp,
    content_hash,
    files_in,
    matches,
    pinned_revision,
    read_lock,
    repo_folder,
    sha256_of,
    write_lock,
)
from generation.exceptions import CheckpointMissing

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40
FILES = (
    LockedFile(ONE, "config.json", 12, blob="b" * 40),
    LockedFile(ONE, 'unet/weights ü "x".safetensors', 5_000_000_000, sha256="a" * 64),
    LockedFile(TWO, "config.json", 13, "c" * 64),
)


def test_a_lock_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_lock(tmp_path / "repo", Lock(ONE, FILES))
    assert read_lock(tmp_path / "repo") == Lock(ONE, FILES)
    assert [path.name for path in (tmp_path / "repo").iterdir()] == ["lock.toml"]


def test_a_changed_lock_is_read_anew(tmp_path: Path) -> None:
    write_lock(tmp_path, Lock(ONE))
    assert read_lock(tmp_path).pinned == ONE
    write_lock(tmp_path, Lock(TWO, FILES))
    assert read_lock(tmp_path).pinned == TWO


def test_a_lock_that_is_written_several_times_within_a_tick_of_the_clock_is_read_anew(tmp_path: Path) -> None:
    for pinned in (ONE, TWO, THREE, ONE):
        write_lock(tmp_path, Lock(pinned, FILES))
        os.utime(tmp_path / "lock.toml", ns=(1, 1))
        assert read_lock(tmp_path).pinned == pinned


def test_a_lock_that_another_process_has_just_written_is_not_kept(tmp_path: Path) -> None:
    """Size, inode and time are those of before: only how new it is tells that more may come."""
    file, just_now = tmp_path / "lock.toml", time.time_ns() + 3600 * 10**9
    for pinned in (ONE, TWO, THREE):
        file.write_text(f'pinned = "{pinned}"')
        os.utime(file, ns=(just_now, just_now))
        assert read_lock(tmp_path).pinned == pinned


def test_a_lock_of_before_is_parsed_once(tmp_path: Path) -> None:
    write_lock(tmp_path, Lock(ONE, FILES))
    os.utime(tmp_path / "lock.toml", ns=(1, 1))
    assert read_lock(tmp_path) is read_lock(tmp_path)


def test_without_a_lock_nothing_is_pinned(tmp_path: Path) -> None:
    assert read_lock(tmp_path) == Lock()
    assert pinned_revision(tmp_path, "some/repo") == ""
    write_lock(repo_folder(tmp_path, "some/repo"), Lock(TWO))
    assert pinned_revision(tmp_path, "some/repo") == TWO


@pytest.mark.parametrize("text", ["pinned = ", "[[files]]\ncolour = 1", "files = 3", "\udcff"])
def test_a_damaged_lock_says_so(text: str, tmp_path: Path) -> None:
    (tmp_path / "lock.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CheckpointMissing, match=r"lock\.toml is damaged .*; remove it and fetch the model again"):
        read_lock(tmp_path)


def test_wanted_are_the_files_of_a_commit_that_match() -> None:
    lock = Lock(ONE, FILES)
    assert lock.wanted(ONE, ()) == list(FILES[:2])
    assert lock.wanted(ONE, ("*.json",)) == [FILES[0]]
    assert lock.wanted(TWO, ("unet/*",)) == []


MATCHES = {
    "everything without a pattern": ("a/b.json", (), True),
    "a file by name": ("config.json", ("config.json",), True),
    "any of several": ("vae/config.json", ("*.txt", "vae/*"), True),
    "a star goes through folders": ("a/b/c.json", ("*.json",), True),
    "case counts": ("A.JSON", ("*.json",), False),
    "none": ("a.bin", ("*.json", "*.safetensors"), False),
}


@pytest.mark.parametrize(("path", "patterns", "wanted"), MATCHES.values(), ids=MATCHES.keys())
def test_patterns(path: str, patterns: tuple[str, ...], wanted: bool) -> None:
    assert matches(path, patterns) is wanted


def test_checksums_are_those_that_others_compute(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(b"{}" * 5000)
    assert sha256_of(file) == hashlib.sha256(file.read_bytes()).hexdigest()
    told = subprocess.run(["git", "hash-object", str(file)], capture_output=True, text=True, check=True)
    assert blob_of(file) == told.stdout.strip()


def test_a_folder_is_hashed_with_the_names_in_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    before = content_hash(tmp_path)
    assert content_hash(tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert content_hash(tmp_path) != before
    assert content_hash(tmp_path / "b") != content_hash(tmp_path)
    assert content_hash(tmp_path / "none") == "missing"


def test_a_folder_that_is_a_link_is_hashed_too(tmp_path: Path) -> None:
    shared, model = tmp_path / "shared", tmp_path / "model"
    for folder in (shared, model):
        folder.mkdir()
    (shared / "weights").write_text("x")
    (model / "unet").symlink_to(shared)
    (model / "served").symlink_to(shared)
    (shared / "back").symlink_to(model)
    before = content_hash(model), change_stamp(model)
    assert [file.relative_to(model).as_posix() for file in files_in(model)] == ["served/weights", "unet/weights"]
    (shared / "weights").write_text("another")
    assert (content_hash(model), change_stamp(model)) != before
    assert content_hash(model) != before[0]
