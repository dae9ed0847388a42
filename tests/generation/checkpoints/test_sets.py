"""Entries and sets: what tells checkpoints apart, and what a commercial run may use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints.sets import REMOTE, ROLES, Entry, ModelSet
from generation.exceptions import LicenceRefused

COMMIT = "a" * 40


def entry(**values: Any) -> Entry:
    told: dict[str, Any] = {
        "role": "dino",
        "family": "dinov2",
        "repo": "some/dino",
        "revision": COMMIT,
        "licence": "MIT",
        "commercial": True,
        "path": Path("/models/some--dino") / COMMIT,
    }
    return Entry(**told | values)


def model_set(**entries: Entry) -> ModelSet:
    return ModelSet("shop", "Shop", {role: entries.get(role, entry(role=role)) for role in ROLES})


SAME: dict[str, dict[str, Any]] = {
    "the role": {"role": "clip"},
    "how attention is computed": {"options": {"attention": "math"}},
    "the layout in memory": {"options": {"channels_last": True}},
    "compilation": {"options": {"compile": True}},
    "half precision on a CPU": {"options": {"half_on_cpu": True}},
    "where it is installed": {"path": Path("/elsewhere") / COMMIT},
    "what the list says of its size": {"size": 5},
}
OTHER: dict[str, dict[str, Any]] = {
    "the family": {"family": "dino"},
    "the repo": {"repo": "other/dino"},
    "the commit": {"revision": "b" * 40},
    "the precision": {"dtype": "bfloat16"},
    "the side": {"side": 224},
    "an option of the family's own": {"options": {"layers": 3}},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_results_are_kept_when_only_the_running_changes(change: dict[str, Any]) -> None:
    assert entry(**change).identity == entry().identity


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER.keys())
def test_results_are_made_anew_when_the_checkpoint_changes(change: dict[str, Any]) -> None:
    assert entry(**change).identity != entry().identity


def test_an_identity_can_be_read() -> None:
    assert entry(side=224, options={"model": "b"}).identity == f'dinov2|some/dino@{COMMIT}|float32|224|{{"model":"b"}}'
    assert "some/dino@unpinned" in entry(revision="", path=Path("/models/some--dino/unpinned")).identity


def test_two_files_of_one_commit_are_two_checkpoints() -> None:
    folder = Path("/models/some--sam") / COMMIT / "checkpoints"
    small, large = (entry(path=folder / name) for name in ("b.pth", "h.pth"))
    assert small.identity != large.identity
    assert f"some/dino/b.pth@{COMMIT}" in small.identity


def test_a_local_checkpoint_is_known_by_its_files(tmp_path: Path) -> None:
    def local(folder: Path) -> Entry:
        return entry(repo="", revision="", path=folder)

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    before = local(tmp_path / "one").identity
    assert before == local(tmp_path / "two").identity
    (tmp_path / "one" / "config.json").write_text('{"layers": 3}')
    assert local(tmp_path / "one").identity != before
    assert local(tmp_path / "one").cache_key != local(tmp_path / "two").cache_key


def test_a_local_checkpoint_that_changed_is_not_the_loaded_one(tmp_path: Path) -> None:
    here = entry(repo="", revision="", path=tmp_path)
    (tmp_path / "config.json").write_text("{}")
    before = here.cache_key
    assert here.cache_key == before
    (tmp_path / "config.json").write_text('{"layers": 3}')
    assert here.cache_key != before


def test_a_server_elsewhere_is_known_by_its_address() -> None:
    remote = entry(role="writer", family=REMOTE, repo="", revision="", path=Path(), options={"url": "http://llm"})
    assert remote.is_remote
    assert remote.identity.startswith("openai-compatible|http://llm|")
    assert remote.cache_key == remote.identity
    assert not entry().is_remote


def test_loaded_models_are_told_apart_by_every_option() -> None:
    assert entry().cache_key == entry(role="clip").cache_key
    changes: list[dict[str, Any]] = [*OTHER.values(), SAME["compilation"], SAME["where it is installed"]]
    for change in changes:
        assert entry(**change).cache_key != entry().cache_key


def test_options_do_not_make_a_key_endless() -> None:
    assert len(entry(options={"words": "x" * 5000}).cache_key) < 250


def test_identities_of_some_roles_go_into_a_fingerprint() -> None:
    shop = model_set(dino=entry(side=518))
    assert shop.identities(("dino", "clip")) == {"dino": shop.entry("dino").identity, "clip": entry().identity}


def test_a_commercial_run_refuses_a_licence_that_forbids_it() -> None:
    shop = model_set(video=replace(entry(), role="video", licence="CC-BY-NC-4.0", commercial=False))
    with pytest.raises(LicenceRefused, match=r"the video of the model set shop, some/dino, has the licence CC-BY-NC"):
        shop.check_licences(commercial=True)
    shop.check_licences(commercial=False)
    shop.check_licences(commercial=True, roles=("base", "clip"))
