"""A manifest: CSV or JSON lines, a product a row, with paths of photos relative to the manifest.

Columns: external_id (required), title, type, photos (several parted by | or ;), attributes (JSON). Any other column is
kept as an attribute. docs/importing.md says the same to people.
"""

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from catalog.exceptions import ImportUnreadable, RowRefused
from catalog.importing.lines import LONGEST_LINE, Lines, decode, parse_object
from catalog.importing.records import Record, Refusal
from catalog.importing.trees import Tree, join
from catalog.photos.naming import shown_name
from catalog.services.products import ProductRow, type_name_of

JSON_LINES = re.compile(r".+\.(jsonl|ndjson)(\.gz)?", re.I)
CSV = re.compile(r".+\.(csv|tsv)(\.gz)?", re.I)
_COLUMNS = ("external_id", "title", "type", "photos", "attributes")
_ALIASES = {
    "external_id": ("id", "sku", "product_id", "item_id"),
    "title": ("name", "product_title"),
    "type": ("product_type", "category"),
    "photos": ("photo", "images", "image"),
}
_SEPARATORS = ",;\t"


class ManifestReader:
    """Rows of one manifest; `type_name` is for rows that name no type."""

    unit = "B"

    def __init__(self, tree: Tree, path: str, *, type_name: str = "") -> None:
        self.tree = tree
        self.done = 0
        self.total: int | None = tree.size(path)
        self._path = path
        self._folder = path.rpartition("/")[0]
        self._type_name = type_name

    def __iter__(self) -> Iterator[Record | Refusal]:
        with Lines(self.tree, self._path) as lines:
            for line, fields in self._json_rows(lines) if JSON_LINES.fullmatch(self._path) else self._csv_rows(lines):
                self.done = lines.position
                yield self._taken(line, fields)
        self.done = self.total or 0

    def _taken(self, line: int, fields: dict[str, Any] | str) -> Record | Refusal:
        if isinstance(fields, str):
            return Refusal(self._path, line, "", fields)
        try:
            return self._record(line, fields)
        except RowRefused as error:
            return Refusal(self._path, line, str(fields.get("external_id") or "")[:200], str(error))

    def _json_rows(self, lines: Lines) -> Iterator[tuple[int, dict[str, Any] | str]]:
        for number, line in lines:
            if line is not None and not line.strip():
                continue
            try:
                yield number, _canonical(parse_object(line))
            except RowRefused as error:
                yield number, str(error)

    def _csv_rows(self, lines: Lines) -> Iterator[tuple[int, dict[str, Any] | str]]:
        too_long: list[int] = []
        text = self._csv_text(lines, too_long)
        head = next(text, "")
        names = self._header(head)
        csv.field_size_limit(LONGEST_LINE)
        reader = csv.reader(text, delimiter=_separator(head), strict=True)
        first = 2
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield first, f"The row is not CSV: {error}."
            else:
                if any(cells):
                    yield first, _fields(names, cells)
            while too_long:
                yield too_long.pop(), f"The line is longer than {LONGEST_LINE:,} bytes."
            first = reader.line_num + 2

    def _csv_text(self, lines: Lines, too_long: list[int]) -> Iterator[str]:
        """Lines as text for csv; bytes that are not UTF-8 stay visible as surrogates. An endless line comes empty."""
        for number, line in lines:
            if line is None:
                too_long.append(number)
            yield (line or b"").decode(errors="surrogateescape") + "\n"

    def _header(self, line: str) -> list[str]:
        """Column names in lower case. Raises ImportUnreadable for a list that no row can be read from."""
        shown = shown_name(self._path)
        try:
            cells = next(csv.reader([decode(line.encode(errors="surrogateescape"))], delimiter=_separator(line)), [])
        except (RowRefused, csv.Error) as error:
            raise ImportUnreadable(f"The first line of {shown} cannot be read. {error}") from None
        names = [cell.strip().lower() for cell in cells]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise ImportUnreadable(f"{shown} has two columns {twice[0]!r}.")
        if "external_id" not in _canonical(dict.fromkeys(names, "")):
            found = ", ".join(names)[:200] or "nothing"
            raise ImportUnreadable(f"{shown} has no column external_id; its first line holds {found}.")
        return names

    def _record(self, line: int, fields: dict[str, Any]) -> Record:
        words = {name: _word(name, fields.get(name)) for name in ("external_id", "title", "type")}
        rest = {name: value for name, value in fields.items() if name not in _COLUMNS and value not in ("", None)}
        row = ProductRow(
            words["external_id"],
            words["title"] or words["external_id"],
            type_name_of(words["type"]) or self._type_name,
            {**rest, **_attributes(fields.get("attributes"))},
        )
        photos = [join(self._folder, path) if ":" not in path else path for path in _paths(fields.get("photos"))]
        return Record(self._path, line, row, photos)


def _separator(head: str) -> str:
    return max(_SEPARATORS, key=head.count)


def _fields(names: list[str], cells: list[str]) -> dict[str, Any] | str:
    if len(cells) > len(names):
        return f"The row has {len(cells)} cells, and the first line names {len(names)} columns."
    fields = dict(zip(names, cells, strict=False))
    for name, cell in fields.items():
        try:
            decode(cell.encode(errors="surrogateescape"))
        except RowRefused:
            return f"The column {name} is not UTF-8. Save the file as UTF-8."
    fields.pop("", None)
    return _canonical(fields)


def _canonical(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields, where one stands under another usual name ("sku") moved to ours unless ours is there, too."""
    fields = {name.strip().lower(): value for name, value in fields.items()}
    for ours, others in _ALIASES.items():
        other = next((name for name in others if name in fields), None)
        if ours not in fields and other is not None:
            fields[ours] = fields.pop(other)
    return fields


def _word(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | float | list | dict):
        raise RowRefused(f"The {name} must be text, not {json.dumps(value)[:80]}.")
    return str(value).strip()


def _attributes(value: Any) -> dict[str, Any]:
    if value in ("", None):
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RowRefused("The column attributes is not JSON.") from None
    if not isinstance(value, dict):
        raise RowRefused("The column attributes must hold a JSON object in braces.")
    return value


def _paths(value: Any) -> list[str]:
    if value in ("", None):
        return []
    parts = re.split(r"[|;\n]", value) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise RowRefused("The column photos must hold paths: text, or a list of texts.")
    return [part.strip() for part in parts if part.strip()]
