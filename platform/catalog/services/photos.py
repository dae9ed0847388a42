"""Add and remove photos of products."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from django.db import transaction
from django.db.models import Max

from catalog.exceptions import CatalogError
from catalog.models import Photo, Product
from catalog.photos import storing
from catalog.photos.checking import read_capped
from catalog.photos.normalising import normalise
from catalog.services.products import recount_photos


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """A photo whose file is in storage and which only wants its row. Sizes in pixels and bytes."""

    name: str
    source_sha256: str
    sha256: str
    format: str
    width: int
    height: int
    bytes: int


def add_photo(product: Product, file: BinaryIO, *, name: str) -> tuple[Photo, bool]:
    """Keep a photo of a product; (photo, False) when the product has it already.

    Raises PhotoRefused, with a sentence that names the file, for what is not a photo that we keep.
    """
    data = read_capped(file, name)
    # The file may vanish between writing and the row only while another process removes its last other use.
    for _ in range(3):
        prepared = prepare(data, name=name)
        added = attach(product, [prepared])
        if added is not None:
            return Photo.objects.get(product=product, sha256=prepared.sha256), bool(added)
    raise CatalogError(f"{name} is being removed by others over and over: try again.")


def prepare(data: bytes, *, name: str) -> PreparedPhoto:
    """See that the files of a photo are in storage; a photo seen before, under any product, is not decoded again.

    Raises PhotoRefused.
    """
    source = hashlib.sha256(data).hexdigest()
    known = Photo.objects.filter(source_sha256=source).first()
    if known and storing.are_stored(known.sha256, known.format):
        return PreparedPhoto(name, source, known.sha256, known.format, known.width, known.height, known.bytes)
    kept = normalise(data, name)
    storing.store(kept)
    return PreparedPhoto(name, source, kept.sha256, kept.format, kept.width, kept.height, len(kept.data))


def attach(product: Product, photos: list[PreparedPhoto]) -> int | None:
    """Write the rows of prepared photos that the product lacks; returns how many, None if a file has gone meanwhile."""
    with transaction.atomic():
        storing.hold_files()
        # One at a time per product: two processes with the same photo make one row and keep its counts right.
        Product.objects.select_for_update().get(pk=product.pk)
        has = set(product.photos.filter(sha256__in=[photo.sha256 for photo in photos]).values_list("sha256", flat=True))
        wanted = {photo.sha256: photo for photo in reversed(photos) if photo.sha256 not in has}
        if not all(storing.are_stored(photo.sha256, photo.format) for photo in wanted.values()):
            return None
        if wanted:
            _insert(product, [photo for photo in reversed(wanted.values())])
            recount_photos(product.pk)
    return len(wanted)


def remove_photo(photo: Photo) -> None:
    """Remove a photo from its product, and its files when no other product uses them."""
    with transaction.atomic():
        Product.objects.select_for_update().get(pk=photo.product_id)
        Photo.objects.filter(pk=photo.pk).delete()
        recount_photos(photo.product_id)
        transaction.on_commit(lambda: remove_files([photo]))


def remove_files(photos: list[Photo]) -> int:
    """Remove the files of photos whose rows are gone, where no other row uses them; returns how many photos went."""
    return storing.remove_unused((photo.sha256, photo.format) for photo in photos)


def _insert(product: Product, photos: list[PreparedPhoto]) -> None:
    last = product.photos.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    Photo.objects.bulk_create(
        Photo(
            product=product,
            sha256=photo.sha256,
            source_sha256=photo.source_sha256,
            format=photo.format,
            width=photo.width,
            height=photo.height,
            bytes=photo.bytes,
            original_name=photo.name.rsplit("/", 1)[-1][-255:],
            position=position,
        )
        for position, photo in enumerate(photos, start=first)
    )
