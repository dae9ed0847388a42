"""Writes notes on products and images; each is its writer's alone to change, to remove, and to bring back."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Product
from review.cards import ImageKey
from review.models import Item, Note
from review.services.marks import image_of

LONGEST = 4_000  # characters


class BadNote(ValueError):
    """A note that cannot be; the text is the sentence for the person."""


@transaction.atomic
def write_on_image(key: ImageKey, text: str, *, by: Any) -> Note:
    """Raises BadNote, and NoSuchImage."""
    image_of(key)
    return Note.objects.create(**key.column, text=_checked(text), by=by)


@transaction.atomic
def write_on_item(item: Item, text: str, *, by: Any) -> Note:
    """Raises BadNote."""
    return Note.objects.create(item=item, text=_checked(text), by=by)


def item_of(product: Product) -> Item:
    """What figures know a product as; made where none of its images is judged yet."""
    return Item.objects.get_or_create(
        key=f"product:{product.pk}", defaults={"product": product.pk, "name": product.title}
    )[0]


def change(note: Note, text: str, *, by: Any) -> None:
    """Raises BadNote for another's note."""
    _check_own(note, by)
    note.text, note.changed_at = _checked(text), timezone.now()
    note.save(update_fields=["text", "changed_at"])


def remove(note: Note, *, by: Any) -> None:
    """Take a note away, until `restore` brings it back. Raises BadNote for another's note."""
    _check_own(note, by)
    note.removed_at = timezone.now()
    note.save(update_fields=["removed_at"])


def restore(note: Note, *, by: Any) -> None:
    """Raises BadNote for another's note."""
    _check_own(note, by)
    note.removed_at = None
    note.save(update_fields=["removed_at"])


def _check_own(note: Note, by: Any) -> None:
    if note.by_id is None or note.by_id != by.pk:
        raise BadNote("Only who wrote a note changes or removes it.")


def _checked(text: str) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise BadNote("Write something first.")
    if len(words) > LONGEST:
        raise BadNote(f"The note has {len(words):,} characters; {LONGEST:,} are taken.")
    if "\0" in words:
        raise BadNote("The note has a character that cannot be kept.")
    return words
