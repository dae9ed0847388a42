"""A folder of photos per product: `<product>/photo.jpg` or `<type>/<product>/photo.jpg`, with an optional product.json.

The folder's name is the external id, and the title too unless product.json gives one. Photos in folders below a
product's folder are that product's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.exceptions import CatalogError, RowRefused
from catalog.importing.archives import read_start
from catalog.importing.lines import parse_object
from catalog.importing.records import Record, Refusal
from catalog.importing.trees import Tree, join, walk
from catalog.photos.naming import shown_name
from catalog.services.products import ProductRow, type_name_of

METADATA = "product.json"
METADATA_MAX_BYTES = 1_000_000
# Names that promise a photo: these are checked, and refused aloud when they are none. Other files are not looked at.
PHOTO_NAMES = re.compile(r".+\.(jpe?g|jpe|jfif|png|webp|gif|bmp|tiff?|hei[cf]|avif|svg|jxl|jp2|psd|pdf|raw|dng)", re.I)


class FolderReader:
    """Products by folder. `type_name` is for products that do not name their own; else the folder above, if it is one
    of types, or a known type's words in the folder's name, tell the type."""

    unit = "folders"

    def __init__(self, tree: Tree, *, type_name: str = "", known_types: Sequence[str] = ()) -> None:
        self.tree = tree
        self.done = 0
        self.total: int | None = 0
        self._type_name = type_name
        self._taken: dict[str, str] = {}  # by external id: the folder that was taken under it
        # Longest first: "phone case" before "case".
        self._known_types = sorted(known_types, key=len, reverse=True)

    def __iter__(self) -> Iterator[Record | Refusal]:
        folders = self.tree.folders("")
        self.total = len(folders) or 1
        loose = [name for name in self.tree.files("") if PHOTO_NAMES.fullmatch(name)]
        if loose and not folders:
            yield self._product("", self.tree.name, "")
        elif loose:
            yield from map(_loose, loose)
        for name in folders:
            yield from self._below(name, name, "")
            self.done += 1

    def _below(self, path: str, name: str, above: str) -> Iterator[Record | Refusal]:
        """The product that a folder is, or those in it; `above` is the type that the folder above names."""
        if METADATA in self.tree.files(path) or any(map(PHOTO_NAMES.fullmatch, self.tree.files(path))):
            yield self._product(path, name, above)
            return
        inner = self.tree.folders(path)
        self.total = (self.total or 0) + len(inner)
        for child in inner:
            yield from self._below(join(path, child), child, type_name_of(name))
            self.done += 1

    def _product(self, path: str, name: str, above: str) -> Record | Refusal:
        file = join(path, METADATA)
        try:
            given = self._metadata(file) if self.tree.has(file) else {}
            row = self._row(name, above, given)
        except CatalogError as error:
            return Refusal(file, 0, name[:200], str(error))
        first = self._taken.setdefault(row.external_id, path)
        if first != path:
            # Two products under one id would become one, with the photos of both.
            return Refusal(path, 0, row.external_id[:200], _taken_already(row.external_id, path, first))
        photos = [found for found in walk(self.tree, path) if PHOTO_NAMES.fullmatch(found)]
        return Record(path or name, 0, row, photos)

    def _metadata(self, file: str) -> dict[str, Any]:
        if self.tree.size(file) > METADATA_MAX_BYTES:
            raise RowRefused(f"{shown_name(file)} is larger than a megabyte.")
        text = read_start(self.tree, file, METADATA_MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
        try:
            return parse_object(text)
        except RowRefused as error:
            raise RowRefused(f"{shown_name(file)}: {str(error).replace('The line', 'It')}") from None

    def _row(self, name: str, above: str, given: Mapping[str, Any]) -> ProductRow:
        words = {key: given.get(key, "") for key in ("external_id", "title", "type")}
        for key, value in words.items():
            if not isinstance(value, str):
                raise RowRefused(f"In {METADATA}, {key} must be text, not {value!r:.80}.")
        attributes = given.get("attributes", {})
        if not isinstance(attributes, dict):
            raise RowRefused(f"In {METADATA}, attributes must be an object in braces.")
        rest = {key: value for key, value in given.items() if key not in {*words, "attributes"}}
        type_name = type_name_of(words["type"]) or self._type_name or above or self._type_in(name)
        external_id, title = words["external_id"].strip() or name, words["title"].strip() or name
        return ProductRow(external_id, title, type_name, {**rest, **attributes})

    def _type_in(self, name: str) -> str:
        spaced = f" {type_name_of(name)} "
        return next((known for known in self._known_types if f" {known} " in spaced), "")


def _taken_already(external_id: str, path: str, first: str) -> str:
    return (
        f"{shown_name(path)} has the external id {external_id!r}, as {shown_name(first)} has, which was taken: "
        f"rename the folder, or give it an external_id of its own in {METADATA}."
    )


def _loose(name: str) -> Refusal:
    reason = f"{shown_name(name)} lies beside the product folders: put it into a folder named after its product."
    return Refusal(name, 0, "", reason)
