"""Amazon Berkeley Objects: listings_*.json(.gz), a JSON object a line, with images.csv and the image folder.

A listing's key is item_id with domain_name: marketplaces sell the same item under other texts. Folders named after an
item (`B0799CK52K/*.jpg`, with metadata.txt) are read too, as samples of ABO lie about in that form.
"""

import re
from collections.abc import Iterator
from typing import Any

from catalog.exceptions import ImportUnreadable, RowRefused
from catalog.importing.abo_images import ImageIndex
from catalog.importing.abo_samples import sample_row
from catalog.importing.abo_text import attributes_of, title_of
from catalog.importing.folder import PHOTO_NAMES
from catalog.importing.lines import Lines, parse_object
from catalog.importing.records import Record, Refusal
from catalog.importing.trees import Tree, join
from catalog.services.products import ProductRow, type_name_of

LISTINGS = re.compile(r"listings.*\.json(\.gz)?", re.I)
LISTING_FOLDERS = ("", "listings/metadata", "listings", "metadata")
_ITEM_FOLDER = re.compile(r"B0[0-9A-Z]{8}")


def listing_files(tree: Tree) -> list[str]:
    """Paths of the listing files, wherever ABO's archives or their copies put them."""
    found = []
    for folder in LISTING_FOLDERS:
        if folder == "" or _is_folder(tree, folder):
            found += [join(folder, name) for name in tree.files(folder) if LISTINGS.fullmatch(name)]
    return found


class AboReader:
    """Listings, then the item folders that no listing named. Without `photos` no image is looked for."""

    unit = "B"

    def __init__(self, tree: Tree, *, photos: bool = True, type_name: str = "") -> None:
        self.tree = tree
        self._files = listing_files(tree)
        self._item_folders = {name for name in tree.folders("") if _ITEM_FOLDER.fullmatch(name)}
        if not self._files and not self._item_folders:
            raise ImportUnreadable(f"{tree.name} holds no listings*.json or listings*.json.gz, so it is not ABO.")
        self._with_photos = photos
        self._type_name = type_name
        self.done = 0
        self.total: int | None = sum(map(tree.size, self._files))
        self._images: ImageIndex | None = None

    def __iter__(self) -> Iterator[Record | Refusal]:
        unlisted = set(self._item_folders)
        self._images = ImageIndex(self.tree) if self._with_photos else None
        try:
            for file in self._files:
                yield from self._listings(file, unlisted)
        finally:
            if self._images is not None:
                self._images.close()
        for name in sorted(unlisted):
            yield self._sample(name)

    def _listings(self, file: str, unlisted: set[str]) -> Iterator[Record | Refusal]:
        before, number = self.done, 0
        try:
            with Lines(self.tree, file) as lines:
                for number, line in lines:
                    if line is None or line.strip():
                        yield self._listing(file, number, line, unlisted)
                    self.done = before + lines.position
        except ImportUnreadable as error:
            # The other listing files may be whole.
            yield Refusal(file, number + 1, "", str(error))
        self.done = before + self.tree.size(file)

    def _listing(self, file: str, number: int, line: bytes | None, unlisted: set[str]) -> Record | Refusal:
        external_id = ""
        try:
            listing = parse_object(line)
            item_id = listing.get("item_id")
            if not isinstance(item_id, str) or not item_id:
                raise RowRefused("The listing has no item_id.")
            domain = listing.get("domain_name")
            external_id = f"{item_id}@{domain}" if isinstance(domain, str) and domain else item_id
            row = ProductRow(external_id, title_of(listing), self._type_of(listing), attributes_of(listing))
        except RowRefused as error:
            return Refusal(file, number, external_id[:200], str(error))
        record = Record(file, number, row)
        if self._images is not None:
            self._find_photos(record, listing, item_id)
        unlisted.discard(item_id)
        return record

    def _type_of(self, listing: dict[str, Any]) -> str:
        """The noun in words: CELLULAR_PHONE_CASE is "cellular phone case"."""
        given = listing.get("product_type")
        first = given[0] if isinstance(given, list) and given else given
        value = first.get("value") if isinstance(first, dict) else first
        return type_name_of(value) if isinstance(value, str) and value.strip() else self._type_name

    def _find_photos(self, record: Record, listing: dict[str, Any], item_id: str) -> None:
        wanted = _image_ids(listing)
        own = set(self._folder_photos(item_id))
        missing = []
        for image_id in wanted:
            path = self._images.find(image_id) if self._images else None
            name = self._images.file_name(image_id) if self._images else None
            beside = join(item_id, name) if name else ""
            if path or beside in own:
                record.photos.append(path or beside)
            else:
                missing.append(image_id)
        record.photos += sorted(own - set(record.photos))
        if missing:
            some = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            record.remarks.append(f"{len(missing)} of {len(wanted)} photos are not there: {some}")

    def _folder_photos(self, item_id: str) -> list[str]:
        if item_id not in self._item_folders:
            return []
        return [join(item_id, name) for name in self.tree.files(item_id) if PHOTO_NAMES.fullmatch(name)]

    def _sample(self, item_id: str) -> Record | Refusal:
        try:
            row = sample_row(self.tree, item_id, self._type_name)
        except RowRefused as error:
            return Refusal(item_id, 0, item_id, str(error))
        return Record(item_id, 0, row, self._folder_photos(item_id) if self._with_photos else [])


def _image_ids(listing: dict[str, Any]) -> list[str]:
    """The main image first, then the others, each once; either may be absent."""
    others = listing.get("other_image_id")
    ids = [listing.get("main_image_id"), *(others if isinstance(others, list) else ())]
    return list(dict.fromkeys(image_id for image_id in ids if isinstance(image_id, str) and image_id))


def _is_folder(tree: Tree, path: str) -> bool:
    above, _, name = path.rpartition("/")
    return (not above or _is_folder(tree, above)) and name in tree.folders(above)
