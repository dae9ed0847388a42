"""Methods, runs and results for tests."""

import hashlib
import itertools
from pathlib import Path
from typing import Any

from django.utils import timezone

from catalog.models import ContextPrompt, Product
from generation.checkpoints.sets import FAMILIES, ROLES
from generation.models import Candidate, Method, Run, StageResult
from generation.models.runs import ENDED_STATES
from generation.recipe import Recipe, as_plain
from tests.factories.catalog import make_photo, make_product, make_prompt

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


def make_light_set(folder: Path, name: str = "light", *, commercial: bool = True) -> str:
    """A model set whose checkpoints are files of a few bytes: enough to plan with, nothing to run. Returns its name.

    Its makers are of a family that draws, fills and edits: every method can be planned with it.
    """
    lines = ['title = "Light"']
    for role in ROLES:
        family = "flux2-klein" if "flux2-klein" in FAMILIES[role] else FAMILIES[role][0]
        path = folder / "checkpoints" / f"{role}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"{role}"')
        lines += [
            f"[roles.{role}]", f'family = "{family}"', f'path = "{path}"', 'licence = "test"',
            f"commercial = {str(commercial).lower()}",
        ]  # fmt: skip
        lines += ['options = { url = "http://localhost" }'] if family == "openai-compatible" else []
    (folder / f"{name}.toml").write_text("\n".join(lines))
    return name


def make_ready_product(noun: str = "mug", *, photos: int = 1, prompts: int = 8, **fields: Any) -> Product:
    """A product that can be run: with a type, photos, and approved prompts for the type."""
    product = make_product(type=noun, **fields)
    for _ in range(photos):
        make_photo(product, size=(40, 32))
    there = ContextPrompt.objects.filter(type=product.type, status=ContextPrompt.Status.APPROVED).count()
    for _ in range(prompts - there):
        make_prompt(product.type, status=ContextPrompt.Status.APPROVED)
    return Product.objects.get(pk=product.pk)
