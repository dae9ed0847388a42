"""Campaigns, tasks and ratings for tests, made by the services that make real ones."""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import User
from raters.models import Assignment, Campaign, GoldItem, Rater, Rating, Subject, Task
from raters.models.questions import QuestionSet
from raters.questions import DEFAULT, rule_book
from raters.services import campaigns, gold, people, questions, rating, tasks
from tests.factories.accounts import make_user
from tests.factories.catalog import image_bytes
from vitrine.access import Role

_numbers = itertools.count(1)
KEYS = tuple(question.key for question in DEFAULT)
YES = dict.fromkeys(KEYS, "yes")
NO = {**YES, "size": "no"}


def make_rater(user: User | None = None) -> Rater:
    """A rater with a user behind them."""
    return people.rater_of(user or make_user(Role.RATER))


def make_picture(**fields: Any) -> str:
    """A stored image; returns its key."""
    key = f"generated/00/{uuid.uuid4().hex}.png"
    default_storage.save(key, ContentFile(image_bytes(encoding="PNG", **fields)))
    return key


def make_tasks(campaign: Campaign, count: int, *, methods: Sequence[str] = ("",), products: int = 1) -> list[Task]:
    """Tasks of pictures that are names only, spread over products and methods."""
    subjects = [
        tasks.subject_for(campaign, tasks.NewSubject(f"Product {number}", photos=_photos(2)))
        for number in range(products)
    ]
    return add_new(
        campaign, [new_task(subjects[n % products], method=methods[n // products % len(methods)]) for n in range(count)]
    )


def add_new(campaign: Campaign, new: Sequence[tasks.NewTask]) -> list[Task]:
    before = set(Task.objects.filter(campaign=campaign).values_list("pk", flat=True))
    tasks.add_tasks(campaign, new)
    return list(Task.objects.filter(campaign=campaign).exclude(pk__in=before).order_by("position"))


def new_task(subject: Subject, **fields: Any) -> tasks.NewTask:
    key = fields.pop("picture_key", f"generated/00/{next(_numbers):062d}.png")
    return tasks.NewTask(key, 64, 48, subject, **fields)


def make_campaign(count: int = 3, *, open: bool = True, **settings: Any) -> Campaign:  # noqa: A002 - its state
    """A campaign of so many images, open unless told otherwise."""
    spread = {name: settings.pop(name) for name in ("methods", "products") if name in settings}
    campaign = campaigns.make_campaign(f"Campaign {next(_numbers)}", **settings)
    make_tasks(campaign, count, **spread)
    return campaigns.open_campaign(campaign) if open else campaign


def make_gold(campaign: Campaign, count: int = 1, expected: Mapping[str, Any] = YES, **fields: Any) -> list[GoldItem]:
    """Gold items on images of their own, in a campaign that is not open yet."""
    return [gold.make_gold(task, expected, **fields) for task in make_tasks(campaign, count)]


def sent(answers: Any = None, **fields: Any) -> rating.Submission:
    """A submission with a request id of its own; yes to everything unless told otherwise."""
    return rating.Submission(
        fields.pop("request_id", None) or uuid.uuid4(), YES if answers is None else answers, **fields
    )


def lease(rater: Rater, campaign: Campaign, hold: int = 1) -> list[Assignment]:
    return rating.lease_next(rater, campaign, hold=hold).assignments


def rate(rater: Rater, campaign: Campaign, answers: Any = None, **fields: Any) -> Rating:
    """Lease the next image and rate it."""
    return rating.submit(rater, lease(rater, campaign)[0].uuid, sent(answers, **fields))


def rate_task(rater: Rater, task: Task, answers: Any = None) -> Rating:
    """Rate this very task, whatever the order would be."""
    return rate_tasks([(rater, task, answers)])[0]


def rate_tasks(given: Sequence[tuple[Rater, Task, Any]]) -> list[Rating]:
    """Rate these very tasks of a campaign one after another, whatever the order would be.

    Each rater takes all that there is once, and in the end gives back what is not to be rated.
    """
    campaign = Campaign.objects.get(pk=given[0][1].campaign_id)
    raters = {rater.pk: rater for rater, _, _ in given}
    held = {(pk, one.task_id): one.uuid for pk, rater in raters.items() for one in lease(rater, campaign, hold=10_000)}
    made = [rating.submit(rater, held[rater.pk, task.pk], sent(answers)) for rater, task, answers in given]
    for rater in raters.values():
        rating.give_back(rater, campaign)
    return made


def make_question_set(*keys: str, **fields: Any) -> QuestionSet:
    """A set of one question per key."""
    name = f"set-{next(_numbers)}"
    return questions.make_question_set(name, name, [{"key": key, "wording": f"{key}?", **fields} for key in keys])


def passing(question_set: QuestionSet) -> dict[str, frozenset[str]]:
    return rule_book(question_set).passing


def _photos(count: int) -> list[dict[str, Any]]:
    return [{"key": f"photos/00/{next(_numbers):062d}.jpg", "width": 64, "height": 48} for _ in range(count)]
