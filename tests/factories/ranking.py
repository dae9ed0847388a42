"""A rated catalogue out of the simulated world: products, runs, measured images with embeddings, a campaign, verdicts.

Rows are written at once, without services: hundreds of ratings by the rating room would take a minute.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray
from safetensors.numpy import save

from catalog.models import Product, ProductType
from generation.models import Candidate, Method, ResultFile, Run, StageResult
from generation.models.results import StageState
from generation.storage import site_files
from ranking.evaluation.simulation import METRICS, Pictures, World
from ranking.models import LabelSet, Ranker
from raters.models import Assignment, Campaign, Rater, Rating, Subject, Task, Verdict
from raters.models.campaigns import CampaignState
from raters.models.ratings import Outcome
from raters.models.tasks import AssignmentState, TaskState
from raters.questions import DEFAULT
from raters.services import campaigns
from tests.factories.generation import make_method, some_hash

KEYS = tuple(question.key for question in DEFAULT)
COLUMNS = {"clip_i": "clip_i", "clip_t": "clip_t", "dino_i": "dino_i", "seg_clip_i": "seg_clip_i",
           "seg_clip_t": "seg_clip_t", "seg_dino_i": "seg_dino_i"}  # fmt: skip


@dataclass(frozen=True)
class RatedWorld:
    """What was made: candidates in the order of the drawn pictures."""

    pictures: Pictures
    products: list[Product]
    candidates: list[Candidate]
    campaign: Campaign | None


def make_world(
    products: int = 12, each: int = 6, *, rated: bool = True, seed: int = 1, ratings: bool = False, types: int = 2
) -> RatedWorld:
    """Measured images of new products; with `rated`, final verdicts by three raters on all of them."""
    drawn = World(7).draw(products, each, seed=seed)
    rows = _products(products, types)
    candidates = _candidates(drawn, rows)
    campaign = rate(candidates, drawn, ratings=ratings) if rated else None
    return RatedWorld(drawn, rows, candidates, campaign)


def rate(candidates: list[Candidate], drawn: Pictures, *, ratings: bool = False, **fields: Any) -> Campaign:
    """A closed campaign with a final verdict on each of these images, and the ratings behind them if wished."""
    campaign = campaigns.make_campaign(f"Rated {some_hash()[:6]}", **fields)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CLOSED, task_count=len(candidates))
    campaign.refresh_from_db()
    subjects = {
        pk: Subject.objects.create(campaign=campaign, product_id=pk, name=f"Product {pk}")
        for pk in dict.fromkeys(one.run.product_id for one in candidates)
    }
    tasks = Task.objects.bulk_create(
        Task(campaign=campaign, subject=subjects[one.run.product_id], candidate=one, state=TaskState.COMPLETE, done=3,
             position=place)
        for place, one in enumerate(candidates)
    )  # fmt: skip
    Verdict.objects.bulk_create(_verdict(campaign, task, drawn.answers[place]) for place, task in enumerate(tasks))
    if ratings:
        _ratings(campaign, tasks, drawn)
    return campaign


def _products(count: int, types: int) -> list[Product]:
    kinds = [ProductType.objects.get_or_create(name=f"kind {number}")[0] for number in range(types)]
    return Product.objects.bulk_create(
        Product(source="test", external_id=some_hash()[:20], title=f"Thing {number}", type=kinds[number % types])
        for number in range(count)
    )


def _candidates(drawn: Pictures, products: list[Product]) -> list[Candidate]:
    method: Method = make_method()
    made: list[Candidate] = []
    for place, product in enumerate(products):
        rows = np.flatnonzero(drawn.products == np.unique(drawn.products)[place])
        run = Run.objects.create(
            product=product, method=method, model_set="tiny", state=Run.State.SUCCEEDED, finished_at=timezone.now()
        )
        result = _measured(product, drawn, rows)
        made += [_candidate(run, result, drawn, int(row), number) for number, row in enumerate(rows)]
    return Candidate.objects.bulk_create(made)


def _measured(product: Product, drawn: Pictures, rows: NDArray[np.intp]) -> StageResult:
    """A result of the stage measure with its file of embeddings."""
    like = drawn.embeddings[rows].astype(np.float16)
    photos = drawn.photos[rows[:1]].astype(np.float16)
    arrays = {"clip": like, "dino": like[:, :8], "seg_clip": like, "seg_dino": like[:, :8], "prompt": like,
              "photo_clip": photos, "photo_dino": photos[:, :8], "photo_seg_clip": photos,
              "photo_seg_dino": photos[:, :8]}  # fmt: skip
    key, _ = site_files().put_data(
        save({name: np.ascontiguousarray(part) for name, part in arrays.items()}), "safetensors"
    )
    result = StageResult.objects.create(
        fingerprint=some_hash(), stage="measure", product=product, model_set="tiny", state=StageState.SUCCEEDED,
        checkpoints={"clip": "tiny-clip", "dino": "tiny-dino"}, result={"metrics": [], "embeddings": key},
    )  # fmt: skip
    ResultFile.objects.create(result=result, key=key)
    return result


def _candidate(run: Run, result: StageResult, drawn: Pictures, row: int, number: int) -> Candidate:
    sha256 = some_hash()
    metrics = {name: float(drawn.metrics[row, METRICS.index(name)]) for name in COLUMNS}
    return Candidate(
        run=run, result=result, prompt="a photo of {product}", words="a photo of a thing", seed=number,
        key=f"generated/{sha256[:2]}/{sha256}.png", sha256=sha256, width=64, height=64, row=number,
        embeddings=(result.result or {})["embeddings"], place=number + 1, picked=number < 2,
        score=metrics["clip_i"] + metrics["clip_t"] + metrics["dino_i"], **metrics,
    )  # fmt: skip


def _verdict(campaign: Campaign, task: Task, answers: NDArray[np.bool_]) -> Verdict:
    """answers (3, 8)."""
    raters = len(answers)
    yes = answers.sum(axis=0)
    shares = {
        key: {"counts": {"yes": int(count), "no": int(raters - count)}, "share": float(count / raters),
              "outcome": Outcome.PASSED if 2 * count > raters else Outcome.FAILED}
        for key, count in zip(KEYS, yes, strict=True)
    }  # fmt: skip
    accepted = answers.all(axis=1)
    by_question = Outcome.PASSED if (2 * yes > raters).all() else Outcome.FAILED
    by_rater = Outcome.PASSED if 2 * accepted.sum() > raters else Outcome.FAILED
    return Verdict(
        task=task, campaign=campaign, ratings=raters, questions=shares, share=float(accepted.mean()),
        by_question=by_question, by_rater=by_rater, outcome=by_question, final=True,
    )  # fmt: skip


def _ratings(campaign: Campaign, tasks: list[Task], drawn: Pictures) -> None:
    now = timezone.now()
    raters = Rater.objects.bulk_create(Rater(code=f"T-{some_hash()[:8]}") for _ in range(3))
    for place, task in enumerate(tasks):
        held = Assignment.objects.bulk_create(
            Assignment(task=task, campaign=campaign, rater=rater, state=AssignmentState.DONE, leased_at=now,
                       lease_until=now)
            for rater in raters
        )  # fmt: skip
        Rating.objects.bulk_create(
            Rating(assignment=one, task=task, campaign=campaign, rater=one.rater, request_id=uuid.uuid4(), answers={},
                   accepted=bool(drawn.answers[place, number].all()), made_at=now)
            for number, one in enumerate(held)
        )  # fmt: skip


def make_label_set(**fields: Any) -> LabelSet:
    usual = {"digest": some_hash(), "key": "rankers/00/none.safetensors", "images": 300, "products": 30, "passed": 52}
    return LabelSet.objects.create(**usual | fields)


def make_ranker(state: str = "candidate", **fields: Any) -> Ranker:
    """A ranker as a row; it has no files, so it cannot score."""
    name = fields.pop("name", "heads")
    version = Ranker.objects.filter(name=name).count() + 1
    usual = {"learner": "heads", "definition": "d", "digest": some_hash()}
    label_set = fields.pop("label_set", None) or make_label_set()
    return Ranker.objects.create(name=name, version=version, state=state, label_set=label_set, **usual | fields)
