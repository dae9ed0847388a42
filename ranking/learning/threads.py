"""One thread for linear algebra, however many cores there are.

A sum that is shared out among threads is added up in another order, and its last digits are others: with two cores the
same labels would teach another file than with four. LightGBM, where the time goes, is deterministic with any number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy  # noqa: F401 - both bring their own BLAS, which the controller can only find once it is there
import scipy.linalg  # noqa: F401
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it numpy's and scipy's linear algebra use one thread, in all of this process."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


def alone() -> None:
    """For the rest of the thread that calls it, what OpenMP shares out (LightGBM's trees) stays in that thread.

    For pools whose threads are as many as the cores: each would start as many again.
    """
    _controller().limit(limits=1, user_api="openmp")


@cache
def _controller() -> ThreadpoolController:
    """Made once: it looks through all libraries that the process has loaded."""
    return ThreadpoolController()
