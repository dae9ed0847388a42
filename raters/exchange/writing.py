"""Batches of rows as the bytes of a file, made while they are sent: a million rows take no more memory than ten."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from raters.exchange.rows import COLUMNS, NAMES

Batches = Iterator[list[dict[str, Any]]]
# A spreadsheet takes a cell that begins like this for a formula, and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ARROW = {"text": "string", "number": "float64", "flag": "bool"}


def disarmed(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, with an apostrophe before it; all else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def armed(text: str) -> str:
    """The text as it was before `disarmed`."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def as_csv(batches: Batches, names: Sequence[str] = NAMES) -> Iterator[bytes]:
    """Comma-separated, UTF-8, a header line; no answer at all still gives the header."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(names)
    for batch in batches:
        writer.writerows([_cell(row[name]) for name in names] for row in batch)
        yield taken_from(buffer)
    yield taken_from(buffer)


def as_jsonl(batches: Batches) -> Iterator[bytes]:
    """One JSON object a line."""
    for batch in batches:
        yield "".join(json.dumps(_plain(row), ensure_ascii=False) + "\n" for row in batch).encode()


def as_json_list(batches: Batches) -> Iterator[bytes]:
    """One JSON list over all batches, as Label Studio's export is."""
    yield b"["
    between = ""
    for batch in batches:
        for item in batch:
            yield (between + json.dumps(item, ensure_ascii=False)).encode()
            between = ",\n"
    yield b"]\n"


def as_parquet(batches: Batches) -> Iterator[bytes]:
    """Parquet with a row group for each batch."""
    import pyarrow  # noqa: PLC0415 - 60 MB that a web process needs for nothing else
    from pyarrow import parquet  # noqa: PLC0415

    fields = [(column.name, _arrow_type(pyarrow, column.kind)) for column in COLUMNS]
    schema, sink = pyarrow.schema(fields), Sink()
    with parquet.ParquetWriter(sink, schema) as writer:
        for batch in batches:
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
            yield sink.taken()
    yield sink.taken()


FORMATS: dict[str, tuple[Callable[[Batches], Iterator[bytes]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "jsonl": (as_jsonl, "application/x-ndjson"),
    "parquet": (as_parquet, "application/vnd.apache.parquet"),
}


class Sink(io.RawIOBase):
    """What a writer of files writes to; `taken` is what it has written since."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def taken_from(buffer: io.StringIO) -> bytes:
    """What was written since, as UTF-8; the buffer is empty then."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _arrow_type(pyarrow: Any, kind: str) -> Any:
    if kind == "time":
        return pyarrow.timestamp("us", tz="UTC")
    return pyarrow.type_for_alias(_ARROW[kind])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return disarmed(_text(value))


def _text(value: Any) -> Any:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else value


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
