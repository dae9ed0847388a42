"""Workers that a test may kill: forked from a server that has the libraries, and has never computed anything.

A process of pytest cannot be forked itself: torch's threads, once it has computed, do not outlive a fork, and the child
then fails or waits for ever.
"""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

from django.conf import settings
from django.db import connection, connections

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.factories.victim"])
_TOLD = ("MODEL_SETS_DIR", "MODEL_SET", "MODEL_CACHE_BYTES", "FINETUNE_TOGETHER")


@contextmanager
def worker(name: str) -> Iterator[BaseProcess]:
    """A process that does all jobs that are ready, on the test's database and with the test's settings.

    It does not outlive the block: one that went on would hold the database against the next test.
    """
    told = {key: getattr(settings, key) for key in _TOLD}
    database = str(connection.settings_dict["NAME"])
    connections.close_all()
    process = _forks.Process(target=_work, args=(name, database, told), daemon=True)
    process.start()
    try:
        yield process
    finally:
        kill(process)


def begin_server() -> None:
    """Have the server load its libraries, which takes as long as twenty workers live that are soon killed."""
    first = _forks.Process(target=os.getpid, daemon=True)
    first.start()
    first.join(300)


def kill(process: BaseProcess) -> bool:
    """Kill it with SIGKILL; whether it was still at work."""
    process.kill()
    process.join(30)
    return process.exitcode == -signal.SIGKILL


def _work(name: str, database: str, told: dict[str, Any]) -> None:
    from tests.factories import victim  # noqa: PLC0415 - the server has it; the test's own process needs no models

    try:
        victim.work(name, database, told)
    except BaseException:  # noqa: BLE001 - the end of a process: said, and told by its exit status
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
