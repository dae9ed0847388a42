"""Dear files of tests begin first, so that no process is left alone with one."""

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import pace

DEAREST = pace.DEAREST[0]
CASES = {
    "the dear one first": (["a.py::one", "a.py::two", f"{DEAREST}::one"], [2, 0, 1]),
    "then those of many tests": (["a.py::one", "b.py::one", "b.py::two"], [1, 2, 0]),
    "a file's tests stay together and in order": (["a.py::one", "b.py::one", "a.py::two"], [0, 2, 1]),
    "of equal ones the first": (["b.py::one", "a.py::one"], [0, 1]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("names", "places"), CASES.values(), ids=CASES)
def test_the_order_of_files(names: list[str], places: list[int]) -> None:
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in names]
    assert pace.ordered(items) == [items[place] for place in places]


def test_every_file_that_is_named_is_there() -> None:
    root = Path(__file__).resolve().parents[2]
    assert [name for name in pace.DEAREST if not (root / name).is_file()] == []


def test_what_was_imported_before_the_tests_is_not_looked_over_again() -> None:
    assert gc.get_freeze_count() > 10_000


def test_the_makefile_keeps_to_it() -> None:
    makefile = (Path(__file__).resolve().parents[2] / "Makefile").read_text()
    assert "--dist loadfile --no-loadscope-reorder" in makefile
