"""Tables as files: CSV and Parquet, written while they are sent: a million rows take no more memory than ten."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone

from raters.exchange.writing import Sink, disarmed, taken_from
from review.plain import plain

Kind = Literal["text", "integer", "number", "day"]
Row = Sequence[Any]


@dataclass(frozen=True)
class Column:
    """A column's name in files and in the API, and what its values are."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Columns, and what gives the rows in batches; nothing is read before that is called."""

    columns: tuple[Column, ...]
    batches: Callable[[], Iterable[Sequence[Row]]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Row by row, as JSON holds it."""
        names = [column.name for column in self.columns]
        for batch in self.batches():
            for row in batch:
                yield {name: plain(value) for name, value in zip(names, row, strict=True)}


def table(columns: str, rows: Callable[[], Iterable[Row]]) -> Table:
    """A small table, read at once."""
    return Table(columns_of(columns), lambda: [list(rows())])


def columns_of(told: str) -> tuple[Column, ...]:
    """Columns by name, each with its kind behind a colon where it is no text: "task:integer name"."""
    parts = (one.partition(":") for one in told.split())
    return tuple(Column(name, cast("Kind", kind or "text")) for name, _, kind in parts)


def as_csv(found: Table) -> Iterator[bytes]:
    """UTF-8 with commas and a header line. Text that a spreadsheet would run as a formula is disarmed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in found.columns])
    texts = [place for place, column in enumerate(found.columns) if column.kind == "text"]
    for batch in found.batches():
        writer.writerows(_disarmed(row, texts) for row in batch)
        yield taken_from(buffer)
    yield taken_from(buffer)


def as_parquet(found: Table) -> Iterator[bytes]:
    """Parquet with a row group for each batch; text is as it is, since no spreadsheet runs it."""
    import pyarrow  # noqa: PLC0415 - 60 MB that a web process needs for nothing else
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {"text": pyarrow.string(), "integer": pyarrow.int64(), "number": pyarrow.float64(), "day": pyarrow.date32()}
    schema = pyarrow.schema([(column.name, kinds[column.kind]) for column in found.columns])
    sink = Sink()
    with parquet.ParquetWriter(sink, schema) as writer:
        for batch in found.batches():
            columns = zip(*batch, strict=True) if batch else [()] * len(schema)
            arrays = [pyarrow.array(values, one.type) for values, one in zip(columns, schema, strict=True)]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


FORMATS: dict[str, tuple[Callable[[Table], Iterator[bytes]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "parquet": (as_parquet, "application/vnd.apache.parquet"),
}


def response(found: Table, ending: str, name: str) -> StreamingHttpResponse:
    """The table as a file to keep, streamed. Raises Http404 for an ending that there is not."""
    if ending not in FORMATS:
        raise Http404(f"A table is no {ending[:10]!r} file; it is {' or '.join(FORMATS)}.")
    write, content_type = FORMATS[ending]
    answer = StreamingHttpResponse(write(found), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y-%m-%d}.{ending}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _disarmed(row: Row, texts: Sequence[int]) -> list[Any]:
    told = list(row)
    for place in texts:
        told[place] = disarmed(told[place])
    return told
