"""Two at the same moment, for tests of races on PostgreSQL."""

import threading
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
