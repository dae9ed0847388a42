"""A run through real stages on real model classes of tiny size, by way of its jobs: from a photo to its candidates."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image, ImageDraw

from generation.files import DATA
from generation.models import Adapter, Candidate, ProductTypeGuess, Run, StageResult
from generation.recipe import recipe_from
from generation.selectors.facts import SURE_ENOUGH
from generation.selectors.lineage import lineage
from generation.services.runs import Wish, start_run
from generation.storage import site_files
from tests.factories.catalog import make_photo, make_product
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.generation import make_method, make_ready_product

pytestmark = pytest.mark.django_db
TINY = recipe_from(
    {
        "segment": {"smallest_share": 0, "largest_share": 1, "surest": 0},
        "novel_views": {
            "views": 1, "frames": 3, "steps": 1, "nearest_source": 1, "furthest_source": -1, "smallest_growth": 0,
            "largest_growth": 1000,
        },
        "new_contexts": {"per_photo": 1, "steps": 1, "size": 64},
        "negatives": {"steps": 1, "size": 64},
        "filter": {
            "kept_share": 1, "least_clip_i": -1, "least_clip_t": -1, "least_seg_clip_i": -1, "least_iou": 0,
            "most_negative_clip_i": 1,
        },
        "finetune": {"rank": 2, "steps": 3, "checkpoint_every": 1, "validate_every": 0, "size": 64, "sweep": False},
        "generate": {"candidates": 3, "prompts": 3, "steps": 1, "size": 64},
        "select": {"top": 2, "least_sum": -3},
    }
)  # fmt: skip


@pytest.fixture
def work(settings: LazySettings, tmp_path: Any, work_off: Callable[..., int]) -> Callable[..., int]:
    """Runs all jobs on a tiny Stable Diffusion and what goes with it."""
    settings.MODEL_SETS_DIR = tmp_path
    settings.MODEL_SET = "tiny"
    tiny_set(tmp_path, "sd", name="tiny")
    return work_off


def photo_of_a_thing() -> bytes:
    """A red thing on light ground."""
    image = Image.new("RGB", (64, 64), "#eeeeea")
    ImageDraw.Draw(image).ellipse((16, 14, 48, 54), fill="#b03020")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_photo_becomes_candidates_and_twice_nothing(work: Callable[..., int]) -> None:
    product = make_ready_product("mug", photos=0, prompts=12)
    photo = make_photo(product, data=photo_of_a_thing(), name="front.png")
    product.refresh_from_db()
    wish = Wish(make_method(recipe=TINY))

    run = start_run(product, wish)
    work()

    run.refresh_from_db()
    assert (run.state, run.problem) == (Run.State.SUCCEEDED, "")
    assert set(StageResult.objects.values_list("state", flat=True)) == {"succeeded"}
    candidates = Candidate.objects.filter(run=run, dropped="")
    assert candidates.count() + Candidate.objects.exclude(dropped="").count() == 3
    for candidate in candidates:
        assert candidate.clip_i is not None
        assert candidate.embeddings.startswith(DATA)
        past = lineage(candidate)
        assert list(past.photos) == [photo]
        assert past.links[-1].stage == "segment"
    assert site_files().data(Adapter.objects.get().key)

    before = {(row.prompt, row.seed): row.sha256 for row in Candidate.objects.all()}
    assert start_run(product, wish) == run
    work()
    assert {(row.prompt, row.seed): row.sha256 for row in Candidate.objects.all()} == before


@pytest.mark.parametrize("nouns", [("mug",), ("mug", "boot", "chair", "lamp", "vase")], ids=["one type", "five types"])
def test_a_product_without_a_type_is_looked_at_and_goes_on_if_it_is_sure(
    nouns: tuple[str, ...], work: Callable[..., int], tmp_path: Path
) -> None:
    tiny_set(tmp_path, "flux2-klein", name="tiny")  # it edits from photos, with nothing to train before
    for noun in nouns:
        make_ready_product(noun, photos=0)
    product = make_product(title="A thing")
    make_photo(product, data=photo_of_a_thing(), name="front.png")
    edit = recipe_from({"caption": False, "novel_views": False, "new_contexts": False, "negatives": False,
                        "filter": False, "finetune": False, "generate": {"way": "reference-edit"}})  # fmt: skip

    run = start_run(product, Wish(make_method(recipe=edit)))
    with pytest.MonkeyPatch.context() as patch:
        # Stages have their own test: here only what is planned counts.
        patch.setattr("generation.running.run_stage", lambda _job, _result: {})
        work()

    run.refresh_from_db()
    guess = ProductTypeGuess.objects.get(product=product)
    assert guess.type.name in nouns
    assert len(guess.others) == min(4, len(nouns) - 1)
    assert guess.confidence + sum(share for _, share in guess.others) == pytest.approx(1, abs=0.01)
    if guess.confidence >= SURE_ENOUGH:
        assert run.stages.get(stage="segment").result.inputs["product"]["noun"] == guess.type.name
    else:
        assert (run.state, run.stages.count()) == (Run.State.NEEDS_PERSON, 0)
        assert "give it a type" in run.problem
