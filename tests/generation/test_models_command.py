"""`manage.py models`: list, check, fetch."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from huggingface_hub import constants

from generation.checkpoints import fetch
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.hub import Hub, Repo, running_hub

COMMIT = Repo({}).commit


@pytest.fixture(autouse=True)
def places(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    settings.MODELS_DIR = tmp_path / "models"
    settings.MODEL_SETS_DIR = tmp_path / "sets"
    settings.MODEL_SETS_DIR.mkdir()
    return tmp_path


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        running.repos["some/model"] = Repo({"config.json": b"{}", "model.safetensors": bytes(300_000)})
        yield running


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("models", *arguments, stdout=out)
    return out.getvalue()


def write(places: Path, text: str, name: str = "shop") -> None:
    (places / "sets" / f"{name}.toml").write_text(text)


HUB_SET = """
extends = "sd15"
[roles.dino]
family = "dinov2"
repo = "some/model"
licence = "{licence}"
size = 300_002
"""


def test_list_names_every_set_and_role(places: Path) -> None:
    write(places, HUB_SET.format(licence="CC-BY-NC-4.0"))
    out = run("list")
    for name in ("classical-mini", "klein", "mini", "sd15", "sd15-paper", "sdxl", "shop"):
        assert f"\n{name}: " in f"\n{out}"
    row = next(line for line in out.split("shop: ")[1].splitlines() if line.startswith("  dino"))
    assert row.split("  ")[1:] != []
    for cell in ("some/model", "not pinned yet", "CC-BY-NC-4.0", " no ", "0.3 MB", "not here"):
        assert cell in row
    assert "  served     the same as base\n" in out
    assert "  up to 1 M USD of revenue a year  " in out
    assert len(re.findall(r"  role +checkpoint  ", out)) == 8


def test_list_goes_on_after_a_set_that_cannot_be_read(places: Path) -> None:
    write(places, "colour = 1", "broken")
    out, errors = io.StringIO(), io.StringIO()
    call_command("models", "list", stdout=out, stderr=errors)
    assert "broken.toml: there is no key colour." in errors.getvalue()
    assert "sdxl: " in out.getvalue()


def test_check_says_what_is_missing_and_how_to_get_it(places: Path) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("models", "check", "sd15", stdout=out)
    assert end.value.code == 1
    assert "base: it was never fetched\n" in out.getvalue()
    assert "served:" not in out.getvalue(), "a checkpoint of two roles is looked at once"
    assert out.getvalue().endswith("Fetch what is missing: manage.py models fetch sd15\n")


def test_check_of_some_roles_names_them_in_the_command(places: Path) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("models", "check", "sd15", "--role", "clip", "--role", "dino", stdout=out)
    assert out.getvalue().endswith("models fetch sd15 --role clip --role dino\n")


def test_check_of_a_whole_set_is_content(places: Path) -> None:
    tiny_set(places / "sets", "sd", name="tiny")
    out = run("check", "tiny", "--commercial")
    assert out.count("all files are here and whole") == 9
    assert "fetch" not in out


def test_check_finds_a_wrong_byte_unless_it_is_quick(places: Path, hub: Hub) -> None:
    write(places, HUB_SET.format(licence="MIT"))
    run("fetch", "shop", "--role", "dino", "--yes")
    file = places / "models" / "some--model" / COMMIT / "model.safetensors"
    file.write_bytes(b"x" * 300_000)
    assert "dino: all files are here and whole" in run("check", "shop", "--role", "dino", "--quick")
    with pytest.raises(SystemExit):
        run("check", "shop", "--role", "dino")


def test_check_refuses_a_licence_where_asked(places: Path, hub: Hub) -> None:
    write(places, HUB_SET.format(licence="CC-BY-NC-4.0"))
    run("fetch", "shop", "--role", "dino", "--yes")
    run("check", "shop", "--role", "dino")
    with pytest.raises(CommandError, match=r"the dino of the model set shop, some/model, has the licence CC-"):
        run("check", "shop", "--role", "dino", "--commercial")


def test_fetch_shows_sizes_and_licences_and_asks(places: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    write(places, HUB_SET.format(licence="Stability-Community"))
    monkeypatch.setattr("builtins.input", lambda _: "n")
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"Nothing was fetched\. Answer y, or pass --yes\."):
        call_command("models", "fetch", "shop", "--role", "dino", stdout=out)
    for told in (
        "dino: some/model, Stability-Community; commercial use: up to 1 M USD of revenue a year\n",
        f"commit {COMMIT}, the newest; it is pinned from now on: 0.3 MB, 0.3 MB of it to fetch",
        f"0.3 MB to fetch into {places / 'models'}",
    ):
        assert told in out.getvalue()
    assert hub.sent("config.json") == []
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert run("fetch", "shop", "--role", "dino").endswith("shop: dino fetched, and whole\n")
    assert f"  {COMMIT[:8]}  " in run("list")
    assert "0.0 MB of it to fetch" in run("fetch", "shop", "--role", "dino"), "nothing to ask about"


def test_fetch_without_anybody_to_ask_fetches_nothing(places: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    write(places, HUB_SET.format(licence="MIT"))

    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(CommandError, match="Nothing was fetched"):
        run("fetch", "shop", "--role", "dino")


def test_fetch_of_local_checkpoints_has_nothing_to_do(places: Path) -> None:
    tiny_set(places / "sets", "sd", name="tiny")
    assert run("fetch", "tiny", "--yes").endswith("tiny: nothing fetched, and whole\n")


def test_no_network_is_one_sentence(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match=r"facebook/dinov2-base@\w+ cannot be fetched: the hub cannot be reached"):
        run("fetch", "sd15", "--role", "dino", "--yes")


def test_no_room_is_one_sentence(places: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    write(places, HUB_SET.format(licence="MIT"))
    monkeypatch.setattr(fetch, "SPARE_BYTES", 1 << 60)
    with pytest.raises(CommandError, match="Make room, or set VITRINE_MODELS_DIR"):
        run("fetch", "shop", "--role", "dino", "--yes")


@pytest.mark.parametrize("verb", ["check", "fetch"])
def test_a_set_that_there_is_not(verb: str) -> None:
    with pytest.raises(
        CommandError, match=r"There is no model set 'kite'; there are: classical, classical-mini, klein, mini"
    ):
        run(verb, "kite")
