"""Which stored pictures campaigns show, so that no sweep removes them: a product may go, what is rated stays."""

from collections.abc import Iterable

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from raters.choosing import in_batches
from raters.models import Subject, Task

HASHES_AT_ONCE = 50  # in one query: each is looked for in the text of the photos


def photos_in_use(sha256s: set[str]) -> set[str]:
    """Those of these hashes whose photos images of some campaign are held against."""
    kept: set[str] = set()
    wanted = sorted(sha256s)
    rows = Subject.objects.annotate(text=Cast("photos", TextField())).order_by()
    for start in range(0, len(wanted), HASHES_AT_ONCE):
        part = wanted[start : start + HASHES_AT_ONCE]
        named = Q(*(("text__contains", one) for one in part), _connector=Q.OR)
        for photos in rows.filter(named).values_list("photos", flat=True).iterator():
            kept |= {one for one in part if any(one in photo["key"] for photo in photos)}
    return kept


def pictures_in_use(keys: Iterable[str]) -> set[str]:
    """Those of these files that a campaign's tasks show although what made them is gone."""
    kept: set[str] = set()
    for part in in_batches(sorted(keys)):
        kept |= set(Task.objects.filter(candidate=None, picture_key__in=part).values_list("picture_key", flat=True))
    return kept
