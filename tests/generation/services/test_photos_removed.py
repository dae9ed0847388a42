"""A photo that is removed while a run goes on: its file stays until the run has ended, and others are not held up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage

from catalog.models import Photo
from catalog.photos.sweeping import sweep_photos
from catalog.services.photos import remove_photo
from generation.exceptions import GenerationError
from generation.models import Run
from generation.recipe import FinetuneConfig, GenerateConfig, Recipe
from generation.records import Picture
from generation.services import control
from generation.services.methods import SHIPPED, read_file
from generation.services.runs import Wish, start_run
from generation.storage import site_files
from tests.factories.generation import make_method, make_ready_product, some_hash

pytestmark = pytest.mark.django_db
Work = Callable[..., int]
SMALL = Recipe(finetune=FinetuneConfig(steps=2, sweep=None), generate=GenerateConfig(candidates=2, prompts=2))
AT_ONCE = timedelta(seconds=-5)


@pytest.fixture
def removed(django_capture_on_commit_callbacks: Any) -> Callable[[Run], Photo]:
    """`removed(run)`: the first photo of the run's product, which is removed now."""

    def remove(run: Run) -> Photo:
        photo = run.product.photos.order_by("position")[0]
        with django_capture_on_commit_callbacks(execute=True):
            remove_photo(photo)
        return photo

    return remove


def started(photos: int = 2) -> Run:
    return start_run(make_ready_product(photos=photos), Wish(make_method(recipe=SMALL)))


def test_the_run_goes_on_with_the_photo_and_then_its_file_goes(work: Work, removed: Callable[[Run], Photo]) -> None:
    run = started()
    work(most=3)
    photo = removed(run)
    assert not Photo.objects.filter(pk=photo.pk).exists()
    sweep_photos(older_than=AT_ONCE)
    assert site_files().image(Picture(photo.key, photo.sha256, photo.width, photo.height)).size == (40, 32)
    work()
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED
    sweep_photos(older_than=AT_ONCE)
    assert not default_storage.exists(photo.key)


def test_a_swap_that_nothing_measures_keeps_its_photos_too(settings: Any, removed: Callable[[Run], Photo]) -> None:
    settings.MODEL_SET = "classical"
    swap = read_file(SHIPPED / "background-swap.toml")[2]
    run = start_run(make_ready_product(photos=2), Wish(make_method(recipe=swap)))
    assert not run.stages.filter(stage="measure").exists()
    photo = removed(run)
    sweep_photos(older_than=AT_ONCE)
    assert default_storage.exists(photo.key)
    control.cancel([run.pk])
    sweep_photos(older_than=AT_ONCE)
    assert not default_storage.exists(photo.key)


@pytest.mark.parametrize(
    "end", [control.cancel, lambda ids: Run.objects.filter(pk__in=ids).delete()], ids=["cancelled", "removed"]
)
def test_a_run_that_goes_no_further_holds_nothing(end: Any, removed: Callable[[Run], Photo]) -> None:
    run = started()
    end([run.pk])
    assert not default_storage.exists(removed(run).key)


def test_another_products_run_holds_nothing(removed: Callable[[Run], Photo]) -> None:
    started()
    other = started()
    control.cancel([other.pk])
    assert not default_storage.exists(removed(other).key)


def test_a_paused_run_holds_its_own(removed: Callable[[Run], Photo]) -> None:
    run = started()
    control.pause([run.pk])
    assert default_storage.exists(removed(run).key)


def test_where_the_file_is_gone_all_the_same_the_way_out_is_said() -> None:
    sha256 = some_hash()
    with pytest.raises(GenerationError, match=r"A photo of the product has been removed since .* Retry the run"):
        site_files().image(Picture(f"photos/{sha256[:2]}/{sha256}.jpg", sha256, 8, 8))
