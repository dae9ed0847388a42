"""A seller's own backgrounds: files in VITRINE_BACKGROUNDS_DIR that people add, remove and put back at a page.

A removed one lies in the folder's `removed` for a month, from where it can be put back. Runs that are planned have
their pictures in the store already, so that they go on. Of a background's two files the picture is what makes it one:
it comes after its facts and goes before them, so that no run ever takes one without them.
"""

import fcntl
import io
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.utils.text import slugify
from PIL import Image

from catalog.photos.checking import read_capped
from catalog.photos.naming import shown_name
from catalog.photos.normalising import normalise
from generation import backdrops
from generation.exceptions import NotPossible
from generation.records import Backdrop

REMOVED = "removed"
KEPT_FOR = timedelta(days=30)  # a removed one; then it goes with the next that is removed
LONGEST_NAME = 60
_THUMBNAIL_SIDE = 400  # pixels
_FACTS, _PART = ".json", ".part"


@dataclass(frozen=True)
class Listed:
    """A background as the page shows it: what is known of it, or why it cannot be used."""

    name: str
    backdrop: Backdrop | None
    problem: str = ""


def owned(*, removed: bool = False) -> list[Listed]:
    """The seller's own by name, bad files too, since those stop all runs until they go; or the removed ones."""
    try:
        return [Listed(one.name, one) for one in backdrops.bank(_folder(removed))]
    except NotPossible as refusal:
        one_by_one = [_listed(path) for path in backdrops.pictures_in(_folder(removed))]
        # Two files of one name are good alone, and bad together.
        bad = any(one.problem for one in one_by_one)
        return one_by_one if bad else [Listed(one.name, None, str(refusal)) for one in one_by_one]


def shipped() -> list[Listed]:
    """Those that come with Vitrine, but for the ones that an own of their name hides."""
    own = {one.name for one in owned()}
    return [Listed(one.name, one) for one in backdrops.bank() if one.name not in own]


def add(file: BinaryIO, name: str, facts: dict[str, Any]) -> str:
    """Keep an uploaded picture as a background with these facts; returns the name by which methods ask for it.

    Kept are its pixels, upright and in sRGB. Raises PhotoRefused for what is no picture, NotPossible for one that is
    too small or whose name is taken.
    """
    photo = normalise(read_capped(file, name), name)
    if min(photo.width, photo.height) < backdrops.LEAST_SIDE:
        raise NotPossible(
            f"{shown_name(name)} has {photo.width} x {photo.height} pixels; a background needs at least"
            f" {backdrops.LEAST_SIDE} a side."
        )
    own = slugify(Path(name).stem)[:LONGEST_NAME].strip("-") or "background"
    told = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    with _alone():
        if own in {one.name for one in [*owned(), *shipped()]}:
            raise NotPossible(f"There is a background {own} already; rename the file, or remove that one first.")
        _write(_folder() / f"{own}.json", told.encode())
        _write(_folder() / f"{own}.{photo.format}", photo.data)
    return own


def remove(name: str) -> None:
    """Offer one to new runs no longer. What was removed a month ago goes for good. Raises NotPossible for no such.

    One of its name that was removed before is kept beside it, with a number after the name.
    """
    with _files_of(name, _folder()) as files:
        for old in _long_removed():
            old.unlink(missing_ok=True)
        _number(name, _folder(removed=True))
        _move(files, _folder(removed=True))


def put_back(name: str) -> None:
    """Undo a removal. Raises NotPossible when it has gone for good, or another has its name now."""
    with _files_of(name, _folder(removed=True)) as files:
        if _pictures(_named(name, _folder())):
            raise NotPossible(f"There is another background {name} now; remove that one first.")
        _move(reversed(files), _folder())


def thumbnail(name: str, *, removed: bool = False) -> bytes:
    """A small WebP of one: an own, or else a shipped one. Raises NotPossible for no such, or a damaged file."""
    folder = _folder(removed)
    if not removed and not _named(name, folder):
        folder = backdrops.BANK
    path = backdrops.file_of(name, folder)
    return _small(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _small(path: Path, _changed: int) -> bytes:
    image = backdrops.picture_in(path)
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _folder(removed: bool = False) -> Path:
    own = Path(settings.BACKGROUNDS_DIR)
    return own / REMOVED if removed else own


def _listed(path: Path) -> Listed:
    try:
        return Listed(path.stem, backdrops.read_one(path))
    except NotPossible as refusal:
        return Listed(path.stem, None, str(refusal))


def _named(name: str, folder: Path) -> list[Path]:
    """The files of that name, pictures before facts; found by looking, so that no name leads out of the folder."""
    kinds = (*backdrops.KINDS, _FACTS)
    found = folder.iterdir() if folder.is_dir() else ()
    files = (path for path in found if path.stem == name and path.suffix.lower() in kinds)
    return sorted(files, key=lambda path: (path.suffix == _FACTS, path.suffix))


def _pictures(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix != _FACTS]


@contextmanager
def _files_of(name: str, folder: Path) -> Iterator[list[Path]]:
    """Its files, with nobody else at work. What another person took away in between is told as not there."""
    gone = f"There is no background {name!r} any more; somebody has been faster."
    if not _named(name, folder):
        raise NotPossible(gone)
    with _alone():
        files = _named(name, folder)
        try:
            if not _pictures(files):
                raise FileNotFoundError
            yield files
        except FileNotFoundError:
            raise NotPossible(gone) from None


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else adds, removes or puts back meanwhile, in no process; what a killed one left half-written goes."""
    _folder().mkdir(parents=True, exist_ok=True)
    with (_folder() / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed
        for part in _folder().glob(f".*{_PART}"):
            part.unlink()
        yield


def _number(name: str, folder: Path) -> None:
    """Give the files of that name the first free number, so that another may have the name."""
    files = _named(name, folder)
    new = next(f"{name}-{number}" for number in count(2) if not _named(f"{name}-{number}", folder))
    for path in files:
        path.replace(path.with_stem(new))


def _move(files: Iterable[Path], to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for path in files:
        os.utime(path)  # the month begins now
        path.replace(to / path.name)


def _long_removed() -> list[Path]:
    folder, before = _folder(removed=True), time.time() - KEPT_FOR.total_seconds()
    return [path for path in folder.iterdir() if path.stat().st_mtime < before] if folder.is_dir() else []


def _write(path: Path, data: bytes) -> None:
    """All of a file or nothing, over what a killed process may have left of that name."""
    part = path.with_name(f".{path.name}{_PART}")
    part.write_bytes(data)
    part.replace(path)
