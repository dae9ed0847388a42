"""Insert many products at once, past the ORM: on PostgreSQL by COPY, on SQLite by executemany.

bulk_create spends more time on building statements than the database on running them: without it an import of 150,000
rows is twice as fast. The database's own rules (constraints, triggers, generated columns) hold all the same.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

COLUMNS = ("source", "external_id", "title", "type_id", "attributes", "photo_count", "created_at", "updated_at")
_NAMES = ", ".join(COLUMNS)
_PLACES = ", ".join(["%s"] * len(COLUMNS))


def insert_products(source: str, rows: Iterable[Sequence[Any]]) -> None:
    """Insert new products of a source from (external id, title, type id or None, attributes as JSON text).

    Raises IntegrityError when one of them exists.
    """
    now = timezone.now()
    at = now if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(now)
    complete = ((source, *row, 0, at, at) for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django wraps the errors of execute only.
            with connection.wrap_database_errors, cursor.copy(f"COPY catalog_product ({_NAMES}) FROM STDIN") as copy:
                for row in complete:
                    copy.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO catalog_product ({_NAMES}) VALUES ({_PLACES})", list(complete))  # noqa: S608


@contextmanager
def bounded_memory() -> Iterator[None]:
    """For the block, SQLite reads its file without mapping it: mapped pages count as this process's memory.

    Pages are read faster with the map (vitrine.settings), a long import would touch all of it: 170 MB more at 150,000
    rows than at 50,000, without being faster.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA mmap_size")
        mapped = cursor.fetchone()
        cursor.execute("PRAGMA mmap_size = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA mmap_size = {int(mapped[0]) if mapped else 0}")


def as_json(attributes: dict[str, Any]) -> str:
    """JSON text as both databases' JSON columns take it. Raises ValueError for NaN and infinity."""
    return json.dumps(attributes, allow_nan=False)
