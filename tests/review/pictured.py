"""Judged candidates with figures of their own, and uploads, for the tests of walls and of one image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import Product
from generation.models import Candidate, Method
from raters.models import Campaign, Task
from raters.services import campaigns, tasks, uploads
from review.counting import folding
from tests.factories.campaigns import picture_bytes
from tests.factories.catalog import make_product
from tests.factories.generation import make_candidate, make_method, make_result, make_run
from tests.factories.rating import YES, add_new, make_rater, new_task, rate_tasks

METHODS = ("paper", "baseline")
SIZE_FAILS = YES | {"size": "no"}
TWO_FAIL = YES | {"size": "no", "logo": "maybe"}


@dataclass(frozen=True)
class World:
    """One product's candidates in order of their ids; the first of them are judged, the others wait."""

    product: Product
    candidates: list[Candidate]
    campaign: Campaign

    def task(self, number: int) -> Task:
        """The task of a candidate by its number, from 0."""
        return Task.objects.get(campaign=self.campaign, candidate=self.candidates[number])


def make_candidates(product: Product, count: int, *, method: Method | None = None, **fields: Any) -> list[Candidate]:
    """Candidates of one run with figures that differ; each third has none."""
    run = make_run(product, method=method or make_method())
    made = fields.pop("result", None) or make_result("generate", product=product)
    return [
        make_candidate(
            run,
            result=made,
            **{"clip_i": None if n % 3 == 2 else 0.5 + 0.1 * (n % 2), "score": 1.0 + n / 10, "place": count - n}
            | fields,
        )
        for n in range(count)
    ]


def judge(candidates: Sequence[Candidate], answers: Sequence[Sequence[Any]], *, name: str = "Autumn") -> Campaign:
    """A campaign of these candidates, each rated by as many as it has answers; counted."""
    made = campaigns.make_campaign(name, raters_per_image=max(len(given) for given in answers))
    tasks.add_candidates(made, [one.pk for one in candidates])
    campaigns.open_campaign(made)
    people = [make_rater() for _ in range(max(len(given) for given in answers))]
    waiting = {task.candidate_id: task for task in made.tasks.all()}
    rate_tasks(
        [
            (person, waiting[candidate.pk], one)
            for candidate, given in zip(candidates, answers, strict=True)
            for person, one in zip(people, given, strict=False)
        ]
    )
    folding.count_all_waiting()
    return made


def make_world(*, judged: int = 4, waiting: int = 2, title: str = "Stoneware mug") -> World:
    """A mug whose judged images pass, fail by size alone, fail by two questions, and are tied, over and over."""
    product = make_product(title, type="mug")
    candidates = make_candidates(product, judged + waiting)
    kinds = ([YES, YES], [SIZE_FAILS, SIZE_FAILS], [TWO_FAIL, TWO_FAIL], [YES, SIZE_FAILS])
    campaign = judge(candidates[:judged], [kinds[n % 4] for n in range(judged)])
    return World(product, candidates, campaign)


def make_uploads(count: int = 2, *, name: str = "A sofa of theirs") -> list[Task]:
    """Images that came from elsewhere, with photos of their own, each rated once: they pass and fail in turn."""

    made = campaigns.make_campaign("Theirs", raters_per_image=1)
    photo = vars(uploads.keep_picture(picture_bytes(1), "photo.png"))
    subject = tasks.subject_for(made, tasks.NewSubject(name, noun="sofa", photos=[photo]))
    stored = [uploads.keep_picture(picture_bytes(n + 5), "image.png") for n in range(count)]
    added = add_new(
        made,
        [
            new_task(subject, picture_key=one.key, name=f"sofa-{n}", method="theirs", prompt="a sofa")
            for n, one in enumerate(stored)
        ],
    )
    campaigns.open_campaign(made)
    rater = make_rater()
    rate_tasks([(rater, task, YES if task.name.endswith(("0", "2")) else SIZE_FAILS) for task in added])
    folding.count_all_waiting()
    return sorted(added, key=lambda task: task.name)
