"""What tests leave behind: nothing, however they end; but what they share with later ones stays."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.isolation import FOLDER, LEFT_FOR, OUTSIDE, PREFIX

ROOT = Path(__file__).parents[2]


def ended(code: str, outside: Path, **more: str) -> str:
    """What a process says that is begun in that temporary folder, loads the isolation and does this."""
    environment = os.environ | {"TMPDIR": str(outside)} | more
    del environment["TESTS_OUTSIDE"]
    said = subprocess.run(
        [sys.executable, "-c", f"import os, tempfile\nfrom tests import isolation\n{code}"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return said.stdout.strip()


def test_the_temporary_folder_is_within_that_of_the_tests() -> None:
    assert Path(tempfile.gettempdir()).parent == Path(FOLDER)
    assert Path(FOLDER).parent == Path(OUTSIDE)
    with tempfile.TemporaryDirectory() as made:
        assert Path(FOLDER) in Path(made).parents


def test_processes_that_tests_start_write_there_as_well() -> None:
    asked = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == tempfile.gettempdir()


def test_what_is_compiled_is_kept_whatever_the_shell_says() -> None:
    assert not sys.dont_write_bytecode
    asked = "import os, sys; print(sys.dont_write_bytecode, os.environ.get('PYTHONDONTWRITEBYTECODE'))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {asked!r}], check=True)"
    assert ended(code, Path(OUTSIDE), PYTHONDONTWRITEBYTECODE="1") == "False None"


def test_a_socket_in_there_has_a_path_that_is_short_enough() -> None:
    assert len(f"{FOLDER}/t/pymp-abcdefgh/listener-abcdefgh") < 107


@pytest.mark.parametrize(
    "end",
    [
        "",
        "isolation.pytest_unconfigure(); os._exit(0)",
        "if os.fork() == 0: raise SystemExit\nos.wait(); assert os.path.exists(made)",
    ],
    ids=["as usual", "without its own cleaning up", "with a forked child that ends before"],
)
def test_nothing_is_left(end: str, tmp_path: Path) -> None:
    code = f"made = tempfile.mkdtemp(); print(made, flush=True)\n{end}"
    made = Path(ended(code, tmp_path))
    assert tmp_path in made.parents
    assert list(tmp_path.iterdir()) == []


def test_what_killed_tests_left_goes_after_a_day(tmp_path: Path) -> None:
    old, new, other = tmp_path / f"{PREFIX}old", tmp_path / f"{PREFIX}new", tmp_path / "old"
    for folder in (old, new, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (0, time.time() - LEFT_FOR - 60))
    ended("", tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([new, other])


def test_what_later_tests_share_is_kept_outside(tmp_path: Path) -> None:
    said = ended("from tests.factories.checkpoints.model_set import _kept\nprint(_kept())", tmp_path)
    assert Path(said).parent == tmp_path
    assert Path(said).exists()
