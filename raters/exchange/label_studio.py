"""Label Studio's JSON: tasks with annotations, each a list of choices. Read into the long form, and written from it."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from raters.models import Campaign, Rating, Task

TO_NAME = "image"
TASKS_AT_ONCE = 200  # of some ratings each, all of which are in memory


class NotReadable(Exception):
    """What is wrong with a task; completes the sentence "Task 5 …"."""


def rows_of_task(task: Any) -> Iterator[dict[str, Any]]:
    """The long rows of one task: its single choices, by annotator. Cancelled annotations are left out.

    Annotators are known by their number alone, whatever else the file says of them. Raises NotReadable.
    """
    if not isinstance(task, dict) or not isinstance(task.get("annotations"), list):
        raise NotReadable("has no list of annotations")
    data = task["data"] if isinstance(task.get("data"), dict) else {}
    name = str(data.get("task") or task.get("id") or "")
    for annotation in task["annotations"]:
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            raise NotReadable("has an annotation without a list of results")
        if annotation.get("was_cancelled"):
            continue
        for result in annotation["result"]:
            choice = _choice(result)
            if choice is not None:
                yield {
                    "task": name,
                    "rater": _annotator(annotation),
                    "question": str(result.get("from_name", "")),
                    "answer": choice,
                    "subject": str(data.get("subject", "")),
                    "method": str(data.get("method", "")),
                    "seconds": annotation.get("lead_time"),
                    "rated_at": annotation.get("created_at"),
                }


def tasks_of(campaign: Campaign) -> Iterator[list[dict[str, Any]]]:
    """The campaign as Label Studio's tasks, in batches; only ratings that count."""
    after = 0
    while tasks := list(
        Task.objects.filter(campaign=campaign, pk__gt=after).select_related("subject").order_by("pk")[:TASKS_AT_ONCE]
    ):
        after = tasks[-1].pk
        rows = Rating.objects.filter(task__in=tasks, withdrawn_at=None, excluded=False).select_related("rater")
        found = {pk: list(rated) for pk, rated in groupby(rows.order_by("task", "pk"), lambda one: one.task_id)}
        yield [_task(task, found.get(task.pk, [])) for task in tasks]


def _task(task: Task, ratings: list[Rating]) -> dict[str, Any]:
    data = {
        "task": task.name or f"#{task.pk}",
        "subject": task.subject.name if task.subject else "",
        "method": task.method,
        TO_NAME: task.picture_key,
    }
    return {"id": task.pk, "data": data, "annotations": [_annotation(rating) for rating in ratings]}


def _annotation(rating: Rating) -> dict[str, Any]:
    return {
        "id": rating.pk,
        "completed_by": rating.rater_id,
        "created_at": rating.made_at.isoformat(),
        "lead_time": rating.active_ms / 1000,
        "was_cancelled": False,
        "result": [
            {
                "id": f"{rating.pk}-{key}",
                "from_name": key,
                "to_name": TO_NAME,
                "type": "choices",
                "value": {"choices": [answer]},
            }
            for key, answer in rating.answers.items()
        ],
    }


def _annotator(annotation: dict[str, Any]) -> str:
    by = annotation.get("completed_by")
    number = by.get("id") if isinstance(by, dict) else by
    if number is None:
        raise NotReadable("has an annotation of nobody: completed_by is missing")
    return str(number)


def _choice(result: Any) -> str | None:
    """The one choice of a result; None for one of another kind, such as a box or a text."""
    if not isinstance(result, dict) or result.get("type") != "choices":
        return None
    value = result.get("value")
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list) or len(choices) != 1:
        raise NotReadable(f"has {len(choices or [])} choices for {result.get('from_name')!r}, where one is expected")
    return str(choices[0])
