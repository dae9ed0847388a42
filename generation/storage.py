"""The pipeline's files in the project's storage, a folder or S3; and the state of long work, replaced as it goes."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.photos.storing import write
from generation.files import Files

CHECKPOINTS = "generation-checkpoints"
SPARED = timedelta(days=7)  # younger files are never swept
Write = Callable[[], None]


class DjangoStore:
    """Bytes by key in the project's default storage. A file appears whole or not at all, in a folder as in S3."""

    def read(self, key: str) -> bytes:
        """The bytes of a key. Raises FileNotFoundError."""
        with default_storage.open(key, "rb") as opened:
            return bytes(opened.read())

    def write(self, key: str, data: bytes) -> None:
        """Keep them under exactly this key; the same key always has the same bytes."""
        write(key, data)

    def exists(self, key: str) -> bool:
        """Whether it is there to stay. One that the sweep may soon take, were it unused, is to be written anew."""
        try:
            # Half of the time, so that what is wanted again now is young until a row names it.
            return default_storage.get_modified_time(key) > timezone.now() - SPARED / 2
        except FileNotFoundError:
            return False


def storage_store() -> DjangoStore:
    """The store of this site."""
    return DjangoStore()


def site_files() -> Files:
    """The pipeline's pictures and data in the site's storage."""
    return Files(storage_store())


class Checkpoints:
    """The state of one stage's long work, by name: it outlives the process, and goes when the stage is done.

    Each state is a file of its own, and a small one names the newest: our storages replace a file in one step, so that
    a crash at any moment leaves the state before.
    """

    def __init__(self, fingerprint: str) -> None:
        self._folder = f"{CHECKPOINTS}/{fingerprint[:2]}/{fingerprint}"

    def keep(self, name: str, data: bytes, show: Callable[[Write], None] = lambda write: write()) -> None:
        """Keep it in place of what was there.

        `show` is handed the short write after which it is what `read` gives: by then the long one is done. Where it
        raises instead, what was there stays.
        """
        before, own = self._newest(name), f"{name}.{hashlib.sha256(data).hexdigest()[:16]}"
        self._write(own, data)
        show(lambda: self._write(f"{name}.newest", own.encode()))
        if before not in (None, own):
            default_storage.delete(f"{self._folder}/{before}")

    def read(self, name: str) -> bytes | None:
        """What was kept last."""
        newest = self._newest(name)
        return None if newest is None else self._read(newest)

    def forget(self) -> None:
        """Remove all of them."""
        try:
            names = default_storage.listdir(self._folder)[1]
        except FileNotFoundError:
            return
        for name in names:
            default_storage.delete(f"{self._folder}/{name}")

    def _newest(self, name: str) -> str | None:
        said = self._read(f"{name}.newest")
        return None if said is None else said.decode()

    def _read(self, file: str) -> bytes | None:
        try:
            with default_storage.open(f"{self._folder}/{file}", "rb") as opened:
                return bytes(opened.read())
        except FileNotFoundError:
            return None

    def _write(self, file: str, data: bytes) -> None:
        default_storage.save(f"{self._folder}/{file}", ContentFile(data))


def checkpoints_kept() -> Iterator[tuple[str, datetime]]:
    """The fingerprint of each stage that has checkpoints, and when the newest of them was written."""
    for start in listed(CHECKPOINTS)[0]:
        for fingerprint in listed(f"{CHECKPOINTS}/{start}")[0]:
            folder = f"{CHECKPOINTS}/{start}/{fingerprint}"
            times = [modified(f"{folder}/{name}") for name in listed(folder)[1]]
            if times:
                yield fingerprint, max(times)


def listed(path: str) -> tuple[list[str], list[str]]:
    """The folders and the files in a folder; none where it does not exist."""
    try:
        return default_storage.listdir(path)
    except FileNotFoundError:
        return [], []


def modified(key: str) -> datetime:
    """When a file was written; now, where it is gone meanwhile."""
    try:
        return default_storage.get_modified_time(key)
    except FileNotFoundError:
        return timezone.now()
