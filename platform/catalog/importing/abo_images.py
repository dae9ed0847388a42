"""Where ABO's images lie: images.csv looked up by id, and the folders that hold what it names.

images.csv has 400,000 rows. They go into an SQLite file of their own that is thrown away afterwards, so that memory
does not grow with them.
"""

import csv
import re
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from catalog.exceptions import ImportUnreadable
from catalog.importing.lines import Lines
from catalog.importing.trees import Tree, join
from catalog.photos.naming import shown_name

INDEX_NAMES = re.compile(r"images.*\.csv(\.gz)?", re.I)
_INDEX_FOLDERS = ("", "images/metadata", "metadata", "images")
_PHOTO_FOLDERS = ("images/original", "images/small", "original", "small", "images", "")
_BATCH = 10_000


class ImageIndex:
    """Paths of images by ABO image id, as images.csv has them. Empty when there is no images.csv."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        # An empty name is a private database in a file that SQLite removes when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;"
            "CREATE TABLE image (id TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;"
        )
        self._folders = [folder for folder in _PHOTO_FOLDERS if _has_folder(tree, folder)]
        for file in _index_files(tree):
            self._load(file)

    def close(self) -> None:
        self._database.close()

    def find(self, image_id: str) -> str | None:
        """The path in the tree of the file of that image; None when it is not listed or not there."""
        found = self._database.execute("SELECT path FROM image WHERE id = ?", [image_id]).fetchone()
        if found is None or ".." in found[0]:
            return None
        candidates = (join(folder, found[0]) for folder in self._folders)
        return next((path for path in candidates if self._tree.has(path)), None)

    def file_name(self, image_id: str) -> str | None:
        """The last part of the path that images.csv gives for an image."""
        found = self._database.execute("SELECT path FROM image WHERE id = ?", [image_id]).fetchone()
        return found[0].rsplit("/", 1)[-1] if found else None

    def _load(self, file: str) -> None:
        with Lines(self._tree, file) as lines:
            self._load_rows(file, lines)

    def _load_rows(self, file: str, lines: Lines) -> None:
        text = (line.decode(errors="replace") for _, line in lines if line is not None)
        reader = csv.DictReader(text)
        if not {"image_id", "path"} <= set(reader.fieldnames or ()):
            raise ImportUnreadable(f"{shown_name(file)} has no columns image_id and path.")
        rows = ((row["image_id"], row["path"]) for row in reader if row["image_id"] and row["path"])
        self._database.execute("BEGIN")
        for batch in _batches(rows):
            self._database.executemany("INSERT OR REPLACE INTO image VALUES (?, ?)", batch)
        self._database.execute("COMMIT")


def _batches(rows: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _has_folder(tree: Tree, path: str) -> bool:
    above = ""
    for part in path.split("/") if path else ():
        if part not in tree.folders(above):
            return False
        above = join(above, part)
    return True


def _index_files(tree: Tree) -> Iterator[str]:
    for folder in _INDEX_FOLDERS:
        if _has_folder(tree, folder):
            yield from (join(folder, name) for name in tree.files(folder) if INDEX_NAMES.fullmatch(name))
