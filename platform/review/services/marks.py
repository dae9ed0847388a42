"""Marks images for a second look, and takes the mark off again."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from generation.models import Candidate
from raters.models import Task
from review.cards import ImageKey, by_kind, key_of, marks_on
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


@transaction.atomic
def mark_all(keys: Sequence[ImageKey], *, marked: bool, by: Any = None) -> int:
    """Mark images, or take their marks off; those that are gone are left out. How many that changed.

    They are marked in one order, whoever does it: two who mark the same ones at once would wait for each other.
    """
    there = _there(keys)
    with_one = marks_on(there)
    if not marked:
        return sum(Mark.objects.filter(**{f"{kind}__in": pks}).delete()[0] for kind, pks in by_kind(with_one).items())
    fresh = sorted((key for key in there if key not in with_one), key=lambda key: (key.kind, key.pk))
    made = {key: Mark(**key.column, by=by) for key in fresh}
    Mark.objects.bulk_create(made.values(), ignore_conflicts=True)
    return _kept(made)


def _kept(made: Mapping[ImageKey, Mark]) -> int:
    """How many of these marks are there, rather than those of somebody who was first: their times tell them apart."""
    kept = 0
    for kind, pks in by_kind(made).items():
        rows = Mark.objects.filter(**{f"{kind}__in": pks}).values_list(kind, "at")
        kept += sum(made[ImageKey(kind, pk)].at == at for pk, at in rows)
    return kept


def _there(keys: Sequence[ImageKey]) -> list[ImageKey]:
    """Those that name an image; the task of a candidate does not, as the candidate is the image."""
    wanted = by_kind(keys)
    pks = {
        "candidate": set(Candidate.objects.filter(pk__in=wanted.get("candidate", [])).values_list("pk", flat=True)),
        "task": set(Task.objects.filter(pk__in=wanted.get("task", []), candidate=None).values_list("pk", flat=True)),
    }
    return [key for key in dict.fromkeys(keys) if key.pk in pks[key.kind]]
