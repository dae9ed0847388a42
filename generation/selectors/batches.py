"""Batches for pages and API: the list, one with its counts, and why runs failed; see `progress` for its stages."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.shortcuts import get_object_or_404

from generation.models import Batch, Run
from vitrine.paging import Page, keyset_page

PAGE_SIZE = 40
STATES = ("succeeded", "running", "planned", "paused", "needs_person", "failed", "cancelled")


def batch_page(*, after: int | None = None, before: int | None = None, size: int = PAGE_SIZE) -> Page[Batch]:
    """One page of batches, newest first; one query."""
    rows = Batch.objects.select_related("method", "asked_by")
    return keyset_page(rows, after=after, before=before, size=size)


def batch_or_404(pk: int) -> Batch:
    return get_object_or_404(Batch.objects.select_related("method", "asked_by"), pk=pk)


@dataclass(frozen=True)
class StateCount:
    """How many of a batch's runs are in a state; `start` and `percent` place it in a bar of 100."""

    state: str
    label: str
    number: int
    start: float
    percent: float


def counts_of(batch: Batch) -> list[StateCount]:
    """The kept counts by state, those without any left out."""
    whole, start, found = max(batch.total, 1), 0.0, []
    for state in STATES:
        if number := getattr(batch, state):
            percent = 100 * number / whole
            found.append(StateCount(state, Run.State(state).label, number, start, percent))
            start += percent
    return found


@dataclass(frozen=True)
class Reason:
    """A sentence that runs of a batch stopped with, and how many did."""

    problem: str
    state: str
    number: int


def reasons(batch: Batch, most: int = 12) -> list[Reason]:
    """Why runs of a batch failed or need a person, the most frequent first; one query."""
    rows: Any = Run.objects.filter(batch=batch, state__in=(Run.State.FAILED, Run.State.NEEDS_PERSON))
    rows = rows.order_by().values_list("problem", "state").annotate(number=Count("pk")).order_by("-number")
    return [Reason(problem or "No reason was written down.", state, number) for problem, state, number in rows[:most]]


def is_live(batch: Batch) -> bool:
    return batch.state != Batch.State.CANCELLED and not batch.is_over
