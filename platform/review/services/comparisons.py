"""Asks for comparisons, which a worker computes, and keeps what came out: a comparison once made never changes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from jobs import services as jobs
from jobs.exceptions import JobError
from review import moved
from review.filters import Filters
from review.forms import FilterForm
from review.models import Comparison
from review.plain import plain
from review.services.asking import fitting

if TYPE_CHECKING:
    from review.comparing import Moved

COMPARE = "review.compare"
MOST_METHODS = 6
LONGEST_METHOD = 120  # characters of its name
OWN_BEST = "own_best"  # in results: a ranker's best are each method's own; once they were of all methods together
SHOWN = 12  # products that changed sides, each way, that a page shows; the others are in their file
Progress = Callable[..., None]


class CannotAsk(ValueError):
    """Methods that cannot be compared; the text is the sentence for the person."""


@transaction.atomic
def ask(filters: Filters, methods: Sequence[str], *, by: Any = None) -> Comparison:
    """Have methods compared with the first of them, on the images chosen. Raises CannotAsk and TooLong."""
    wanted = list(dict.fromkeys(method for method in methods if method))
    if not 2 <= len(wanted) <= MOST_METHODS:
        raise CannotAsk(f"Choose 2 to {MOST_METHODS} different methods; the first is what the others are held against.")
    for method in wanted:
        if len(method) > LONGEST_METHOD or "\x00" in method:
            raise CannotAsk(f"{method[:40]!r} is no method: a name has up to {LONGEST_METHOD} characters of text.")
    about = filters.but(method="")
    made = Comparison.objects.create(query=fitting(about.query), methods=wanted, asked_by=by)
    subject = f"Comparison of {' and '.join(wanted)}"[:200]
    jobs.submit(COMPARE, {"comparison": made.pk}, key=made.job_key, subject=subject, asked_by=by)
    return made


def run(comparison: int, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Compute a comparison and keep it; one that is kept stays, whoever asks for it again.

    Raises JobError with the sentence where there is nothing to compare.
    """
    from review import comparing  # noqa: PLC0415 - reaches numpy: workers only
    from review.statistics.exceptions import CannotCompare  # noqa: PLC0415 - as above

    row = Comparison.objects.get(pk=comparison)
    if row.result is not None:
        return {"methods": len(row.methods), "products": row.result[0]["products"]}
    filters, open_one = filters_of(row), Comparison.objects.filter(pk=row.pk, result__isnull=True)
    try:
        found = comparing.compare(filters, row.methods, seed=row.pk, progress=progress)
    except CannotCompare as problem:
        open_one.update(problem=str(problem)[:500], computed_at=timezone.now())
        raise JobError(str(problem)) from None
    told = [plain(one) | {"moved": _moved(one.moved), OWN_BEST: True} for one in found]
    everything = {one.second: asdict(one.moved) for one in found}
    open_one.update(result=moved.with_pictures(filters, told), moved=everything, problem="", computed_at=timezone.now())
    return {"methods": len(row.methods), "products": found[0].products}


def filters_of(row: Comparison) -> Filters:
    """What a comparison is about."""
    return FilterForm(QueryDict(row.query)).filters()


def has_own_best(row: Comparison) -> bool:
    """Whether a ranker's best are those of each product and method: so in all but those computed by the former rule."""
    return all(one.get(OWN_BEST, False) for one in row.result or [])


def _moved(found: "Moved") -> dict[str, Any]:
    """The first few each way, and how many there are."""
    sides = {"gained": found.gained, "lost": found.lost}
    return {name: {"items": list(items[:SHOWN]), "count": len(items)} for name, items in sides.items()}
