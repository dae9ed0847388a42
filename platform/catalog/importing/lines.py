"""Lines of big text files, one at a time, from a tree: plain or gzipped, never more than one line in memory."""

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Self

from catalog.exceptions import ImportUnreadable, RowRefused
from catalog.importing.trees import Tree
from catalog.photos.naming import shown_name

LONGEST_LINE = 2_000_000  # bytes
_BOM = b"\xef\xbb\xbf"
# A gzipped list that grows beyond this is no list: real ones stay under 20 to 1.
_LARGEST_RATIO = 300


class Lines:
    """Numbered lines of a file as bytes without their end; `position` is how many bytes of the file itself are read.

    A line longer than LONGEST_LINE comes as None. Raises ImportUnreadable where the file is damaged
    or may not be opened. The file is closed at its end, or with the block of a `with`.
    """

    def __init__(self, tree: Tree, path: str) -> None:
        self.path = path
        try:
            self._raw: BinaryIO = tree.open(path)
        except RowRefused as error:
            # Of a list it is not one row that cannot be read, but all.
            raise ImportUnreadable(str(error)) from None
        self._gzipped = path.lower().endswith(".gz")
        self._text: BinaryIO = gzip.GzipFile(fileobj=self._raw) if self._gzipped else self._raw  # type: ignore[assignment]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        return self._raw.tell()

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        number = read = 0
        with self._raw:
            while line := self._read_line():
                number += 1
                read += len(line)
                if self._gzipped and read > 10**8 and read > _LARGEST_RATIO * max(self._raw.tell(), 1):
                    raise ImportUnreadable(f"{shown_name(self.path)} grows {_LARGEST_RATIO}-fold on unpacking: a bomb.")
                if number == 1:
                    line = self._without_bom(line)
                if len(line) > LONGEST_LINE:
                    self._skip(line)
                    yield number, None
                else:
                    yield number, line.rstrip(b"\r\n")

    def _read_line(self) -> bytes:
        try:
            return self._text.readline(LONGEST_LINE + 1)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError):
            raise ImportUnreadable(f"{shown_name(self.path)} is damaged or cut short from here on.") from None

    def _skip(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._read_line()

    def _without_bom(self, line: bytes) -> bytes:
        if line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ImportUnreadable(f"{shown_name(self.path)} is UTF-16 text. Save it as UTF-8.")
        return line.removeprefix(_BOM)


def decode(line: bytes) -> str:
    """The line as text. Raises RowRefused with the place of the first byte that is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start]
        raise RowRefused(f"Byte {error.start + 1} (0x{byte:02x}) is not UTF-8. Save the file as UTF-8.") from None


def parse_object(line: bytes | None) -> dict[str, Any]:
    """The JSON object on a line. Raises RowRefused; NaN and infinity are refused, JSON has none."""
    if line is None:
        raise RowRefused(f"The line is longer than {LONGEST_LINE:,} bytes.")
    try:
        value = _STRICT_JSON.decode(decode(line))
    except json.JSONDecodeError as error:
        raise RowRefused(f"The line is not JSON: {error.msg} at column {error.colno}.") from None
    except (RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RowRefused(f"The line cannot be read: {reason}.") from None
    if not isinstance(value, dict):
        raise RowRefused("The line is JSON, but no object in braces.")
    return value


def _refuse_constant(name: str) -> None:
    raise RowRefused(f"The line holds {name}, which is not JSON.")


# One for all lines: json.loads with an argument builds a decoder for each.
_STRICT_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
