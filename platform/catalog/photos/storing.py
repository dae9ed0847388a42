"""Files in storage, named by content hash: written before their row, removed after their last row.

A file may be wanted again by one process at the moment in which another removes it. Both hold the `media` lock: who
needs a file holds it shared while checking that the file is there and writing the row; who removes files holds it
alone while checking that no row is there. So no committed row ever points at a removed file.
"""

from collections.abc import Callable, Iterable

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from catalog.locks import hold
from catalog.models import Photo
from catalog.photos.normalising import NormalisedPhoto

MEDIA_LOCK = "media"
_in_use: list[Callable[[set[str]], set[str]]] = []


def photo_key(sha256: str, extension: str) -> str:
    """Where a photo of this hash lies in storage."""
    return f"photos/{sha256[:2]}/{sha256}.{extension}"


def thumbnail_key(sha256: str) -> str:
    return f"thumbnails/{sha256[:2]}/{sha256}.webp"


def hold_files() -> None:
    """From here to the end of the transaction no file is removed."""
    hold(MEDIA_LOCK, shared=True)


def are_stored(sha256: str, extension: str) -> bool:
    """Whether both the photo and its thumbnail are in storage."""
    return default_storage.exists(photo_key(sha256, extension)) and default_storage.exists(thumbnail_key(sha256))


def store(photo: NormalisedPhoto) -> None:
    """Write photo and thumbnail unless they are there; the photo last, so that one with a file has both."""
    for key, data in (
        (thumbnail_key(photo.sha256), photo.thumbnail),
        (photo_key(photo.sha256, photo.format), photo.data),
    ):
        if not default_storage.exists(key):
            write(key, data)


def write(key: str, data: bytes) -> None:
    """Write one file under exactly this key; a storage that made up another name is told to drop it again."""
    written = default_storage.save(key, ContentFile(data))
    if written != key:
        # Another process wrote the same bytes under the key between our look and our save.
        default_storage.delete(written)


def keep_while(in_use: Callable[[set[str]], set[str]]) -> None:
    """Keep the files of photos that no row uses any more as long as a later room works with them.

    `in_use` is given the hashes of such photos and returns those; the nightly sweep asks again for those that stay.
    """
    _in_use.append(in_use)


def remove_unused(photos: Iterable[tuple[str, str]]) -> int:
    """Remove the files of those (sha256, extension) that nothing uses any more; returns how many photos went."""
    wanted = set(photos)
    with transaction.atomic():
        hold(MEDIA_LOCK)
        used = set(Photo.objects.filter(sha256__in={sha256 for sha256, _ in wanted}).values_list("sha256", "format"))
        unused = wanted - used
        held = {sha256 for ask in _in_use for sha256 in ask({sha256 for sha256, _ in unused})} if unused else set()
        unused = {photo for photo in unused if photo[0] not in held}
        for sha256, extension in unused:
            default_storage.delete(photo_key(sha256, extension))
            default_storage.delete(thumbnail_key(sha256))
    return len(unused)
