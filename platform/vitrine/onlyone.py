"""A lock file that one process holds; it goes with the process, however that ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from django.core.management.base import CommandError


class OnlyOne:
    """Context manager. Raises CommandError, naming the process that holds the lock, when there is one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = -1

    def __enter__(self) -> "OnlyOne":
        self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 20).decode().strip() or "unknown"
            os.close(self._descriptor)
            raise CommandError(
                f"Vitrine already runs on {self._file.parent} (process {holder}). Stop that one first, or give this one"
                " another VITRINE_DATA_DIR."
            ) from None
        os.truncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self._descriptor)
