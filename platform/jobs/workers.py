"""Start Celery's worker and scheduler as Vitrine needs them, and give each worker a name that no living one has."""

import fcntl
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connections

from jobs import process, reaper
from jobs.models import Queue
from vitrine.celery import app

CONTROL = "control"
# What a worker serves that is not told: the queue "live" has a worker of its own, where no long job stands before it.
USUAL_QUEUES = (Queue.CPU, Queue.GPU)
# Seconds between two looks of a live worker into the embedded broker. More looks cost more than they gain.
LIVE_LOOK_EVERY = 0.02
_MOST_OF_A_NAME = 1_000


def work(queues: Sequence[str], concurrency: int | None, name: str | None = None) -> None:
    """Take jobs of these queues until told to stop. Jobs that a dead worker of the same name left are queued again."""
    worker, lock = take_name(name or "-".join(queues))
    reaper.settle_abandoned(worker)
    if list(queues) == [Queue.LIVE]:
        options = app.conf.broker_transport_options
        app.conf.broker_transport_options = {**options, "look_every": LIVE_LOOK_EVERY}
    # Nothing that is open may be inherited by the processes of the pool.
    connections.close_all()
    concurrency = concurrency or default_concurrency(queues)
    process.expect_siblings(concurrency)
    # OpenMP's threads wait for one another by spinning, which takes the cores from every other process: a stage of
    # small tensors then took twenty times as long beside others. Read when torch is loaded, in the forked processes.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    with lock:
        app.worker_main(_worker_arguments(worker, queues, concurrency))


def schedule() -> None:
    """Send the entries of CELERY_BEAT_SCHEDULE when they are due, until told to stop. One for each installation."""
    app.start(["--quiet", "beat", "--pidfile=", f"--loglevel={settings.LOG_LEVEL}"])


def default_concurrency(queues: Sequence[str]) -> int:
    """How many jobs at once: a queue's own number for a worker that serves nothing else, else that of the CPU."""
    own: dict[str, int] = {Queue.GPU: settings.GPU_CONCURRENCY, Queue.LIVE: settings.LIVE_CONCURRENCY}
    (first, *others) = queues
    return settings.CPU_CONCURRENCY if others else own.get(first, settings.CPU_CONCURRENCY)


def take_name(wished: str) -> tuple[str, IO[str]]:
    """A worker's name, "cpu@host.1a2b3c", or "cpu-2@host.…" while that one lives; and the lock that holds it.

    The lock goes with the last process that has it, so whoever gets it knows that the worker before is dead. A lock
    says nothing beyond its file: the mark at the end is the file's own, so that two hosts, or two data folders, of
    equal names cannot take each other's living workers for dead.
    """
    host = socket.gethostname()
    folder = Path(settings.DATA_DIR) / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_OF_A_NAME):
        name = f"{wished}@{host}" if number == 1 else f"{wished}-{number}@{host}"
        file = (folder / f"{name}.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        return f"{name}.{_mark(file)}", file
    raise RuntimeError(f"{_MOST_OF_A_NAME} workers named {wished} are running on {host}.")


def _mark(file: IO[str]) -> str:
    """The lock file's own random mark, made by whoever locks it first."""
    file.seek(0)
    mark = file.read().strip()
    if not mark:
        mark = secrets.token_hex(3)
        file.write(mark)
        file.flush()
    return mark


def _worker_arguments(name: str, queues: Sequence[str], concurrency: int) -> list[str]:
    return [
        "--quiet",  # no banner: every line is a log line
        "worker",
        f"--hostname={name}",
        f"--queues={','.join([*queues, CONTROL])}",
        f"--concurrency={concurrency}",
        "--pool=prefork",
        f"--loglevel={settings.LOG_LEVEL}",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
