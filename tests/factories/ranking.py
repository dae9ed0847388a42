"""A rated catalogue out of the simulated world: products, runs, measured images with embeddings, a campaign, verdicts.

Rows are written at once, without services: hundreds of ratings by the rating room would take a minute.
"""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray
from safetensors.numpy import save

from catalog.models import Product, ProductType
from generation.models import Candidate, Method, ResultFile, Run, RunStage, StageResult
from generation.models.results import StageState
from generation.storage import site_files
from ranking.evaluation.simulation import METRICS, Pictures, World
from ranking.models import LabelSet, Ranker, RankerFile, Trial
from ranking.running import files
from ranking.services import trials
from raters.models import Assignment, Campaign, Rater, Rating, Subject, Task, Verdict
from raters.models.campaigns import CampaignState
from raters.models.ratings import Outcome
from raters.models.tasks import AssignmentState, TaskState
from raters.questions import DEFAULT
from raters.services import campaigns
from tests.factories.generation import make_method, make_result, some_hash

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
    # Who is frozen follows from these ids: the same in every run, whatever tests came before.
    first = Product.objects.filter(source="test").count()
    return Product.objects.bulk_create(
        Product(source="test", external_id=f"thing {number}", title=f"Thing {number}", type=kinds[number % types])
        for number in range(first, first + count)
    )


def _candidates(drawn: Pictures, products: list[Product]) -> list[Candidate]:
    method: Method = make_method()
    made: list[Candidate] = []
    for place, product in enumerate(products):
        rows = np.flatnonzero(drawn.products == np.unique(drawn.products)[place])
        run = Run.objects.create(
            product=product, method=method, model_set="tiny", state=Run.State.SUCCEEDED, finished_at=timezone.now()
        )
        embeddings = _measured(product, drawn, rows)
        result = make_result("generate", inputs={"product": {"photos": []}})
        RunStage.objects.create(run=run, order=0, stage="generate", method=method, result=result)
        made += [
            _candidate(run, result, embeddings, drawn, place=(int(row), number)) for number, row in enumerate(rows)
        ]
    return Candidate.objects.bulk_create(made)


def _measured(product: Product, drawn: Pictures, rows: NDArray[np.intp]) -> str:
    """A result of the stage measure with its file of embeddings; returns the file's key."""
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
    return key


def _candidate(run: Run, result: StageResult, embeddings: str, drawn: Pictures, *, place: tuple[int, int]) -> Candidate:
    """`place` is the row of the drawn picture, and its number in the run."""
    row, number = place
    sha256 = some_hash()
    metrics = {name: float(drawn.metrics[row, METRICS.index(name)]) for name in COLUMNS}
    return Candidate(
        run=run, result=result, prompt="a photo of {product}", words="a photo of a thing", seed=number,
        key=f"generated/{sha256[:2]}/{sha256}.png", sha256=sha256, width=64, height=64, row=number,
        embeddings=embeddings, place=number + 1, picked=number < 2,
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


def parted(trial: Trial, products: Sequence[Product], least: int = 1) -> Trial:
    """The trial with a seed that puts at least so many of the products on either side, whatever their ids are."""
    for seed in itertools.count():
        trial.seed = seed
        inside = sum(trials.in_trial(trial, product.pk) for product in products)
        if least <= inside <= len(products) - least:
            break
    trial.save(update_fields=["seed"])
    return trial


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


def make_ranker_file(ranker: Ranker, name: str = "ranker.json") -> RankerFile:
    """A file that is there, and is nothing that could score."""
    key, sha256 = files.put(b"{}", "json")
    return RankerFile.objects.create(ranker=ranker, name=name, key=key, sha256=sha256, bytes=2)


def _figure(value: float, spread: float = 0.05) -> dict[str, Any]:
    return {"value": value, "low": value - spread, "high": value + spread, "said": ""}


def figures(name: str = "heads") -> dict[str, Any]:
    """An evaluation as `ranking.running.evaluating` keeps it."""
    columns = [
        {"name": "auc_within", "words": "ROC-AUC within products", "better": "higher", "percent": False},
        {"name": "top_3", "words": "pass rate of the picked 3", "better": "higher", "percent": True},
        {"name": "lift_sum", "words": "picked 4 against the sum", "better": "higher", "percent": True},
        {"name": "ece", "words": "calibration error (ECE)", "better": "lower", "percent": False},
    ]
    rows = [
        {"title": title, "kind": kind, "figures": {each["name"]: _figure(value) for each in columns}}
        for title, kind, value in ((f"{name} (this one)", "own", 0.78), ("Plain sum", "baseline", 0.71))
    ]
    ceiling = {"auc_within": {"value": 0.8, "low": None, "high": None, "said": ""}}
    return {
        "images": 300, "products": 30, "basis": "out of fold", "basis_words": "each scored by one that had not seen it",
        "columns": columns, "shown": [each["name"] for each in columns],
        "rows": [*rows, {"title": "One rater against the others", "kind": "ceiling", "figures": ceiling}],
        "sentence": f"{name} beats the sum: within-product AUC +0.070 (+0.020 to +0.120).", "better": True,
        "reliability": [
            {"predicted": share, "observed": share, "low": share / 2, "high": min(1, share * 1.5), "count": 60}
            for share in (0.05, 0.1, 0.2, 0.3, 0.5)
        ],
        "short": {"auc_within": 0.78, "lift": 0.167},
        "curve": [{"name": each, "labels": labels, "value": value, "low": value - 0.03, "high": value + 0.03}
                  for each, start in ((name, 0.7), ("sum", 0.71))
                  for labels, value in ((100, start), (300, start + 0.02), (1000, start + 0.03))],
        "curve_words": "ROC-AUC within products",
    }  # fmt: skip


def gate(promote: bool = False, against: int | None = None) -> dict[str, Any]:
    """What the gate said, as it is kept."""
    checks = [
        {"name": "order", "passed": promote, "change": 0.01, "bound": -0.01,
         "sentence": "Within-product AUC changes by +0.010: it is not shown to be better."},
        {"name": "picked", "passed": True, "change": 0.01, "bound": 0.0,
         "sentence": "The pass rate of the picked 3 changes by +1.0 points: better."},
    ]  # fmt: skip
    reasons = [check["sentence"] for check in checks if promote or not check["passed"]]
    return {
        "promote": promote, "checks": checks, "reasons": reasons, "basis": "out of fold", "products": 30,
        "basis_words": "each scored by one that had not seen it", "candidates": 300, "against": against,
        "against_name": "the plain sum",
    }  # fmt: skip


def make_evaluated(state: str = "candidate", *, promote: bool = False, **fields: Any) -> Ranker:
    """A ranker as a row with figures and a gate."""
    return make_ranker(state, **{"figures": figures(), "gate": gate(promote)} | fields)
