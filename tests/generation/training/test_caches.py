"""Tensors by content: computed once, bounded in memory and on disk, and never trusted when damaged."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from generation.training import caches
from generation.training.caches import TensorCache, Tensors, key_of

ONE = 400  # bytes of one item


def maker(asked: list[list[int]]) -> Callable[[list[int]], list[Tensors]]:
    def make(places: list[int]) -> list[Tensors]:
        asked.append(places)
        return [{"mean": torch.full((100,), float(place))} for place in places]

    return make


def test_what_is_there_is_not_made_again_and_each_key_only_once() -> None:
    asked: list[list[int]] = []
    cache = TensorCache()
    first = cache.many(["a", "b", "a"], maker(asked))
    assert asked == [[0, 1]]
    assert [float(one["mean"][0]) for one in first] == [0, 1, 0]
    second = cache.many(["b", "c", "a"], maker(asked))
    assert asked == [[0, 1], [1]]
    assert [float(one["mean"][0]) for one in second] == [1, 1, 0]
    assert cache.made == 3


def test_memory_is_bounded_and_the_least_used_goes_first() -> None:
    cache, asked = TensorCache(memory_bytes=2 * ONE), list[list[int]]()
    cache.many(["a", "b"], maker(asked))
    cache.many(["a"], maker(asked))
    cache.many(["c"], maker(asked))
    assert cache.in_memory == 2 * ONE
    cache.many(["a", "c"], maker(asked))
    assert len(asked) == 2
    cache.many(["b"], maker(asked))
    assert len(asked) == 3


def test_more_than_memory_holds_is_still_given_whole() -> None:
    cache = TensorCache(memory_bytes=ONE)
    assert len(cache.many(["a", "b", "c"], maker([]))) == 3
    assert cache.in_memory <= ONE


def test_a_full_disk_costs_the_cache_and_not_the_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[list[int]] = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ONE // 2, before[1]))  # a file may have no more bytes than that
    try:
        made = TensorCache(folder=tmp_path).many(["ab12", "cd34"], maker(asked))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [float(one["mean"][0]) for one in made] == [0, 1]
    assert not list(tmp_path.glob("*/*")), "nor is half a file left"
    assert "ab12.safetensors is not cached" in caplog.text
    TensorCache(folder=tmp_path).many(["ab12"], maker(asked))
    assert [path.name for path in tmp_path.glob("*/*")] == ["ab12.safetensors"]


def test_a_folder_outlives_the_process(tmp_path: Path) -> None:
    asked: list[list[int]] = []
    wrote = TensorCache(folder=tmp_path).many(["ab12"], maker(asked))
    read = TensorCache(folder=tmp_path).many(["ab12"], maker(asked))
    assert len(asked) == 1
    assert torch.equal(read[0]["mean"], wrote[0]["mean"])
    assert [path.name for path in tmp_path.glob("*/*")] == ["ab12.safetensors"]


def test_the_folder_is_bounded_and_keeps_what_was_read_last(tmp_path: Path) -> None:
    cache = TensorCache(memory_bytes=0, folder=tmp_path, folder_bytes=1200)
    for age, key in enumerate(["aa", "bb"]):
        cache.many([key], maker([]))
        os.utime(tmp_path / key / f"{key}.safetensors", (1000 + age, 1000 + age))
    cache.many(["aa"], maker([]))  # read: it is the newer one now
    cache.many(["cc"], maker([]))
    assert sorted(path.stem for path in tmp_path.glob("*/*.safetensors")) == ["aa", "cc"]


def test_what_a_killed_process_left_half_written_goes_too(tmp_path: Path) -> None:
    (tmp_path / "aa").mkdir()
    (tmp_path / "aa" / "half.part").write_bytes(bytes(1000))
    os.utime(tmp_path / "aa" / "half.part", (1000, 1000))
    TensorCache(folder=tmp_path, folder_bytes=1200).many(["bb"], maker([]))
    assert [path.name for path in tmp_path.glob("*/*")] == ["bb.safetensors"]


def test_a_large_folder_is_not_looked_over_at_every_write(tmp_path: Path) -> None:
    cache = TensorCache(memory_bytes=0, folder=tmp_path, folder_bytes=100 * ONE * caches.LOOKED_OVER)
    cache.many(["aa"], maker([]))
    looks = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caches, "_seen", lambda file: looks.append(file) or (0.0, 0, file))
        for number in range(50):
            cache.many([f"{number:02d}x"], maker([]))
    assert not looks


@pytest.mark.parametrize("data", [b"", b"not tensors", None], ids=["empty", "damaged", "swept"])
def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path, data: bytes | None) -> None:
    asked: list[list[int]] = []
    TensorCache(folder=tmp_path).many(["ab"], maker(asked))
    file = tmp_path / "ab" / "ab.safetensors"
    file.unlink() if data is None else file.write_bytes(data)
    again = TensorCache(folder=tmp_path).many(["ab"], maker(asked))
    assert len(asked) == 2
    assert again[0]["mean"].shape == (100,)
    assert file.stat().st_size > ONE


def test_clearing_forgets_memory_only(tmp_path: Path) -> None:
    asked: list[list[int]] = []
    cache = TensorCache(folder=tmp_path)
    cache.many(["ab"], maker(asked))
    cache.clear()
    assert cache.in_memory == 0
    cache.many(["ab"], maker(asked))
    assert len(asked) == 1


def test_keys_differ_by_every_part() -> None:
    keys = {
        key_of("latents", "hash", "vae", 64),
        key_of("latents", "hash", "vae", 65),
        key_of("words", "hash", "vae", 64),
    }
    assert len(keys) == 3
    assert key_of("latents", 1, [2]) == key_of("latents", 1, [2])


def test_a_worker_gives_the_shared_cache_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_SHARED", TensorCache())
    caches.keep_in(tmp_path, memory_bytes=2 * ONE, folder_bytes=5000)
    caches.shared().many(["ab"], maker([]))
    assert (tmp_path / "ab" / "ab.safetensors").exists()
    assert caches.shared().memory_bytes == 2 * ONE
