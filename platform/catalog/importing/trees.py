"""Files to import from, wherever they lie: a folder on disk here, a zip archive in `archives`.

Paths inside a tree are relative, with forward slashes; "" is the tree's root.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from catalog.exceptions import ImportUnreadable, RowRefused
from catalog.photos.naming import shown_name

# What systems leave beside people's files.
_CLUTTER = {"__macosx", "thumbs.db", "desktop.ini"}
_DRIVE = re.compile(r"[A-Za-z]:")


class Tree(Protocol):
    """A read-only tree of files. `open` raises RowRefused for a file that is not there or may not be read."""

    name: str

    def folders(self, path: str) -> list[str]:
        """Names of the folders directly in a folder, sorted; hidden ones are left out."""

    def files(self, path: str) -> list[str]:
        """Names of the files directly in a folder, sorted; hidden ones are left out."""

    def has(self, path: str) -> bool:
        """Whether there is a file of that path."""

    def size(self, path: str) -> int:
        """Bytes of a file as it lies there."""

    def open(self, path: str) -> BinaryIO:
        """The file for reading."""

    def within(self, folder: str) -> "Tree":
        """The tree below a folder."""


def inner_path(text: str) -> str:
    """A path as someone wrote it, in a tree's own form. Raises RowRefused for one that leads out of the tree."""
    path = text.strip().replace("\\", "/")
    if re.match(r"[a-z][a-z0-9+.-]*://", path, re.I):
        raise RowRefused(f"{shown_name(text)} is a web address; nothing is downloaded. Put the file beside the list.")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if not parts or "\x00" in path:
        raise RowRefused(f"{shown_name(text)!r} is not the path of a file.")
    if path.startswith("/") or ".." in parts or _DRIVE.match(path):
        raise RowRefused(f"{shown_name(text)} leads out of the folder that is imported, so it is not opened.")
    return "/".join(parts)


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def is_clutter(name: str) -> bool:
    """Whether this is a hidden file or one that a system, not a person, put there."""
    return name.startswith(".") or name.lower() in _CLUTTER


def walk(tree: Tree, folder: str = "") -> Iterator[str]:
    """Paths of all files below a folder, a folder's own before its subfolders'."""
    for name in tree.files(folder):
        yield join(folder, name)
    for name in tree.folders(folder):
        yield from walk(tree, join(folder, name))


class FolderTree:
    """A folder on disk. Links are followed only to files that lie inside it."""

    def __init__(self, root: Path) -> None:
        try:
            self._root = root.resolve(strict=True)
            with os.scandir(self._root):
                pass
        except FileNotFoundError:
            raise ImportUnreadable(f"There is no folder {root}.") from None
        except NotADirectoryError:
            raise ImportUnreadable(f"{root} is a file, and a folder is needed here.") from None
        except PermissionError:
            raise ImportUnreadable(f"The folder {root} may not be read by this user.") from None
        self.name = self._root.name

    def folders(self, path: str) -> list[str]:
        return self._names(path, lambda entry: entry.is_dir(follow_symlinks=False))

    def files(self, path: str) -> list[str]:
        return self._names(path, lambda entry: entry.is_file())

    def has(self, path: str) -> bool:
        try:
            return (self._root / path).is_file()
        except OSError:
            # A name longer than any file's, say.
            return False

    def size(self, path: str) -> int:
        return (self._root / path).stat().st_size

    def open(self, path: str) -> BinaryIO:
        try:
            real = (self._root / path).resolve(strict=True)
            if not real.is_relative_to(self._root):
                raise RowRefused(f"{shown_name(path)} is a link that leads out of the folder, so it is not opened.")
            if not real.is_file():
                raise RowRefused(f"{shown_name(path)} is not a file.")  # a pipe would be waited for, for ever
            return real.open("rb")
        except FileNotFoundError:
            raise RowRefused(f"{shown_name(path)} is not there.") from None
        except OSError as error:
            raise RowRefused(f"{shown_name(path)} cannot be read: {error.strerror}.") from None

    def within(self, folder: str) -> "FolderTree":
        return FolderTree(self._root / folder)

    def _names(self, path: str, wanted: Callable[["os.DirEntry[str]"], bool]) -> list[str]:
        try:
            with os.scandir(self._root / path) as entries:
                return sorted(entry.name for entry in entries if not is_clutter(entry.name) and wanted(entry))
        except OSError as error:
            raise ImportUnreadable(f"The folder {self._root / path} cannot be read: {error.strerror}.") from None
