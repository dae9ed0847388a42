"""The embedded broker: a Kombu transport that keeps its messages in one SQLite file, so that a laptop needs no server.

Why not Kombu's filesystem transport: it lists and sorts the whole folder for each message, which makes draining a
backlog quadratic (figures in docs/jobs.md). A message lost here does no harm, the jobs table is the truth: so nothing
is flushed to disk, and a message is gone from the file as soon as a worker has it.
"""

import fcntl
import logging
import sqlite3
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

LOOK_EVERY = 0.1  # seconds
logger = logging.getLogger(__name__)
_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF;
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, queue TEXT NOT NULL, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS message_by_queue ON message (queue, id);
"""
# The look comes first: it takes no write lock, and most looks find nothing.
_PEEK = "SELECT 1 FROM message WHERE queue = ? LIMIT 1"
_TAKE = """
DELETE FROM message WHERE id = (SELECT id FROM message WHERE queue = ? ORDER BY id LIMIT 1) RETURNING payload
"""


class Channel(virtual.Channel):
    """One user of the file. The connection is opened at first use, so that a forked process opens its own."""

    supports_fanout = False
    do_restore = True
    _database: sqlite3.Connection | None = None

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        self.database.execute("INSERT INTO message (queue, payload) VALUES (?, ?)", (queue, dumps(message)))

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002
        if self.database.execute(_PEEK, (queue,)).fetchone() is None:
            raise Empty
        rows = self.database.execute(_TAKE, (queue,)).fetchall()
        if not rows:
            raise Empty
        return loads(rows[0][0])

    def _size(self, queue: str) -> int:
        found: int = self.database.execute("SELECT count(*) FROM message WHERE queue = ?", (queue,)).fetchone()[0]
        return found

    def _purge(self, queue: str) -> int:
        return self.database.execute("DELETE FROM message WHERE queue = ?", (queue,)).rowcount

    def close(self) -> None:
        super().close()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _options(self) -> dict[str, Any]:
        client: Any = self.connection.client
        options: dict[str, Any] = client.transport_options
        return options

    @property
    def database(self) -> sqlite3.Connection:
        """The open file, made with its folder when it is not there yet."""
        if self._database is None:
            file = Path(self._options()["file"])
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = _opened(file)
        return self._database


class _Damaged(sqlite3.DatabaseError):
    """The file is no database, or not a whole one."""


def _opened(file: Path) -> sqlite3.Connection:
    """The file's connection. One that a power cut has spoilt is replaced by an empty one: the reaper sends again."""
    with suppress(_Damaged):
        return _checked(file)
    # One at a time, and only if it still is: never the new file that another process has just begun.
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return _checked(file)
        except _Damaged as error:
            logger.warning("The broker's file %s is damaged and begins anew: %s", file, error)
            for end in ("-wal", "-shm", ""):
                file.with_name(file.name + end).unlink(missing_ok=True)
            return _checked(file)


def _checked(file: Path) -> sqlite3.Connection:
    # check_same_thread: Kombu guards a channel itself; the worker's threads share one.
    database = sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        database.executescript(_SCHEMA)
        found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        database.close()
        raise  # locked, or no room: the file itself is well
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        database.close()
        raise _Damaged(found)
    return database


class Transport(virtual.Transport):
    """The transport of broker URLs that begin with `embedded:`."""

    Channel = Channel
    polling_interval = LOOK_EVERY
    default_port = 0
    driver_type = "embedded"
    driver_name = "sqlite"
    connection_errors = (*virtual.Transport.connection_errors, sqlite3.DatabaseError)
    # In Celery's event loop, as with Redis: the loop of blocking transports does not end its pool cleanly, and looks
    # for the next message only after a pause.
    implements = virtual.Transport.implements.extend(asynchronous=True)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:  # noqa: ARG002
        """Look whenever something else has woken the loop, such as a job that is done, and every so often.

        That is every LOOK_EVERY seconds, or as the transport option `look_every` says.
        """
        loop.on_tick.add(self.deliver_all)
        client: Any = self.client
        loop.call_repeatedly(client.transport_options.get("look_every", LOOK_EVERY), self.deliver_all)

    def deliver_all(self) -> None:
        """Hand over messages for as long as there are any and the worker takes more."""
        cycle: Any = self.cycle
        with suppress(Empty):
            while True:
                cycle.get(self._deliver)

    def driver_version(self) -> str:
        return sqlite3.sqlite_version
