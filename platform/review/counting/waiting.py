"""Notes tasks whose verdict changed: one row each, only ever added, so that no two raters wait for one another."""

from collections.abc import Iterable
from typing import Any

from review.models import Waiting


def note(tasks: Iterable[int], **_: Any) -> None:
    """Called in the transaction that changes the verdicts: what is rolled back there was never noted."""
    Waiting.objects.bulk_create([Waiting(task=task) for task in tasks], batch_size=1_000)


def how_many(most: int = 1_000) -> int:
    """Changed verdicts that are still to be counted, up to `most`."""
    return Waiting.objects.order_by()[:most].count()
