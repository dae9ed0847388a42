"""Which images a list hands on, to be marked or sent: the chosen ones, all that it has, or a share by chance."""

import math
import random
from collections.abc import Iterable, Sequence

from generation.models import Candidate
from review import walls
from review.cards import ImageKey, key_of
from review.exceptions import CannotChoose
from review.filters import Filters
from review.models import JudgedImage
from review.wall_forms import MOST_SENT
from review.walls import Wall

MOST_DRAWN_FROM = 200_000  # images that a share is drawn from
WHOLE = 100  # percent


def keys_on(wall: Wall, share: int = WHOLE) -> list[ImageKey]:
    """All images of a wall, each once, or so many percent of them, drawn by chance and at least one.

    Raises CannotChoose for none, and for more than MOST_SENT.
    """
    found = walls.rows(wall).order_by("pk")
    if share < WHOLE:
        found = found.filter(pk__in=_drawn(list(found.values_list("pk", flat=True)[: MOST_DRAWN_FROM + 1]), share))
    else:
        checked(walls.counted(wall).number)
    return _keys(found if wall.verdict == walls.OPEN else found.select_related("task").defer("task__prompt"))


def keys_of_items(filters: Filters, items: Sequence[int]) -> list[ImageKey]:
    """The images of these items that the filters choose, none for no item. Raises CannotChoose as `keys_on` does."""
    found = filters.rows().filter(item__in=items).order_by("pk")
    if items:
        checked(found[: MOST_SENT + 1].count())
    return _keys(found.select_related("task").defer("task__prompt"))


def checked(number: int) -> int:
    """The number of images, where so many can be handed on at once. Raises CannotChoose."""
    if not number:
        raise CannotChoose("Choose some images first.")
    if number > MOST_SENT:
        raise CannotChoose(
            f"{MOST_SENT:,} images are marked or sent at once, and these are more: choose fewer, or a share of them."
        )
    return number


def _drawn(pks: Sequence[int], share: int) -> list[int]:
    if len(pks) > MOST_DRAWN_FROM:
        raise CannotChoose(f"A share is drawn from {MOST_DRAWN_FROM:,} images at most: choose fewer by the filters.")
    number = checked(math.ceil(len(pks) * share / WHOLE))
    return random.SystemRandom().sample(pks, number)


def _keys(found: Iterable[JudgedImage | Candidate]) -> list[ImageKey]:
    return list(dict.fromkeys(key_of(row) for row in found))
