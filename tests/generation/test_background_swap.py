"""Whole runs of background-swap by way of their jobs, on the shipped set without any learned model."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage
from PIL import Image

from catalog.models import Product
from generation.exceptions import NotPossible
from generation.models import Candidate, Run, StageResult
from generation.recipe import Recipe
from generation.services.methods import SHIPPED, read_file
from generation.services.runs import Wish, start_run
from generation.sweeping import sweep_files
from tests.factories.catalog import make_photo, make_product
from tests.factories.cutouts import disc, write_background
from tests.factories.generation import make_method, make_ready_product
from vitrine.addresses import folder

pytestmark = pytest.mark.django_db
Work = Callable[[], int]


@pytest.fixture
def work(settings: LazySettings, tmp_path: Path, work_off: Work) -> Work:
    """Runs all jobs; own backgrounds would lie in `tmp_path / "own"`."""
    settings.MODEL_SET = "classical"
    settings.BACKGROUNDS_DIR = tmp_path / "own"
    return work_off


def swap_recipe() -> Recipe:
    return read_file(SHIPPED / "background-swap.toml")[2]


def give_photo(product: Product, *, middle: float = 0.5) -> None:
    buffer = io.BytesIO()
    disc((200, 180), middle=middle)[0].save(buffer, "PNG")
    make_photo(product, data=buffer.getvalue(), name=f"{middle}.png")
    product.refresh_from_db()


def started(product: Product, **fields: Any) -> Run:
    return start_run(product, Wish(make_method(recipe=swap_recipe()), candidates=3, **fields))


def test_a_photo_becomes_candidates_with_no_learned_model_at_all(work: Work) -> None:
    product = make_ready_product("mug", photos=0, prompts=0)
    give_photo(product)
    run = started(product)
    work()
    run.refresh_from_db()
    assert (run.state, run.problem) == (Run.State.SUCCEEDED, "")
    stages = list(run.stages.order_by("order").values_list("stage", flat=True))
    assert stages == ["segment", "matte", "generate", "select"]
    rows = list(Candidate.objects.filter(run=run).order_by("place"))
    assert [row.place for row in rows] == [1, 2, 3]
    assert all(row.picked for row in rows)
    assert {(row.clip_i, row.dino_i, row.score, row.embeddings) for row in rows} == {(None, None, None, "")}
    assert all(" mug " in f" {row.words} " for row in rows)


def test_asked_twice_it_is_the_same_run_and_another_seed_shares_the_cut_outs(work: Work) -> None:
    product = make_ready_product("mug", photos=0, prompts=0)
    give_photo(product)
    method = make_method(recipe=swap_recipe())
    first = start_run(product, Wish(method, candidates=2))
    work()
    other = start_run(product, Wish(method, candidates=2, seed=1))
    work()
    assert StageResult.objects.filter(stage="matte").count() == 1
    assert StageResult.objects.filter(stage="generate").count() == 2
    pictures = [set(Candidate.objects.filter(run=run).values_list("sha256", flat=True)) for run in (first, other)]
    assert not pictures[0] & pictures[1]


def test_a_product_without_a_type_is_placed_by_its_proportions(work: Work) -> None:
    product = make_product(type=None)
    give_photo(product)
    run = started(product)
    work()
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED
    assert all("a product" in words for words in run.candidates.values_list("words", flat=True))


def test_a_product_cut_off_by_its_photo_asks_a_person(work: Work) -> None:
    product = make_ready_product("mug", photos=0, prompts=0)
    give_photo(product, middle=0.04)
    run = started(product)
    work()
    run.refresh_from_db()
    assert run.state == Run.State.NEEDS_PERSON
    assert "mug" in run.problem


def test_own_backgrounds_are_used_by_name_and_kept_in_the_store(work: Work, tmp_path: Path) -> None:
    write_background(tmp_path / "own", "my-shop", {"words": "a {product} in my shop"}, side=512)
    recipe = read_file(SHIPPED / "background-swap.toml")[2]
    plain = make_method(recipe=with_backgrounds(recipe, "my-shop"))
    product = make_ready_product("mug", photos=0, prompts=0)
    give_photo(product)
    run = start_run(product, Wish(plain, candidates=2))
    (tmp_path / "own" / "my-shop.png").unlink()  # a worker elsewhere has no such folder
    work()
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED
    assert set(run.candidates.values_list("prompt", flat=True)) == {"a {product} in my shop"}
    kept = StageResult.objects.get(stage="generate")
    key = (kept.result or {})["settings"]["own_backgrounds"]["my-shop"]
    assert kept.files.filter(key=key).exists()


def test_an_own_background_outlives_the_sweep_while_its_run_waits_and_is_written_again_after(
    work: Work, settings: LazySettings, tmp_path: Path
) -> None:
    settings.STORAGES = settings.STORAGES | {"default": folder(tmp_path / "media")}
    write_background(tmp_path / "own", "my-yard", side=512)
    method = make_method(recipe=with_backgrounds(swap_recipe(), "my-yard"))
    product = make_ready_product("mug", photos=0, prompts=0)
    give_photo(product)
    run = start_run(product, Wish(method, candidates=1))
    [own] = StageResult.objects.get(stage="generate").inputs["backdrops"]
    assert sweep_files(older_than=timedelta(0)) == 0
    run.delete()
    StageResult.objects.all().delete()
    assert sweep_files(older_than=timedelta(0)) == 1
    assert not default_storage.exists(own["picture"]["key"])
    start_run(product, Wish(method, candidates=1, seed=1))
    assert default_storage.exists(own["picture"]["key"])


def test_an_unknown_background_or_a_method_with_models_is_refused_before_any_work(work: Work) -> None:
    product = make_ready_product("mug", photos=1)
    with pytest.raises(NotPossible, match="There is no background 'moon'"):
        start_run(product, Wish(make_method(recipe=with_backgrounds(swap_recipe(), "moon"))))
    with pytest.raises(NotPossible, match=r"The model set classical has no .*base"):
        start_run(product, Wish(make_method(recipe=Recipe())))
    run = start_run(product, Wish(make_method(recipe=with_backgrounds(swap_recipe(), "wall-blue"))))
    assert run.state == Run.State.FAILED
    assert "None of the backgrounds wall-blue fits a mug of 10 cm shown front" in run.problem


def with_backgrounds(recipe: Recipe, names: str) -> Recipe:
    swap = recipe.generate.swap
    assert swap is not None
    return replace(recipe, generate=replace(recipe.generate, swap=replace(swap, backgrounds=names)))


def test_transparent_photos_need_no_segmenter(work: Work) -> None:
    product = make_ready_product("mug", photos=0, prompts=0)
    image = Image.new("RGBA", (120, 140), (0, 0, 0, 0))
    image.paste((252, 252, 252, 255), (30, 20, 90, 120))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    make_photo(product, data=buffer.getvalue(), name="cut.png")
    product.refresh_from_db()
    run = started(product)
    work()
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED, run.problem
