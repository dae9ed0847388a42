"""From what an import run names (a path on this server, or an uploaded file in storage) to a tree of files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from catalog.exceptions import ImportUnreadable
from catalog.importing.archives import ZipTree
from catalog.importing.manifest import CSV, JSON_LINES
from catalog.importing.trees import FolderTree, Tree
from catalog.models import ImportRun

_LONGEST_NAME = 255  # bytes, on every usual file system; a browser's file may have as many characters


@dataclass(slots=True)
class Opened:
    """The files of an import; `manifest` names the one list that was given by itself, `archive` is set for a zip."""

    tree: Tree
    manifest: str = ""
    archive: ZipTree | None = None


@contextmanager
def opened(run: ImportRun) -> Iterator[Opened]:
    """What the run imports from, for the time of the block. Raises ImportUnreadable."""
    if run.upload_key:
        with tempfile.TemporaryDirectory(prefix="vitrine-import-") as folder:
            yield from _at(_local_copy(run, Path(folder)))
    elif run.options.get("in_import_dir"):
        yield from _at(path_in_import_dir(run.origin))
    else:
        yield from _at(Path(run.origin))


def path_in_import_dir(relative: str) -> Path:
    """A path that someone gave on the page, inside the one folder of this server that may be read so.

    Raises ImportUnreadable for one that is not there or leads out of it, by .. or by a link.
    """
    root = Path(settings.IMPORT_DIR)
    try:
        path = (root / relative).resolve()
        inside = path.is_relative_to(root.resolve()) and "\x00" not in relative
    except (OSError, ValueError):
        inside = False
    if not inside or not path.exists():
        raise ImportUnreadable(f"There is no {relative!r} in the import folder of this server.")
    return path


def _local_copy(run: ImportRun, folder: Path) -> Path:
    """The uploaded file as one that can be read back and forth, under its own name: zipfile must seek."""
    suffixes = "".join(Path(run.upload_key).suffixes)
    path = folder / f"upload{suffixes}"
    try:
        with default_storage.open(run.upload_key) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except FileNotFoundError:
        raise ImportUnreadable(f"The uploaded file {run.origin} is not kept any longer: upload it again.") from None
    renamed = path.with_name(Path(run.origin).name or path.name)
    if not renamed.suffix or len(os.fsencode(renamed.name)) > _LONGEST_NAME:
        return path
    return path.rename(renamed)


def _at(path: Path) -> Iterator[Opened]:
    if path.is_dir():
        yield Opened(FolderTree(path))
    elif not path.exists():
        raise ImportUnreadable(f"There is no file or folder {path}.")
    elif CSV.fullmatch(path.name) or JSON_LINES.fullmatch(path.name):
        yield Opened(FolderTree(path.parent), manifest=path.name)
    elif path.suffix.lower() == ".zip":
        archive = ZipTree(path, name=path.stem)
        try:
            yield Opened(archive, archive=archive)
        finally:
            archive.close()
    else:
        raise ImportUnreadable(f"{path.name} is neither a folder, a .zip, a .csv nor a .jsonl file.")
