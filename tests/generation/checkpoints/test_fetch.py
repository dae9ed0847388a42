"""Downloads from a hub that runs here: by commit, resumed, checked, and told in a sentence when they fail."""

import errno
import hashlib
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants

from generation.checkpoints import fetch, loading
from generation.checkpoints.locks import pinned_revision, read_lock, repo_folder
from generation.checkpoints.sets import UNPINNED, Entry
from generation.exceptions import CheckpointMissing, FetchFailed
from tests.factories.hub import Hub, Repo, running_hub

WEIGHTS = np.random.default_rng(7).bytes(3_000_000)
FILES = {
    "config.json": b'{"layers": 12}',
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"the same once more",
    "unet/config.json": b"{}",
    "README.md": b"# Some model",
}
PATTERNS = ("*.json", "model.safetensors")


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # whatever the shell has that the tests run in


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        running.repos["some/model"] = Repo(dict(FILES))
        yield running


def entry(models: Path, **values: Any) -> Entry:
    revision = values.get("revision", Repo({}).commit)
    path = repo_folder(models, values.get("repo", "some/model")) / (revision or UNPINNED)
    told: dict[str, Any] = {
        "role": "dino", "family": "dinov2", "repo": "some/model", "revision": revision, "licence": "MIT",
        "commercial": True, "path": path, "files": PATTERNS, "set_name": "shop",
    }  # fmt: skip
    return Entry(**told | values)


def fetched(models: Path, *entries: Entry) -> int:
    """Fetch; returns how many bytes the progress was told of."""
    arrived: list[int] = []
    fetch.fetch([fetch.plan(each, models) for each in entries], models, arrived.append)
    return sum(arrived)


def test_what_is_asked_for_is_fetched_whole(hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path)
    plan = fetch.plan(own, tmp_path)
    wanted = ["config.json", "model.safetensors", "unet/config.json"]
    assert [file.path for file in plan.files] == wanted
    assert plan.bytes == plan.bytes_to_fetch == sum(len(FILES[name]) for name in wanted)
    assert not plan.pins
    assert fetched(tmp_path, own) == plan.bytes
    for name in wanted:
        assert (own.path / name).read_bytes() == FILES[name]
    assert sorted(path.name for path in own.path.rglob("*") if path.is_file()) == sorted(
        name.split("/")[-1] for name in wanted
    )
    assert loading.missing(own, checksums="all") == []


def test_nothing_is_asked_for_but_the_repo(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_AGENT", "some-harness")
    fetched(tmp_path, entry(tmp_path, files=("model.safetensors",)))
    commit = Repo({}).commit
    assert [path for _, path, _, _ in hub.asked] == [
        f"/api/models/some/model/revision/{commit}",
        f"/some/model/resolve/{commit}/model.safetensors",
        "/storage/some/model/model.safetensors",
    ]


def test_the_lock_has_size_and_checksum_of_every_file(hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path)
    fetched(tmp_path, own)
    locked = {file.path: file for file in read_lock(repo_folder(tmp_path, "some/model")).files}
    assert set(locked) == set(FILES), "those that are not here too: another set may want them"
    for name in ("config.json", "model.safetensors", "unet/config.json"):
        assert (locked[name].size, locked[name].sha256) == (
            len(FILES[name]),
            hashlib.sha256(FILES[name]).hexdigest(),
        )
    assert pinned_revision(tmp_path, "some/model") == "", "the set names its commit itself"


def test_a_set_without_a_commit_pins_the_newest(hub: Hub, tmp_path: Path) -> None:
    unpinned = entry(tmp_path, revision="")
    plan = fetch.plan(unpinned, tmp_path)
    assert (plan.pins, plan.entry.revision, plan.root.name) == (True, Repo({}).commit, Repo({}).commit)
    assert pinned_revision(tmp_path, "some/model") == "", "to look is not to pin"
    fetched(tmp_path, unpinned)
    assert pinned_revision(tmp_path, "some/model") == Repo({}).commit
    hub.repos["some/model"] = Repo({"config.json": b"newer"}, commit="d" * 40)
    again = entry(tmp_path, revision=pinned_revision(tmp_path, "some/model"))
    fetched(tmp_path, again)
    assert (again.path / "config.json").read_bytes() == FILES["config.json"]
    loading.verify(again, checksums="all")


def test_a_single_file_of_a_repo_keeps_its_place(hub: Hub, tmp_path: Path) -> None:
    path = repo_folder(tmp_path, "some/model") / UNPINNED / "unet" / "config.json"
    single = entry(tmp_path, revision="", path=path, files=("unet/config.json",))
    plan = fetch.plan(single, tmp_path)
    fetched(tmp_path, single)
    assert plan.entry.path == repo_folder(tmp_path, "some/model") / Repo({}).commit / "unet" / "config.json"
    assert plan.entry.path.read_bytes() == b"{}"


def test_what_is_here_is_not_fetched_again_nor_is_the_hub_asked(hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path)
    fetched(tmp_path, own)
    hub.asked.clear()
    assert fetch.plan(own, tmp_path).bytes_to_fetch == 0
    assert fetched(tmp_path, own) == 0
    assert hub.asked == []


def test_roles_that_share_files_fetch_them_once(hub: Hub, tmp_path: Path) -> None:
    first, second = entry(tmp_path), entry(tmp_path, role="clip", files=("model.safetensors", "README.md"))
    plans = [fetch.plan(each, tmp_path) for each in (first, second)]
    assert fetch.total(plans) == sum(len(data) for name, data in FILES.items() if name != "pytorch_model.bin")
    fetch.fetch(plans, tmp_path)
    assert len(hub.sent("model.safetensors")) == 1
    assert loading.missing(first) == loading.missing(second) == []


def test_another_set_may_want_other_files_of_the_same_commit(hub: Hub, tmp_path: Path) -> None:
    fetched(tmp_path, entry(tmp_path))
    other = entry(tmp_path, files=("*.json", "pytorch_model.bin"))
    assert loading.missing(other) == ["pytorch_model.bin is missing"]
    assert fetched(tmp_path, other) == len(FILES["pytorch_model.bin"])
    assert loading.missing(other) == []


class Interrupted(Exception):
    """As Ctrl-C."""


def test_an_interrupted_download_goes_on_where_it_was(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    own, arrived = entry(tmp_path, files=("model.safetensors",)), []

    def stop_in_the_middle(count: int) -> None:
        arrived.append(count)
        if sum(arrived) > 1_000_000:
            raise Interrupted

    with pytest.raises(Interrupted):
        fetch.fetch([fetch.plan(own, tmp_path)], tmp_path, stop_in_the_middle)
    part = own.path / "model.safetensors.part"
    have = part.stat().st_size
    assert 0 < have < len(WEIGHTS)
    assert "model.safetensors is missing" in loading.missing(own), "a part is not taken for the whole"
    assert fetch.plan(own, tmp_path).bytes_to_fetch == len(WEIGHTS) - have
    assert fetched(tmp_path, own) == len(WEIGHTS) - have
    assert hub.sent("model.safetensors") == ["", f"bytes={have}-"]
    assert (own.path / "model.safetensors").read_bytes() == WEIGHTS
    assert not part.exists()


def test_a_connection_that_breaks_is_taken_up_again(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub.cut_after = [1_250_000, 900_000]
    own = entry(tmp_path, files=("model.safetensors",))
    fetched(tmp_path, own)
    first, second, third = hub.sent("model.safetensors")
    assert first == ""
    assert 0 < int(second[6:-1]) < int(third[6:-1]) < len(WEIGHTS)
    assert (own.path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_hub_that_keeps_breaking_leaves_what_came(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub.cut_after = [1_000_000] + [0] * 20
    own = entry(tmp_path, files=("model.safetensors",))
    with pytest.raises(FetchFailed, match=r"cannot be reached \(RemoteProtocolError\)\. What is here stays; run the"):
        fetched(tmp_path, own)
    assert (own.path / "model.safetensors.part").stat().st_size > 500_000
    hub.cut_after = []
    fetched(tmp_path, own)
    assert (own.path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_disk_that_fills_up_meanwhile_is_one_sentence(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch, "http_get", full)
    with pytest.raises(FetchFailed, match=r"config\.json of some/model cannot be fetched: No space left on device\."):
        fetched(tmp_path, entry(tmp_path))


def test_a_killed_download_goes_on_where_it_was(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    own = entry(tmp_path, files=("model.safetensors",))
    hub.repos["some/model"].files["model.safetensors"] = large = np.random.default_rng(8).bytes(6_000_000)
    hub.seconds_a_chunk = 0.01
    part = own.path / "model.safetensors.part"
    process = multiprocessing.get_context("fork").Process(target=fetched, args=(tmp_path, own))
    process.start()
    end = time.monotonic() + 20
    while (not part.exists() or not part.stat().st_size) and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.join()
    have = part.stat().st_size
    assert 0 < have < len(large)
    hub.seconds_a_chunk = 0
    assert fetched(tmp_path, own) == len(large) - have
    assert (own.path / "model.safetensors").read_bytes() == large


def test_a_second_fetch_of_the_same_repo_is_kept_out(hub: Hub, tmp_path: Path) -> None:
    own, refused = entry(tmp_path), list[str]()

    def meanwhile(_: int) -> None:
        with pytest.raises(FetchFailed, match="some/model is being fetched by another process; wait") as told:
            fetch.fetch([plan], tmp_path)
        refused.append(str(told.value))

    plan = fetch.plan(own, tmp_path)
    fetch.fetch([plan], tmp_path, meanwhile)
    assert refused
    assert loading.missing(own, checksums="all") == []
    fetch.fetch([plan], tmp_path)


def test_a_part_with_wrong_bytes_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path, files=("model.safetensors",))
    own.path.mkdir(parents=True)
    (own.path / "model.safetensors.part").write_bytes(b"x" * 1_000_000)
    fetched(tmp_path, own)
    assert hub.sent("model.safetensors") == ["bytes=1000000-", ""]
    assert (own.path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_part_that_is_too_long_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path, files=("config.json",))
    own.path.mkdir(parents=True)
    (own.path / "config.json.part").write_bytes(b"x" * 500)
    fetched(tmp_path, own)
    assert (own.path / "config.json").read_bytes() == FILES["config.json"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_damaged_file_is_repaired(name: str, hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path)
    fetched(tmp_path, own)
    (own.path / name).write_bytes(b"x" * len(FILES[name]))
    assert len(loading.missing(own, checksums="all")) == 1
    fetched(tmp_path, own)
    assert loading.missing(own, checksums="all") == []


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_checksum_that_does_not_match(name: str, hub: Hub, tmp_path: Path) -> None:
    hub.repos["some/model"].lies[name] = b"y" * len(FILES[name])
    own = entry(tmp_path)
    with pytest.raises(FetchFailed, match=rf"{name} of some/model arrived with another checksum than the hub names"):
        fetched(tmp_path, own)
    assert not (own.path / name).exists()
    assert not (own.path / f"{name}.part").exists()
    assert hub.sent(f"/{name}") == [""], "all of it was new: asking again would bring the same"
    with pytest.raises(CheckpointMissing, match=f"{name} is missing"):
        loading.verify(own)


def test_the_sets_own_checksum_counts_more_than_the_hubs(hub: Hub, tmp_path: Path) -> None:
    own = entry(tmp_path, files=("model.safetensors",), sha256="e" * 64)
    with pytest.raises(FetchFailed, match="another checksum than the set names"):
        fetched(tmp_path, own)
    fetched(tmp_path, replace(own, sha256=hashlib.sha256(WEIGHTS).hexdigest()))


def test_large_files_come_from_a_storage_that_gets_no_token(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._headers.get_token", lambda: "hf_secret")
    fetched(tmp_path, entry(tmp_path))
    tokens = {path: token for method, path, _, token in hub.asked if method == "GET"}
    assert tokens[f"/some/model/resolve/{Repo({}).commit}/config.json"] is True
    assert tokens["/storage/some/model/model.safetensors"] is False


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "no such repo": ({"repo": "no/model"}, "no/model@c0ffee.*: the hub knows no such repo"),
    "no such commit": ({"revision": "f" * 40}, "the hub knows no such commit; correct the set's revision"),
    "none of the files": ({"files": ("*.gguf",)}, r"has none of the files \*\.gguf; correct the set"),
}


@pytest.mark.parametrize(("change", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_the_hub_does_not_have(change: dict[str, Any], said: str, hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=said):
        fetch.plan(entry(tmp_path, **change), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_gated_repo_says_how_to_get_in(hub: Hub, tmp_path: Path) -> None:
    hub.repos["some/model"].gated = True
    with pytest.raises(FetchFailed, match="is gated: accept its licence on its page on the hub, then set HF_TOKEN"):
        fetch.plan(entry(tmp_path), tmp_path)


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", "a//b.json", "a\\b.json", "./x.json"])
def test_a_file_name_that_leads_out_of_the_folder(name: str, hub: Hub, tmp_path: Path) -> None:
    hub.repos["some/model"].files[name] = b"{}"
    with pytest.raises(FetchFailed, match="leads out of the folder; nothing was fetched"):
        fetch.plan(entry(tmp_path), tmp_path)


def test_without_a_network_it_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FetchFailed, match=r"cannot be fetched: the hub cannot be reached \(ConnectError\)") as refused:
        fetch.plan(entry(tmp_path), tmp_path)
    assert "\n" not in str(refused.value)


def test_offline_by_wish_it_is_one_sentence(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(FetchFailed, match="HF_HUB_OFFLINE is set"):
        fetch.plan(entry(tmp_path), tmp_path)
    assert hub.asked == []


def test_too_little_room_is_told_before_a_byte_comes(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SPARE_BYTES", 1 << 60)
    with pytest.raises(FetchFailed, match=r"has [\d.]+ GB free, and 0\.0 GB are to be fetched\. Make room, or set VIT"):
        fetched(tmp_path, entry(tmp_path))
    assert hub.sent("config.json") == []
