"""A zip archive as a tree: its entries are judged by the directory of the archive, and read without unpacking.

zipfile reads no more of an entry than the directory promises and checks its CRC, so a lying entry cannot outgrow the
limits that are applied to the promise.
"""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from catalog.exceptions import ImportUnreadable, RowRefused
from catalog.importing.trees import Tree, inner_path, is_clutter, join
from catalog.photos.naming import shown_name

MOST_ENTRIES = 100_000
LARGEST_TOTAL = 64 * 10**9  # bytes, unpacked
# Each folder of a path is kept by name: one entry of 30,000 folders would take a gigabyte.
DEEPEST = 16
LONGEST_PATH = 500
# Photos hardly shrink and text seldom by more than 20 to 1; deflate itself ends at 1032 to 1.
LARGEST_RATIO = 200
SMALL_ENTRY = 1_000_000  # bytes, unpacked: below this no ratio does harm
_ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst"}
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
READ_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def read_start(tree: Tree, path: str, most: int) -> bytes:
    """The first `most` bytes of a file in a tree. Raises RowRefused when it is not there or damaged."""
    try:
        with tree.open(path) as file:
            return file.read(most)
    except READ_ERRORS:
        raise damaged(path) from None


def damaged(path: str) -> RowRefused:
    """What to raise for a file that is there and breaks off, or is not what it was, while it is read."""
    return RowRefused(f"{shown_name(path)} is damaged where it lies: copy it or make the archive again.")


class ZipTree:
    """A zip archive on disk. `refused` holds (entry, reason) of those entries that are never read."""

    def __init__(self, path: Path, *, name: str = "") -> None:
        self.name = name or path.stem
        self.refused: list[tuple[str, str]] = []
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._folders: dict[str, set[str]] = {"": set()}
        self._files: dict[str, list[str]] = {}
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError):
            shown = shown_name(name or path.name)
            raise ImportUnreadable(
                f"{shown} is not a zip archive, or is cut short. Make it or copy it again."
            ) from None
        self._check_total()
        for info in self._zip.infolist():
            self._take(info)

    def close(self) -> None:
        self._zip.close()

    def folders(self, path: str) -> list[str]:
        return sorted(self._folders.get(path, ()))

    def files(self, path: str) -> list[str]:
        return sorted(self._files.get(path, ()))

    def has(self, path: str) -> bool:
        return path in self._entries

    def size(self, path: str) -> int:
        return self._entries[path].file_size

    def open(self, path: str) -> BinaryIO:
        info = self._entries.get(path)
        if info is None:
            raise RowRefused(f"{shown_name(path)} is not in the archive.")
        try:
            return cast(BinaryIO, self._zip.open(info))
        except READ_ERRORS:
            raise RowRefused(f"{shown_name(path)} is damaged inside the archive.") from None

    def within(self, folder: str) -> "ZipFolder":
        return ZipFolder(self, folder)

    def _check_total(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > MOST_ENTRIES:
            raise ImportUnreadable(
                f"{self.name} holds {len(infos):,} files; an archive may hold {MOST_ENTRIES:,}. Split it, or "
                "unpack it and import the folder."
            )
        total = sum(info.file_size for info in infos)
        packed = sum(info.compress_size for info in infos)
        if total > LARGEST_TOTAL or (total > 100 * SMALL_ENTRY and total > LARGEST_RATIO * max(packed, 1)):
            raise ImportUnreadable(
                f"{self.name} would unpack to {total / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB: that is a bomb, not a "
                "set of photos, so nothing of it is read."
            )

    def _take(self, info: zipfile.ZipInfo) -> None:
        if any(is_clutter(part) for part in PurePosixPath(info.filename).parts if part not in {".", ".."}):
            return
        try:
            path = inner_path(info.filename)
        except RowRefused as error:
            self.refused.append((info.filename, str(error)))
            return
        if path.count("/") > DEEPEST or len(path) > LONGEST_PATH:
            limits = f"more than {DEEPEST} folders deep, or its path has more than {LONGEST_PATH} characters"
            self.refused.append((path, f"{shown_name(path)} lies {limits}: put it higher up."))
            return
        reason = _refusal_of(info)
        if reason:
            self.refused.append((path, f"{shown_name(path)} {reason}"))
        elif not info.is_dir() and path not in self._entries:
            self._entries[path] = info
            self._place(path)

    def _place(self, path: str) -> None:
        *above, name = path.split("/")
        folder = ""
        for part in above:
            self._folders.setdefault(folder, set()).add(part)
            folder = join(folder, part)
        self._files.setdefault(folder, []).append(name)


class ZipFolder:
    """The part of a zip archive below one folder."""

    def __init__(self, archive: ZipTree, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self.name = folder.rsplit("/", 1)[-1]

    def folders(self, path: str) -> list[str]:
        return self._archive.folders(self._path(path))

    def files(self, path: str) -> list[str]:
        return self._archive.files(self._path(path))

    def has(self, path: str) -> bool:
        return self._archive.has(self._path(path))

    def size(self, path: str) -> int:
        return self._archive.size(self._path(path))

    def open(self, path: str) -> BinaryIO:
        return self._archive.open(self._path(path))

    def within(self, folder: str) -> "ZipFolder":
        return ZipFolder(self._archive, self._path(folder))

    def _path(self, path: str) -> str:
        return join(self._folder, path) if path else self._folder


def _refusal_of(info: zipfile.ZipInfo) -> str | None:  # noqa: PLR0911 - one reason a line
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, and links in archives are not followed."
    if info.is_dir():
        return None
    if info.flag_bits & 0x1:
        return "is encrypted: make the archive without a password."
    if PurePosixPath(info.filename).suffix.lower() in _ARCHIVES:
        return "is an archive inside the archive: unpack it first."
    if info.compress_type not in _METHODS:
        return "is packed by a method that is not read here: use an ordinary zip."
    if info.file_size > SMALL_ENTRY and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
        return f"would grow {info.file_size / max(info.compress_size, 1):,.0f}-fold on unpacking: that is a bomb."
    return None
