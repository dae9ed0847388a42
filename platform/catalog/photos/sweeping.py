"""Remove what no row points at: files whose import died before their row was written, and uploads that expired."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.media import media_file
from catalog.models import ImportRun
from catalog.photos.storing import remove_unused

BATCH = 500
PARTIAL = ".part"  # as vitrine.folder_storage names what is not whole yet
UPLOADS_KEPT_FOR = timedelta(days=7)


def sweep_photos(*, older_than: timedelta) -> int:
    """Remove photos and thumbnails that no row uses and that are older than that; returns how many photos went.

    The media lock alone makes this safe at any time; the age spares work that is under way from doing it again.
    """
    before = timezone.now() - older_than
    removed, batch = 0, set[tuple[str, str]]()
    for sha256, extension in _stored(before):
        batch.add((sha256, extension))
        if len(batch) >= BATCH:
            removed += remove_unused(batch)
            batch = set()
    return removed + (remove_unused(batch) if batch else 0)


def sweep_uploads() -> int:
    """Remove uploads whose import has ended, or that waited longer than a week for it; returns how many went."""
    before, removed = timezone.now() - UPLOADS_KEPT_FOR, 0
    for name in _names("uploads"):
        key = f"uploads/{name}"
        waiting = ImportRun.objects.filter(upload_key=key, finished_at=None, created_at__gt=before)
        # An upload is stored a moment before its run: only an old one without a run is forgotten.
        if not waiting.exists() and _modified(key) < timezone.now() - timedelta(hours=1):
            default_storage.delete(key)
            removed += 1
    return removed


def _stored(before: datetime) -> Iterator[tuple[str, str]]:
    """(sha256, extension) of each stored photo of that age, also of a thumbnail that has lost its photo."""
    for prefix in ("photos", "thumbnails"):
        for start in _folders(prefix):
            for name in _names(f"{prefix}/{start}"):
                key = f"{prefix}/{start}/{name}"
                if name.endswith(PARTIAL) and _modified(key) < before:
                    # A write that a crash cut short: a folder keeps it beside the place where the file was to go.
                    default_storage.delete(key)
                elif media_file(key) and _modified(key) < before:
                    sha256, _, extension = name.partition(".")
                    yield sha256, extension if prefix == "photos" else _photo_extension(sha256)


def _photo_extension(sha256: str) -> str:
    return "png" if default_storage.exists(f"photos/{sha256[:2]}/{sha256}.png") else "jpg"


def _folders(path: str) -> list[str]:
    try:
        return default_storage.listdir(path)[0]
    except FileNotFoundError:
        return []


def _names(path: str) -> list[str]:
    try:
        return default_storage.listdir(path)[1]
    except FileNotFoundError:
        return []


def _modified(key: str) -> datetime:
    try:
        return default_storage.get_modified_time(key)
    except FileNotFoundError:
        # Gone meanwhile: nothing is left to sweep.
        return timezone.now()
