"""A fair queue before SQLite's one writer.

Its own way of waiting is to sleep and try again, longer each time: under many raters some wait for seconds while others
are served twice. A file lock is handed on by the kernel at once, between threads as between processes, and is dropped
with a process that dies. PostgreSQL has no use for it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes, entered in turn; within another transaction, a part of that one."""
    if connection.vendor != "sqlite" or connection.in_atomic_block or _is_in_memory():
        with transaction.atomic():
            yield
        return
    with _file().open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed
        with transaction.atomic():
            yield


def _is_in_memory() -> bool:
    """A database that only this process sees, as tests have: Django's own rule."""
    name = str(connection.settings_dict["NAME"])
    return name == ":memory:" or "mode=memory" in name


def _file() -> Path:
    database = Path(str(connection.settings_dict["NAME"]))
    return database.with_name(f"{database.name}.turn")
