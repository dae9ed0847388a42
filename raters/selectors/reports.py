"""Images that raters have reported as broken or unsafe, with what they said, for operators to decide."""

from collections.abc import Sequence

from django.db.models import QuerySet

from raters.models import Assignment, Campaign, Task
from raters.models.tasks import AssignmentState, TaskState
from vitrine.paging import Page, keyset_page

REPORTED = "reported"  # beside the states of a task
KINDS = {TaskState.WITHHELD.value: "Withheld", REPORTED: "All that were reported"}
DEFAULT = TaskState.WITHHELD.value
SIZE = 24


def tasks_of(campaign: Campaign, kind: str) -> QuerySet[Task]:
    """The campaign's images of a state, or REPORTED: all that ever were; "" is all there are."""
    rows = Task.objects.filter(campaign=campaign).select_related("subject")
    if kind == REPORTED:
        reported = Assignment.objects.filter(campaign=campaign, state=AssignmentState.REPORTED)
        return rows.filter(pk__in=reported.values("task"))
    return rows.filter(state=kind) if kind else rows


def task_page(campaign: Campaign, kind: str, *, after: int | None, before: int | None) -> Page[Task]:
    """A page of `tasks_of`, the image that was added last first: a report moves none from one page to another."""
    return keyset_page(tasks_of(campaign, kind), after=after, before=before, size=SIZE)


def reports_of(tasks: Sequence[Task]) -> dict[int, list[Assignment]]:
    """Who reported each of these, and why, oldest first, by task; one query."""
    found: dict[int, list[Assignment]] = {}
    rows = Assignment.objects.filter(task__in=[task.pk for task in tasks], state=AssignmentState.REPORTED)
    for one in rows.select_related("rater").order_by("ended_at", "pk"):
        found.setdefault(one.task_id, []).append(one)
    return found
