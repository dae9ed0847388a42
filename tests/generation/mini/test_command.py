"""`python -m generation.mini`: what it trains and evaluates, what it says, and how it ends."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from generation.mini import __main__ as command
from tests.factories.mini import tiny_renders


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Arguments that name folders of this test."""
    renders = tiny_renders(tmp_path / "renders")
    named = {"renders": renders, "held-out": renders, "work": tmp_path / "work", "weights": tmp_path / "weights"}
    return [part for name, path in named.items() for part in (f"--{name}", str(path))]


def test_an_autoencoder_is_trained_for_a_moment_and_evaluated(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["train", "autoencoder", *folders, "--minutes", "0.002"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["part"] == "autoencoder"
    assert said["samples"] == said["step"] * 16 > 0
    assert (tmp_path / "work" / "train" / "autoencoder" / "state.safetensors").exists()
    assert command.main(["evaluate", "autoencoder", *folders]) == 0
    said = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / "weights" / "figures.json").read_text())
    assert kept["base"]["autoencoder"]["psnr"] == said["psnr"]


@pytest.mark.parametrize("act", ["train", "evaluate"])
def test_what_is_missing_is_said_in_a_sentence(
    act: str, folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders[1] = folders[3] = str(tmp_path / "none")
    assert command.main([act, "clip" if act == "train" else "autoencoder", *folders]) == 1
    told = capsys.readouterr()
    assert not told.out
    assert told.err.count("\n") == 1


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What this process does about being asked to end is the same afterwards."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_to_stop_after_the_step(number: signal.Signals) -> None:
    stopped = command._stopped()
    assert not stopped()
    os.kill(os.getpid(), number)
    assert stopped()


@pytest.mark.usefixtures("own_signals")
def test_one_method_is_held_against_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["compare", "--products", "1", "--methods", "base", "--work", str(tmp_path)]
    assert command.main(asked) == 0
    done, head, _, row = capsys.readouterr().out.strip().splitlines()
    assert done == "base, product 920000"
    assert head.startswith("| method | products | look as the truth |")
    assert row.startswith("| base | 1 | ")
    assert (tmp_path / "compare" / "sheet.webp").exists()
    assert command.main([*asked, "--rate", "2e-3"]) == 1
    assert "other sizes or recipes; name another folder" in capsys.readouterr().err


def test_parts_are_in_the_order_in_which_they_need_each_other() -> None:
    assert command.PARTS[:2] == ("autoencoder", "text-to-image")
    assert len(set(command.PARTS)) == len(command.PARTS)
