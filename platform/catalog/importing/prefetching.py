"""Read ahead in a thread: the next batch is parsed while the database works on this one."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


@contextmanager
def prefetched(source: Generator[Item, None, None]) -> Iterator[Iterator[Item]]:
    """The items of a generator, which runs in a thread of its own and is never more than two items ahead.

    The generator must not use Django's database connection: that thread would get another. What it raises is raised
    here. When the block is left early the generator is closed, in its thread, and the thread waited for.
    """
    ahead: queue.Queue[object] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def work() -> None:
        try:
            for item in source:
                _put(ahead, item, stop)
                if stop.is_set():
                    break
            _put(ahead, _END, stop)
        except Exception as error:  # noqa: BLE001 - handed over to the thread that waits
            _put(ahead, error, stop)
        finally:
            source.close()

    thread = threading.Thread(target=work, name="import-reader", daemon=True)
    thread.start()
    try:
        yield _items(ahead)
    finally:
        stop.set()
        thread.join()


def _put(ahead: "queue.Queue[object]", item: object, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            ahead.put(item, timeout=0.1)
        except queue.Full:
            continue
        return


def _items(ahead: "queue.Queue[object]") -> Iterator[Item]:
    while (item := ahead.get()) is not _END:
        if isinstance(item, Exception):
            raise item
        yield item  # type: ignore[misc]
