"""Judged images of every kind, for tests that hold what is read from rows against what is read from blocks."""

import random
from datetime import UTC, datetime, timedelta

from generation.models import Candidate
from ranking.models import Ranker, Score
from raters.models import Rating, Task
from raters.models.ratings import Origin
from review.counting import rebuilding
from review.filters import Filters
from review.models import JudgedImage, Name
from tests.factories.generation import make_candidate, make_result, make_run
from tests.factories.ranking import make_ranker
from tests.factories.rating import make_campaign, make_question_set, make_rater, rate
from tests.review.made import mixed_world

MANY = 20  # questions, whose kinds of answers are not kept
FIRST_DAY = datetime(2026, 1, 2, 12, tzinfo=UTC)


def packed_world() -> Ranker:
    """`mixed_world` with candidates, days over three weeks and a ranker's places, and two images of a long set."""
    mixed_world()
    _long_set()
    chance = random.Random(5)  # noqa: S311 - no secret
    ranker, result, places = make_ranker(), make_result("generate"), dict[int, int]()
    tasks = Task.objects.exclude(subject__product=None).select_related("subject__product").order_by("pk")
    runs = {product: make_run(product) for product in {task.subject.product for task in tasks}}
    for place, task in enumerate(tasks):
        run = runs[task.subject.product]
        candidate = make_candidate(run, result=result, score=chance.random(), place=place + 1)
        Task.objects.filter(pk=task.pk).update(candidate=candidate)
        places[run.pk] = places.get(run.pk, 0) + 1
        Score.objects.create(
            ranker=ranker, candidate=candidate, product=run.product, probability=0.5, place=places[run.pk]
        )
    for number, task in enumerate(Task.objects.order_by("pk")):
        Rating.objects.filter(task=task).update(made_at=FIRST_DAY + timedelta(days=number % 21))
    Rating.objects.filter(task=tasks[0]).update(origin=Origin.IMPORT)
    rebuilding.rebuild()
    assert Candidate.objects.count() == len(tasks)
    return ranker


def _long_set() -> None:
    keys = [f"q{number}" for number in range(MANY)]
    made = make_campaign(2, raters_per_image=1, question_set=make_question_set(*keys))
    rater = make_rater()
    for _ in range(2):
        rate(rater, made, {key: "no" if key == "q17" else "yes" for key in keys})


def scanned_choices(ranker: Ranker) -> dict[str, Filters]:
    """By name: filters that no sums are kept for, one of each kind and some together; nothing fits the last three."""
    middle = (FIRST_DAY + timedelta(days=7)).date()
    prompt = Name.objects.filter(kind=Name.Kind.PROMPT, text="scene 0").values_list("digest", flat=True)[0][:12]
    some = JudgedImage.objects.filter(candidate__isnull=False).order_by("pk")[1]
    return {
        "since": Filters(since=middle),
        "until": Filters(until=middle),
        "voters": Filters(voters="person"),
        "imported": Filters(voters="import"),
        "prompt": Filters(prompt=prompt),
        "source": Filters(source=Task.objects.get(pk=some.pk).subject.product.source),
        "by the sum": Filters(ranker="sum", top=1),
        "by the sum of a method": Filters(ranker="sum", top=2, method="a"),
        "by a ranker": Filters(ranker=str(ranker.pk), top=1),
        "type and since": Filters(type=some.type, since=middle),
        "campaign, method and voters": Filters(campaign=some.campaign, method="b", voters="person"),
        "no such ranker": Filters(ranker="999999", top=3),
        "no such prompt": Filters(prompt="0" * 12),
        "no such method, until": Filters(method="gone", until=middle),
    }
