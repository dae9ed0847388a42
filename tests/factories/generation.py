"""Methods, runs and results for tests."""

import hashlib
import itertools
from typing import Any

from django.utils import timezone

from catalog.models import Product
from generation.models import Candidate, Method, Run, StageResult
from generation.models.runs import ENDED_STATES
from generation.recipe import Recipe, as_plain
from tests.factories.catalog import make_product

_numbers = itertools.count(1)


def some_hash() -> str:
    """A SHA-256 that no other row has."""
    return hashlib.sha256(str(next(_numbers)).encode()).hexdigest()


def make_method(name: str | None = None, recipe: Recipe | None = None, **fields: Any) -> Method:
    """A method of the paper's defaults unless a recipe is given."""
    name = f"method-{next(_numbers)}" if name is None else name
    return Method.objects.create(name=name, recipe=as_plain(recipe or Recipe()), **{"title": "A method"} | fields)


def make_run(product: Product | None = None, *, method: Method | None = None, **fields: Any) -> Run:
    """A run as a row, without stages; its times fit its state."""
    if fields.get("state") in ENDED_STATES:
        fields = {"finished_at": timezone.now()} | fields
    fields = {"model_set": "tiny"} | fields
    return Run.objects.create(product=product or make_product(), method=method or make_method(), **fields)


def make_result(stage: str, **fields: Any) -> StageResult:
    """A stage's result as a row, waiting unless the fields say otherwise."""
    return StageResult.objects.create(stage=stage, **{"fingerprint": some_hash(), "model_set": "tiny"} | fields)


def make_candidate(run: Run | None = None, **fields: Any) -> Candidate:
    """A candidate as a row; its picture is a name only."""
    sha256 = some_hash()
    usual = {
        "prompt": "a photo of {product} on a table",
        "words": "a photo of sks mug on a table",
        "seed": next(_numbers),
        "key": f"generated/{sha256[:2]}/{sha256}.png",
        "sha256": sha256,
        "width": 64,
        "height": 64,
    }
    result = fields.pop("result", None) or make_result("generate")
    return Candidate.objects.create(run=run or make_run(), result=result, **usual | fields)
