"""What keeps the suite quick (pyproject, `-p tests.pace`): which files begin first, and what is not looked over again.

Several processes take whole files, one after another: whoever begins a dear one last works on it alone while the others
have gone home. So those of a name here begin first, the dearest of them before the others, and then those with many
tests. `make test` tells xdist to keep to this order; `ARGS=--durations=30` says what is dear today.
"""

import gc
from collections import Counter

import pytest

# They look at every page; start servers, browsers or workers, and kill them; or train.
DEAREST = (
    "tests/browser/test_accessibility.py",
    "tests/generation/test_kills.py",
    "tests/generation/test_grouped_runs.py",
    "tests/browser/test_demo.py",
    "tests/browser/test_rating_kills.py",
    "tests/generation/test_end_to_end.py",
    "tests/generation/test_background_swap.py",
)


@pytest.hookimpl(trylast=True)  # after those that leave tests out, or order those of a file
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = ordered(items)


def pytest_collection_finish() -> None:
    """By now all libraries are imported: to look for garbage among a million of their objects takes half a second."""
    gc.collect()
    gc.freeze()


def ordered(items: list[pytest.Item]) -> list[pytest.Item]:
    """The items file by file, those of a file in their order."""
    files = [_file(item) for item in items]
    tests, first = Counter(files), {name: place for place, name in reversed(list(enumerate(files)))}

    def place(item: pytest.Item) -> tuple[int, int, int]:
        name = _file(item)
        return DEAREST.index(name) if name in DEAREST else len(DEAREST), -tests[name], first[name]

    return sorted(items, key=place)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
