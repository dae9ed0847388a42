"""Which images a list hands on, to be marked or sent: the chosen ones, all that it has, or a share by chance."""

import math
import random
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from generation.models import Candidate
from review import walls
from review.cards import ImageKey, key_from
from review.exceptions import CannotChoose
from review.filters import Filters
from review.wall_forms import MOST_SENT
from review.walls import Wall

MOST_DRAWN_FROM = 200_000  # rows that a share is drawn from: an image has one for each campaign that judged it
WHOLE = 100  # percent


def keys_on(wall: Wall, share: int = WHOLE) -> list[ImageKey]:
    """All images of a wall, each once, or so many percent of them, drawn by chance and at least one.

    Raises CannotChoose for none, and for more than MOST_SENT.
    """
    rows = _rows(walls.rows(wall))
    keys = list(dict.fromkeys(rows))
    if share == WHOLE:
        checked(len(keys))
    if len(rows) > MOST_DRAWN_FROM:
        raise CannotChoose(f"A share is drawn from {MOST_DRAWN_FROM:,} images at most: choose fewer by the filters.")
    return keys if share == WHOLE else _drawn(keys, share)


def keys_of_items(filters: Filters, items: Sequence[int]) -> list[ImageKey]:
    """The images of these items that the filters choose, none for no item. Raises CannotChoose as `keys_on` does."""
    keys = list(dict.fromkeys(_rows(filters.rows().filter(item__in=items))))
    if items:
        checked(len(keys))
    return keys


def checked(number: int) -> int:
    """The number of images, where so many can be handed on at once. Raises CannotChoose."""
    if not number:
        raise CannotChoose("Choose some images first.")
    if number > MOST_SENT:
        raise CannotChoose(
            f"{MOST_SENT:,} images are marked or sent at once, and these are more: choose fewer, or a share of them."
        )
    return number


def _drawn(keys: Sequence[ImageKey], share: int) -> list[ImageKey]:
    number = checked(math.ceil(len(keys) * share / WHOLE))
    return random.SystemRandom().sample(keys, number)


def _rows(found: QuerySet[Any]) -> list[ImageKey]:
    """Which image each row is of, in their order: up to one more than a share is drawn from."""
    ordered = found.order_by("pk")
    if found.model is Candidate:
        pks = ordered.values_list("pk", flat=True)[: MOST_DRAWN_FROM + 1]
        return [ImageKey("candidate", pk) for pk in pks]
    pairs = ordered.values_list("task__candidate", "pk")[: MOST_DRAWN_FROM + 1]
    return [key_from(candidate, task) for candidate, task in pairs]
