"""OpenMP for LightGBM: the system's, else torch's, else a sentence that names the package."""

import os
import subprocess
import sys

import pytest

from ranking.learning import lightgbm_library
from ranking.learning.lightgbm_library import NoOpenMP, load_openmp

ALONE = """
import ctypes, sys
real = ctypes.CDLL
def without_the_systems(name, *args, **more):
    if name == "libgomp.so.1":
        raise OSError("no such file")
    return real(name, *args, **more)
ctypes.CDLL = without_the_systems
from ranking.learning.lightgbm_library import lightgbm
assert "torch" not in sys.modules
maps = open("/proc/self/maps").read()
print(any("torch/lib/libgomp" in line for line in maps.splitlines()), lightgbm.__version__)
"""


def test_torchs_copy_stands_in_for_the_systems_and_its_threads_sleep_while_they_wait() -> None:
    """A machine without libgomp1 is played; LightGBM loads for real, and torch itself is not imported.

    How threads wait is what that copy itself tells when it is loaded.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    told = subprocess.run(
        [sys.executable, "-c", ALONE],
        env=environment | {"OMP_DISPLAY_ENV": "true"}, capture_output=True, text=True, check=True, timeout=200,
    )  # fmt: skip
    assert told.stdout.startswith("True 4.")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in told.stderr


def test_without_either_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lightgbm_library, "_of_torch", lambda _name: None)
    with pytest.raises(NoOpenMP, match="apt install libgomp1"):
        load_openmp("libgomp-that-is-nowhere.so.1")
