"""Sends images from a wall to a new campaign: a draft, whose operator looks it over and opens it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from generation.models import Candidate
from raters.exceptions import BadCampaign
from raters.models import Campaign, QuestionSet, Subject, Task
from raters.services import campaigns, tasks
from raters.turns import writing
from review.cards import ImageKey
from review.models import JudgedImage
from review.services import choosing


@dataclass(frozen=True)
class Sent:
    """The campaign made, how many images it has, and how many of those asked for it could not take."""

    campaign: Campaign
    images: int
    left_out: int


@writing()
def send(keys: Sequence[ImageKey], name: str, *, raters_per_image: int, by: Any = None) -> Sent:
    """Make a campaign of these images, with the questions that most of them were asked.

    An image that came from elsewhere brings its photos along. Left out: what is gone, was held back by the safety
    filter, or has no file. Raises BadCampaign, and CannotChoose for none and for too many.
    """
    choosing.checked(len(keys))
    candidates = [key.pk for key in keys if key.kind == "candidate"]
    uploads = _uploads([key.pk for key in keys if key.kind == "task"])
    fitting = Candidate.objects.filter(pk__in=candidates, dropped="").count()
    if not fitting and not uploads:
        raise BadCampaign("None of these images can be rated again: their files are gone.")
    settings = {"question_set": _questions_of(keys), "raters_per_image": raters_per_image}
    made = campaigns.make_campaign(name, by=by, **settings)
    added = tasks.add_candidates(made, candidates) if fitting else 0
    if uploads:
        added += tasks.add_tasks(made, [_again(made, task) for task in uploads])
    return Sent(made, added, len(keys) - added)


def _uploads(pks: Sequence[int]) -> list[Task]:
    found = Task.objects.filter(pk__in=pks, candidate=None).exclude(picture_key="")
    return list(found.select_related("subject__product").order_by("pk"))


def _again(made: Campaign, task: Task) -> tasks.NewTask:
    return tasks.NewTask(
        task.picture_key,
        task.width,
        task.height,
        _subject(made, task.subject, task),
        name=f"{task.name or 'image'}"[:180] + f" (task {task.pk})",
        method=task.method,
        prompt=task.prompt,
    )


def _subject(made: Campaign, old: Subject | None, task: Task) -> Subject:
    if old is None:
        return tasks.subject_for(made, tasks.NewSubject(task.name or f"Image {task.pk}"))
    return tasks.subject_for(made, tasks.NewSubject(old.name, old.product, old.noun, list(old.photos)))


def _questions_of(keys: Iterable[ImageKey]) -> QuestionSet | None:
    """The set that most of these images were judged by; None where none was."""
    wanted: dict[str, list[int]] = {"candidate": [], "task": []}
    for key in keys:
        wanted[key.kind].append(key.pk)
    counts: dict[int, int] = {}
    for lookup, pks in (("candidate__in", wanted["candidate"]), ("pk__in", wanted["task"])):
        for one in JudgedImage.objects.filter(**{lookup: pks}).values_list("question_set", flat=True):
            counts[one] = counts.get(one, 0) + 1
    if not counts:
        return None
    return QuestionSet.objects.filter(pk=max(counts, key=lambda one: (counts[one], one))).first()
