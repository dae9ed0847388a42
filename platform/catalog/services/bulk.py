"""Insert many products at once, past the ORM: on PostgreSQL by COPY, on SQLite as one JSON text.

bulk_create spends more time on building statements than the database on running them: without it an import of 150,000
rows is twice as fast. The database's own rules (constraints, triggers, generated columns) hold all the same.

On SQLite it is one statement for many rows, and not executemany: that takes Python's lock back after each row, for
which it would wait on the thread that reads ahead, and so the two would never run side by side.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

COLUMNS = ("source", "external_id", "title", "type_id", "attributes", "photo_count", "created_at", "updated_at")
_NAMES = ", ".join(COLUMNS)
_FIELDS = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(4))
_FROM_JSON = f"INSERT INTO catalog_product ({_NAMES}) SELECT %s, {_FIELDS}, 0, %s, %s FROM json_each(%s)"  # noqa: S608
_TEXT_AT_A_TIME = 8_000_000  # characters; SQLite takes a value of up to 1,000,000,000 bytes
Row = Sequence[Any]


def insert_products(source: str, rows: Iterable[Row]) -> None:
    """Insert new products of a source from (external id, title, type id or None, attributes as JSON text).

    Raises IntegrityError when one of them exists.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django wraps the errors of execute only.
            with connection.wrap_database_errors, cursor.copy(f"COPY catalog_product ({_NAMES}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row((source, *row, 0, now, now))
        else:
            at = connection.ops.adapt_datetimefield_value(now)
            for text in _json_arrays(rows):
                cursor.execute(_FROM_JSON, (source, at, at, text))


def _json_arrays(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as JSON arrays of about _TEXT_AT_A_TIME characters, in order."""
    parts: list[str] = []
    size = 0
    for row in rows:
        parts.append(json.dumps(row, ensure_ascii=False))
        size += len(parts[-1])
        if size >= _TEXT_AT_A_TIME:
            yield f"[{','.join(parts)}]"
            parts, size = [], 0
    if parts:
        yield f"[{','.join(parts)}]"


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
