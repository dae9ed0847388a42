"""Which images people have judged, and accepted: nobody knows here, until a later room names who does.

    accepting.provide(judged)

The function takes candidates as a queryset and gives those that have a verdict, and those of them that were accepted.
"""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import QuerySet

from generation.models import Candidate


class Judged(NamedTuple):
    """Candidates with a verdict, and those of them that people accepted."""

    all: QuerySet[Candidate]
    accepted: QuerySet[Candidate]


Ask = Callable[[QuerySet[Candidate]], Judged]
_provided: list[Ask] = []


def provide(ask: Ask) -> None:
    """Have this function say what people have judged, from now on."""
    _provided[:] = [ask]


def withdraw() -> None:
    """Let nobody know again."""
    _provided.clear()


def judged_of(candidates: QuerySet[Candidate]) -> Judged:
    """What people have said of these; none of them where nobody knows."""
    if _provided:
        return _provided[0](candidates)
    return Judged(candidates.none(), candidates.none())
