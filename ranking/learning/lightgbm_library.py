"""LightGBM, also on a machine without the system's OpenMP library.

LightGBM's wheel links to libgomp.so.1 and does not bring it, unlike torch's and scikit-learn's. Where the system has
none (a slim container), torch's copy, which bears the same name, is loaded first: the linker then takes that.
Threads that wait for each other sleep, as in the site's workers, unless the environment says otherwise: by default they
spin, and where other processes want the cores too, a training on two threads takes twenty times as long as on one.
Import `lightgbm` from here, never by itself.
"""

import ctypes
import importlib.util
import os
from pathlib import Path

NAME = "libgomp.so.1"


class NoOpenMP(ImportError):
    """LightGBM cannot be loaded; the sentence names the package that it needs."""


def load_openmp(name: str = NAME) -> None:
    """Makes libgomp known to the process. Raises NoOpenMP where neither the system nor torch has it."""
    try:
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        copy = _of_torch(name)
        if copy is None:
            wanted = "LightGBM needs the OpenMP library libgomp.so.1, which this machine lacks"
            raise NoOpenMP(f"{wanted}; on Debian and Ubuntu: apt install libgomp1.") from None
        ctypes.CDLL(str(copy), mode=ctypes.RTLD_GLOBAL)


def _of_torch(name: str) -> Path | None:
    """Torch's copy, found without importing torch."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    copy = Path(found.origin).parent / "lib" / name
    return copy if copy.is_file() else None


os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, when the library is loaded
load_openmp()

import lightgbm  # noqa: E402 - its library must find OpenMP

__all__ = ["NoOpenMP", "lightgbm", "load_openmp"]
