"""Locks that last until the transaction ends, by name, for rules that no constraint can hold.

PostgreSQL has advisory locks. SQLite needs none: our transactions begin IMMEDIATE, so one writer runs at a time.
"""

import hashlib

from django.db import connection


def hold(name: str, *, shared: bool = False) -> None:
    """Wait for the lock `name` and hold it to the end of the transaction; shared holders do not exclude each other."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"The lock {name!r} was asked for outside a transaction, where it would be let go at once.")
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(f"catalog:{name}".encode()).digest()[:8], "big", signed=True)
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [number])
