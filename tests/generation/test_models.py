"""What the database itself holds of methods, runs and results."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from generation.models import Candidate, Method, PhotoCaption, ProductTypeGuess, Run, RunStage, StageImage, StageResult
from tests.factories.catalog import make_photo, make_product, make_type
from tests.factories.generation import make_candidate, make_method, make_result, make_run

pytestmark = pytest.mark.django_db


def _second_version() -> Method:
    return make_method("twice", version=make_method("twice").version)


def _second_run() -> Run:
    run = make_run()
    return make_run(run.product, method=run.method, seed=run.seed)


def _second_candidate() -> Candidate:
    first = make_candidate()
    return make_candidate(first.run, prompt=first.prompt, seed=first.seed)


def _second_result() -> StageResult:
    return make_result("segment", fingerprint=make_result("segment").fingerprint)


def _second_stage() -> RunStage:
    run = make_run()
    made = [
        RunStage(run=run, order=0, stage="segment", method=run.method, result=make_result("segment")) for _ in range(2)
    ]
    RunStage.objects.bulk_create(made)
    return made[0]


REFUSED: dict[str, Callable[[], models.Model]] = {
    "two methods of one name and version": _second_version,
    "two runs of one product, method and seed": _second_run,
    "two candidates of one prompt and seed in a run": _second_candidate,
    "two results of one fingerprint": _second_result,
    "a stage twice in one tier of a run": _second_stage,
    "a method without a name": lambda: make_method(""),
    "a run in a state that nobody knows": lambda: make_run(state="lost"),
    "an ended run without a time": lambda: make_run(state="failed", finished_at=None),
    "a running run with an end": lambda: make_run(state="running", finished_at=timezone.now()),
    "a result that succeeded without a record": lambda: make_result("segment", state="succeeded", result=None),
    "a caption without the placeholder": lambda: PhotoCaption.objects.create(photo=make_photo(), template="a mug"),
    "more than all confidence": lambda: ProductTypeGuess.objects.create(
        product=make_product(), type=make_type(), confidence=1.5
    ),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses(make: Callable[[], models.Model]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_a_removed_product_takes_its_runs_along_and_leaves_results_to_the_sweep() -> None:
    candidate = make_candidate()
    run, result = candidate.run, candidate.result
    RunStage.objects.create(run=run, order=0, stage=result.stage, method=run.method, result=result)
    result.product = run.product
    result.save(update_fields=["product"])

    run.product.delete()

    assert not Run.objects.exists()
    assert not Candidate.objects.exists()
    assert StageResult.objects.get().product is None
    assert Method.objects.exists()


@pytest.mark.parametrize(
    ("key", "small"),
    [
        ("photos/ab/abc.jpg", "thumbnails/ab/abc.webp"),
        ("generated/ab/abc.png", "generated-thumbnails/ab/abc.webp"),
    ],
)
def test_pictures_know_their_thumbnail(key: str, small: str) -> None:

    assert StageImage(key=key, sha256="abc").thumbnail_key == small
