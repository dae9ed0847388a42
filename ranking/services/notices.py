"""Opens and closes notices of drift."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ranking.models import DriftNotice, Ranker


def open_notice(ranker: Ranker, kind: str, about: str, sentence: str, figures: dict[str, Any]) -> DriftNotice:
    """A notice that stands until it is closed; one that is open already gets the newer figures."""
    told = {"sentence": sentence[:500], "figures": figures}
    wanted: dict[str, Any] = {"ranker": ranker, "kind": kind, "about": about[:120], "closed_at": None}
    try:
        with transaction.atomic():
            return DriftNotice.objects.update_or_create(**wanted, defaults=told)[0]
    except IntegrityError:  # another worker opened it in between
        DriftNotice.objects.filter(**wanted).update(**told)
        return DriftNotice.objects.get(**wanted)


def close(notice: DriftNotice, *, by: Any = None) -> None:
    """Close one; done twice, it is done once."""
    DriftNotice.objects.filter(pk=notice.pk, closed_at=None).update(closed_at=timezone.now(), closed_by=by)


def close_others(ranker: Ranker, kinds: tuple[str, ...], found: set[tuple[str, str]]) -> int:
    """Close the notices of these kinds that were not found again, as (kind, about); returns how many."""
    rows = [row for row in DriftNotice.objects.filter(ranker=ranker, kind__in=kinds, closed_at=None)
            if (row.kind, row.about) not in found]  # fmt: skip
    return DriftNotice.objects.filter(pk__in=[row.pk for row in rows]).update(closed_at=timezone.now())
