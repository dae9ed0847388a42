"""The worker process that jobs run in: its name, its database connections, and how it is asked to stop.

Celery's main process tells its children by SIGUSR2 that it is shutting down; a supervisor that signals the whole group
reaches them by SIGTERM itself. Either way a running job stops at its next call, and its row goes back to the queue.
"""

import os
import signal
import socket
import threading
from types import FrameType
from typing import Any

from billiard.process import active_children, current_process
from celery.signals import worker_process_init, worker_shutting_down
from django.db import connections

from jobs import logtail


class _Process:
    """What this process knows about itself."""

    worker = socket.gethostname()
    siblings = 1
    stopping = False
    busy = False
    # What SIGTERM did before us: Celery's clean exit of a pool process.
    leave: Any = None
    told_to_leave = False


def worker_name() -> str:
    """Who takes jobs here: the worker's name and the process, "cpu@host:4711"."""
    return f"{_Process.worker}:{os.getpid()}"


def siblings() -> int:
    """How many processes this worker has, this one among them: they share the machine's cores and memory."""
    return _Process.siblings


def expect_siblings(count: int) -> None:
    """Say how many processes the worker is about to have; before they are forked."""
    _Process.siblings = count


def stopping() -> bool:
    """Whether the worker was asked to stop: begin nothing, end soon."""
    return _Process.stopping


def stop_soon() -> None:
    """Let the running job stop at its next call, and begin no other: for whoever runs jobs in a process of his own."""
    _Process.stopping = True


class Busy:
    """While inside, SIGTERM waits for the job; on the way out, a process that was told to leave does."""

    def __enter__(self) -> None:
        _Process.busy = True
        _take_over_sigterm()

    def __exit__(self, *_: object) -> None:
        _Process.busy = False
        if _Process.told_to_leave:
            _leave(signal.SIGTERM, None)


def tidy_connections() -> None:
    """Between two jobs: drop database connections that broke or are too old.

    SQLite's stays open: its file cannot go away, and opening it anew costs more than a small job.
    """
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            continue  # the caller's own: whoever runs a ticket inside a transaction wants to see what it did
        if connection.vendor != "sqlite" or connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


def drop_connections() -> None:
    """After an error: the database may be gone, or a query may have been interrupted and still be under way.

    The next query opens a connection of its own. SQLite's stays open, see `tidy_connections`.
    """
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" and not connection.in_atomic_block:
            connection.close()


@worker_process_init.connect
def begin(sender: str | None = None, **_: Any) -> None:
    """In a fresh pool process: take the worker's name, open own connections, listen to log lines."""
    _Process.worker = sender or _Process.worker
    connections.close_all()
    logtail.attach()
    signal.signal(signal.SIGUSR2, _on_stop)


@worker_shutting_down.connect
def tell_children(**_: Any) -> None:
    """In Celery's main process, when it is asked to shut down: tell the processes of its pool."""
    for child in active_children():
        if child.pid:
            os.kill(child.pid, signal.SIGUSR2)


def _take_over_sigterm() -> None:
    # With the first job, not when the process begins: the pool installs its own handler after worker_process_init.
    if threading.current_thread() is not threading.main_thread() or "ForkPool" not in current_process().name:
        return
    if signal.getsignal(signal.SIGTERM) is not _on_terminate:
        _Process.leave = signal.signal(signal.SIGTERM, _on_terminate)


def _on_stop(_number: int, _frame: FrameType | None) -> None:
    _Process.stopping = True


def _on_terminate(number: int, frame: FrameType | None) -> None:
    _Process.stopping = _Process.told_to_leave = True
    if not _Process.busy:
        _leave(number, frame)


def _leave(number: int, frame: FrameType | None) -> None:
    if callable(_Process.leave):
        _Process.leave(number, frame)
    else:
        raise SystemExit(0)
