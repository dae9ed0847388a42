"""The embedded broker as Kombu sees it: messages in order, once each, kept over a restart of the process."""

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from jobs.broker import LOOK_EVERY, Transport

QUEUE = "cpu"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "broker.sqlite3"


@pytest.fixture
def connection(file: Path) -> Iterator[Connection]:
    with connect(file) as opened:
        yield opened


def connect(file: Path, **options: float) -> Connection:
    return Connection(transport=Transport, transport_options={"file": str(file), **options})


def take(connection: Connection) -> Any:
    return connection.default_channel._get(QUEUE)


def put(connection: Connection, *bodies: object) -> None:
    for body in bodies:
        connection.default_channel._put(QUEUE, {"body": body})


def test_messages_come_in_order_and_once(connection: Connection) -> None:
    put(connection, 1, 2, 3)
    channel = connection.default_channel
    assert channel._size(QUEUE) == 3
    assert [take(connection)["body"] for _ in range(3)] == [1, 2, 3]
    with pytest.raises(Empty):
        take(connection)
    assert channel._size(QUEUE) == 0


def test_queues_do_not_mix(connection: Connection) -> None:
    put(connection, 1)
    assert connection.default_channel._size("gpu") == 0
    assert connection.default_channel._purge("gpu") == 0
    assert connection.default_channel._purge(QUEUE) == 1


def test_messages_outlive_the_process_that_sent_them(file: Path) -> None:
    with connect(file) as sender:
        put(sender, "kept")
    with connect(file) as worker:
        assert take(worker) == {"body": "kept"}


def test_a_consumer_that_dies_gives_back_what_it_has_not_acknowledged(file: Path) -> None:
    with connect(file) as sender, sender.SimpleQueue(QUEUE) as queue:
        queue.put({"job": 7})
    with connect(file) as worker, worker.SimpleQueue(QUEUE) as queue:
        assert queue.get(timeout=5).payload == {"job": 7}  # closed without an acknowledgement
    with connect(file) as other, other.SimpleQueue(QUEUE) as queue:
        message = queue.get(timeout=5)
        message.ack()
        assert message.payload == {"job": 7}


def test_eight_takers_share_the_messages_without_loss_or_double(file: Path) -> None:
    with connect(file) as sender:
        put(sender, *range(200))
    barrier, lock = threading.Barrier(8), threading.Lock()
    taken: list[int] = []

    def work() -> None:
        with connect(file) as own:
            barrier.wait()
            while own.default_channel._size(QUEUE):
                try:
                    message = take(own)
                except Empty:
                    continue
                with lock:
                    taken.append(message["body"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == list(range(200))


@pytest.mark.parametrize("damage", [b"this is no database at all, but long enough for a header" * 40, "pages"])
def test_a_damaged_file_begins_anew(file: Path, damage: bytes | str) -> None:
    """As after a power cut: nothing here is flushed to disk, and nothing here is the truth about a job."""
    with connect(file) as opened:
        put(opened, *("x" * 5_000 for _ in range(50)))
    if isinstance(damage, bytes):
        file.write_bytes(damage)
    else:
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with connect(file) as opened:
        put(opened, "after")
        assert take(opened)["body"] == "after"


class Loop:
    """Celery's event loop, as far as a transport asks of it."""

    def __init__(self) -> None:
        self.on_tick: set[object] = set()
        self.every: list[float] = []

    def call_repeatedly(self, seconds: float, _call: object) -> None:
        self.every.append(seconds)


@pytest.mark.parametrize(("options", "every"), [({}, LOOK_EVERY), ({"look_every": 0.02}, 0.02)])
def test_it_looks_as_often_as_it_is_told(file: Path, options: dict[str, float], every: float) -> None:
    loop = Loop()
    with connect(file, **options) as opened:
        opened.transport.register_with_event_loop(opened, loop)
    assert loop.every == [every]
