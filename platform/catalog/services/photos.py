"""Add and remove photos of products."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.db import transaction
from django.db.models import Max

from catalog.exceptions import CatalogError, PhotoRefused
from catalog.models import Photo, Product
from catalog.photos import storing
from catalog.photos.checking import read_capped
from catalog.photos.naming import shown_name
from catalog.photos.normalising import normalise
from catalog.services.products import recount_photos

_ATTEMPTS = 3


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


@dataclass(slots=True)
class KeptPhotos:
    """What became of several files: rows that are new, photos that the product had, (name, reason) of the rest.

    `hashes` are those of the kept files, in the order of the names that were taken.
    """

    added: int
    known: int
    hashes: list[str]
    refused: list[tuple[str, str]]


def add_photo(product: Product, file: BinaryIO, *, name: str) -> tuple[Photo, bool]:
    """Keep a photo of a product; (photo, False) when the product has it already.

    Raises PhotoRefused, with a sentence that names the file, for what is not a photo that we keep.
    """
    data = read_capped(file, name)
    kept = add_photos(product.pk, [name], lambda _: data)
    for _, reason in kept.refused:
        raise PhotoRefused(reason)
    return product.photos.get(sha256=kept.hashes[0]), bool(kept.added)


def add_photos(product_id: int, names: Sequence[str], read: Callable[[str], bytes]) -> KeptPhotos:
    """Keep those of several files that are photos; `read(name)` gives a file's bytes or raises CatalogError."""
    for _ in range(_ATTEMPTS):
        if (kept := _add_once(product_id, names, read)) is not None:
            return kept
        # A file went between our look and our row: another process removed its last other use. Write it again.
    with transaction.atomic():
        # Others come and go faster than we do: now they wait for us, not we for them.
        storing.hold_files()
        kept = _add_once(product_id, names, read)
    if kept is None:
        raise PhotoRefused(f"{shown_name(names[0])} vanishes from the storage once written: ask who looks after it.")
    return kept


def _add_once(product_id: int, names: Sequence[str], read: Callable[[str], bytes]) -> KeptPhotos | None:
    """As `add_photos`; None when a file has gone before its row was written."""
    prepared, refused = [], []
    for name in names:
        try:
            prepared.append(prepare(read(name), name=name))
        except CatalogError as error:
            refused.append((name, str(error)))
    added = attach(product_id, prepared) if prepared else 0
    if added is None:
        return None
    return KeptPhotos(added, len(prepared) - added, [photo.sha256 for photo in prepared], refused)


def prepare(data: bytes, *, name: str) -> PreparedPhoto:
    """See that the files of a photo are in storage; a photo seen before, under any product, is not decoded again.

    Raises PhotoRefused.
    """
    source = source_hash(data)
    known = Photo.objects.filter(source_sha256=source).first()
    if known and storing.are_stored(known.sha256, known.format):
        return PreparedPhoto(name, source, known.sha256, known.format, known.width, known.height, known.bytes)
    kept = normalise(data, name)
    storing.store(kept)
    return PreparedPhoto(name, source, kept.sha256, kept.format, kept.width, kept.height, len(kept.data))


def attach(product_id: int, photos: list[PreparedPhoto]) -> int | None:
    """Write the rows of prepared photos that the product lacks; returns how many, None if a file has gone meanwhile."""
    with transaction.atomic():
        storing.hold_files()
        # One at a time per product: two processes with the same photo make one row and keep its counts right.
        product = Product.objects.select_for_update().filter(pk=product_id).first()
        if product is None:
            raise PhotoRefused("The product has been removed meanwhile, so its photos are not kept.")
        has = set(product.photos.filter(sha256__in=[photo.sha256 for photo in photos]).values_list("sha256", flat=True))
        wanted = {photo.sha256: photo for photo in reversed(photos) if photo.sha256 not in has}
        if not all(storing.are_stored(photo.sha256, photo.format) for photo in wanted.values()):
            return None
        if wanted:
            _insert(product, list(reversed(wanted.values())))
            recount_photos(product_id)
    return len(wanted)


def remove_photo(photo: Photo) -> None:
    """Remove a photo from its product, and its files when no other product uses them; one that has gone is no error."""
    with transaction.atomic():
        list(Product.objects.select_for_update().filter(pk=photo.product_id).values_list("pk"))
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
            original_name=shown_name(photo.name.rsplit("/", 1)[-1]),
            position=position,
        )
        for position, photo in enumerate(photos, start=first)
    )


def source_hash(data: bytes) -> str:
    """By which an uploaded file is known again: SHA-256 of its bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
