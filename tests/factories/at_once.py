"""Two at the same moment, for tests of races on PostgreSQL."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from django.db.models.signals import pre_save

Made = TypeVar("Made")


def twice_at_once(make: Callable[[], Made], model: type[Model]) -> set[Made]:
    """What two threads have made that both were about to save their first row of `model` before either did.

    SQLite has one writer at a time, who reads what the one before has written: there they would wait for each other.
    """
    both = threading.Barrier(2, timeout=60)
    waited: set[int] = set()

    def wait(**_: Any) -> None:
        if threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            both.wait()

    def make_one(_: int) -> Made:
        try:
            return make()
        finally:
            connection.close()

    pre_save.connect(wait, sender=model)
    try:
        with ThreadPoolExecutor(2) as threads:
            return set(threads.map(make_one, range(2)))
    finally:
        pre_save.disconnect(wait, sender=model)


def until_somebody_waits(or_else: Callable[[], bool], seconds: float = 60) -> None:
    """Return once some session of this PostgreSQL database waits for another's lock, or `or_else()` holds.

    That is for who should have waited and came to an end without: what the test says of it then tells why.
    """
    until = time.monotonic() + seconds
    while not (_somebody_waits() or or_else()):
        assert time.monotonic() < until, f"Nobody has waited for a lock within {seconds:g} s."
        time.sleep(0.02)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction it would stay as it was first seen
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
