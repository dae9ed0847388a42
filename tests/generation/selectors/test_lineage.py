"""A candidate leads back to its photos, by way of all that was made in between; and progress on the way there."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.models import Candidate
from generation.recipe import FinetuneConfig, GenerateConfig, NewContextsConfig, NovelViewsConfig, Recipe
from generation.selectors.lineage import lineage
from generation.selectors.progress import stage_progress
from generation.services.runs import Wish, start_run
from tests.factories.generation import make_method, make_ready_product

pytestmark = pytest.mark.django_db
Work = Callable[..., int]
SMALL = Recipe(
    novel_views=NovelViewsConfig(views=2),
    new_contexts=NewContextsConfig(per_photo=2),
    finetune=FinetuneConfig(steps=2, sweep=None),
    generate=GenerateConfig(candidates=3, prompts=3),
)


def test_a_candidate_leads_back_to_its_photos(work: Work) -> None:
    product = make_ready_product(photos=2)
    run = start_run(product, Wish(make_method("small", SMALL)))
    work()
    candidate = Candidate.objects.filter(run=run, picked=True).first()
    assert candidate is not None

    with CaptureQueriesContext(connection) as queries:
        past = lineage(candidate)
    assert len(queries) <= 8

    assert [link.stage for link in past.links] == [
        "generate", "finetune", "filter", "negatives", "new_contexts", "novel_views", "caption", "segment",
    ]  # fmt: skip
    assert (past.run, past.method.name, past.prompt, past.seed) == (run, "small", candidate.prompt, candidate.seed)
    assert list(past.photos) == list(product.photos.order_by("position", "id"))
    assert past.photo_keys == tuple(photo.key for photo in past.photos)
    assert past.adapter is not None
    assert past.adapter.result.stage == "finetune"
    assert past.trained_on
    assert all(image.kept for image in past.trained_on)
    assert {image.source_key for image in past.trained_on} == set(past.photo_keys)
    generate = past.links[0]
    assert generate.made_from == ("segment", "finetune")
    assert set(generate.checkpoints) == {"served", "safety"}
    assert generate.fingerprint == candidate.result.fingerprint


def test_a_photo_that_is_gone_keeps_its_key_in_the_lineage(work: Work) -> None:
    product = make_ready_product(photos=2)
    run = start_run(product, Wish(make_method(recipe=SMALL)))
    work()
    first = product.photos.order_by("position", "id")[0]
    first.delete()
    past = lineage(Candidate.objects.filter(run=run)[0])
    assert first.key in past.photo_keys
    assert len(past.photos) == 1


def test_without_training_the_way_is_short(work: Work) -> None:
    edit = Recipe(
        caption=None, novel_views=None, new_contexts=None, negatives=None, filter=None, finetune=None,
        generate=GenerateConfig(way="reference-edit", candidates=2, prompts=2),
    )  # fmt: skip
    run = start_run(make_ready_product(), Wish(make_method(recipe=edit)))
    work()
    past = lineage(Candidate.objects.filter(run=run)[0])
    assert [link.stage for link in past.links] == ["generate", "segment"]
    assert (past.adapter, past.trained_on) == (None, ())


def test_progress_counts_results_once_and_running_ones_in_part(work: Work) -> None:
    method = make_method(recipe=SMALL)
    runs = [start_run(make_ready_product(), Wish(method)) for _ in range(2)]
    ids = [run.pk for run in runs]
    assert {progress.done for progress in stage_progress(ids)} == {0.0}
    work(most=3)
    first = stage_progress(ids)[0]
    assert (first.title, first.total) == ("Cut out", 2)
    result = runs[1].stages.get(stage="filter").result
    result.state = "running"
    result.save(update_fields=["state"])
    assert result.job is not None
    result.job.progress_done, result.job.progress_total, result.job.message = 3, 4, "pictures"
    result.job.save(update_fields=["progress_done", "progress_total", "message"])
    progress = next(each for each in stage_progress(ids) if each.stage == "filter")
    assert (progress.done, progress.running, progress.message) == (0.75, 1, "pictures")
    assert progress.has_begun
    assert not progress.is_over
    work()
    assert all(each.is_over for each in stage_progress(ids) if each.stage != "filter")
