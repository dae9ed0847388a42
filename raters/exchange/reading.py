"""Files into rows, each with where it stands. What cannot be read is told by its line, and reading goes on."""

import csv
import io
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from raters.exceptions import Refused
from raters.exchange import label_studio
from raters.exchange.rows import NEEDED
from raters.exchange.writing import armed

LONGEST_LINE = 1_000_000


class BadFile(Refused):
    """Nothing of the file can be used; the sentence says why."""

    code, status = "bad_file", 422


class Line(NamedTuple):
    """A row and its place, or what is wrong with it."""

    number: int
    row: dict[str, Any]
    problem: str = ""


def lines_of(file: BinaryIO, name: str) -> Generator[Line, None, None]:
    """The rows of a file of that name; its ending says what it is. Raises BadFile."""
    ending = Path(name).suffix.lower().lstrip(".")
    if ending not in READERS:
        raise BadFile(f"{name!r} is of no known kind: a file of ratings ends in .{', .'.join(READERS)}.")
    return READERS[ending](file)


def from_csv(file: BinaryIO) -> Generator[Line, None, None]:
    """A header line, then one row a line; text that was disarmed for spreadsheets is as it was."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_columns(names)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                yield Line(reader.line_num, {}, f"has {len(cells)} cells where the header has {len(names)}")
                continue
            yield Line(reader.line_num, {name: armed(cell) for name, cell in zip(names, cells, strict=True)})
    except UnicodeDecodeError:
        raise BadFile(f"After line {reader.line_num} the file is no text in UTF-8.") from None
    except csv.Error as error:
        raise BadFile(f"After line {reader.line_num} the file is no CSV: {error}.") from None
    finally:
        text.detach()  # the file is the caller's to close


def from_jsonl(file: BinaryIO) -> Generator[Line, None, None]:
    """One JSON object a line."""
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):  # lists within lists without end
            yield Line(number, {}, "is no JSON")
            continue
        if not isinstance(row, dict):
            yield Line(number, {}, "is no JSON object")
            continue
        yield Line(number, row)


def from_parquet(file: BinaryIO) -> Generator[Line, None, None]:
    """Rows are counted from 1."""
    import pyarrow  # noqa: PLC0415 - 60 MB that a web process needs for nothing else
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with parquet.ParquetFile(file) as opened:
            _check_columns(opened.schema_arrow.names)
            number = 0
            for batch in opened.iter_batches(batch_size=1_000):
                for row in batch.to_pylist():
                    number += 1
                    yield Line(number, row)
    except (pyarrow.ArrowInvalid, OSError):
        raise BadFile("The file is no Parquet file, or is damaged.") from None


def from_label_studio(file: BinaryIO) -> Generator[Line, None, None]:
    """Label Studio's JSON export; its tasks are counted from 1."""
    try:
        tasks = json.load(file)
    except (ValueError, RecursionError):
        raise BadFile("The file is no JSON. Label Studio's export is a list of tasks with their annotations.") from None
    if not isinstance(tasks, list):
        raise BadFile("Label Studio's export is a list of tasks; this file holds something else.")
    for number, task in enumerate(tasks, start=1):
        try:
            for row in label_studio.rows_of_task(task):
                yield Line(number, row)
        except label_studio.NotReadable as problem:
            yield Line(number, {}, str(problem))


READERS = {"csv": from_csv, "jsonl": from_jsonl, "parquet": from_parquet, "json": from_label_studio}


def _check_columns(names: list[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise BadFile(
            f"The column {missing[0]!r} is missing. A file of ratings needs {', '.join(NEEDED)}; it has"
            f" {', '.join(names)[:300] or 'none'}."
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise BadFile(f"The column {doubled[0]!r} is there twice.")
