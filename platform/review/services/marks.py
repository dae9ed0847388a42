"""Marks images for a second look, and takes the mark off again."""

from typing import Any

from django.db import transaction

from generation.models import Candidate
from raters.models import Task
from review.cards import ImageKey, key_of
from review.models import Mark

MODELS: dict[str, Any] = {"candidate": Candidate, "task": Task}


class NoSuchImage(LookupError):
    """An image that is not there; the text is the sentence for the person."""


def image_of(key: ImageKey) -> Candidate | Task:
    """The image with that key. Raises NoSuchImage; for the task of a candidate, too, as the candidate is the image."""
    found: Candidate | Task | None = MODELS[key.kind].objects.filter(pk=key.pk).first()
    if found is None or key_of(found) != key:
        raise NoSuchImage(f"There is no image {key}.")
    return found


@transaction.atomic
def mark(key: ImageKey, *, marked: bool, by: Any = None) -> None:
    """Mark an image, or take its mark off; done twice, it is as done once. Raises NoSuchImage."""
    image_of(key)
    if marked:
        Mark.objects.get_or_create(**key.column, defaults={"by": by})
    else:
        Mark.objects.filter(**key.column).delete()
