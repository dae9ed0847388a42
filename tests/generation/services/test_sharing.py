"""In-class negatives of a type: drawn for the first product that needs them, taken over by the next."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.models import ResultFile, Run, SharedNegative, StageResult
from generation.recipe import FinetuneConfig, GenerateConfig, NegativesConfig, NewContextsConfig, Recipe
from generation.records import NegativesResult, from_plain
from generation.services import sharing
from generation.services.runs import Wish, start_run
from tests.factories.generation import make_method, make_ready_product

pytestmark = pytest.mark.django_db
Work = Callable[..., int]
RECIPE = Recipe(
    novel_views=None,
    new_contexts=NewContextsConfig(per_photo=4),  # of a bank of eight
    finetune=FinetuneConfig(steps=2, sweep=None),
    generate=GenerateConfig(candidates=2, prompts=2),
)


def run_of(work: Work, noun: str = "mug", recipe: Recipe = RECIPE) -> Run:
    run = start_run(make_ready_product(noun), Wish(make_method(recipe=recipe)))
    work()
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def result_of(run: Run) -> StageResult:
    return run.stages.get(stage="negatives").result


def shared_in(run: Run) -> dict[str, str]:
    """By text the file of each shared negative of a run."""
    made = from_plain(NegativesResult, result_of(run).result)
    return {image.template: image.picture.key for image in made.images if image.template}


def test_the_next_product_of_the_type_takes_over_what_is_there(work: Work) -> None:
    runs = [run_of(work) for _ in range(3)]
    taken = [(text, key) for run in runs for text, key in shared_in(run).items()]
    assert len(taken) == 12
    # The stand-in draws another picture for each product: what is equal was taken over.
    assert len(set(taken)) == len(dict(taken)) == SharedNegative.objects.count() <= 8
    for run in runs:
        named = set(ResultFile.objects.filter(result=result_of(run)).values_list("key", flat=True))
        assert set(shared_in(run).values()) <= named


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "another type": ("chair", {}),
    "other steps": ("mug", {"steps": 7}),
    "other guidance": ("mug", {"guidance": 2.0}),
    "another size": ("mug", {"size": 64}),
}


@pytest.mark.parametrize(("noun", "change"), OTHERS.values(), ids=OTHERS)
def test_what_is_drawn_in_another_way_is_another_image(work: Work, noun: str, change: dict[str, Any]) -> None:
    first = run_of(work)
    other = run_of(work, noun, replace(RECIPE, negatives=NegativesConfig(**change)))
    assert sharing.pool_of(result_of(first)) != sharing.pool_of(result_of(other))
    assert not set(shared_in(first).values()) & set(shared_in(other).values())


@pytest.mark.parametrize("change", [{"spare": 2.0}, {"positives_per_negative": 3.0}, {"counterfactual_share": 0.25}])
def test_how_many_are_wanted_makes_no_other_image(work: Work, change: dict[str, Any]) -> None:
    first = run_of(work)
    other = run_of(work, recipe=replace(RECIPE, negatives=NegativesConfig(**change)))
    assert sharing.pool_of(result_of(first)) == sharing.pool_of(result_of(other))


def test_nothing_is_kept_where_nothing_is_to_be_shared(work: Work) -> None:
    run_of(work, recipe=replace(RECIPE, negatives=NegativesConfig(shared_per_prompt=0)))
    assert not SharedNegative.objects.exists()


def test_they_go_with_the_result_that_names_their_files(work: Work) -> None:
    first = run_of(work)
    texts = set(shared_in(first))
    assert sharing.there(result_of(first), texts)
    run = first.pk
    first.product.delete()
    assert not Run.objects.filter(pk=run).exists()
    StageResult.objects.filter(stage="negatives").delete()
    assert not SharedNegative.objects.exists()


def test_they_are_read_in_one_query_and_only_those_asked_for(work: Work) -> None:
    result = result_of(run_of(work))
    texts = sorted(from_plain(NegativesResult, result.result).images, key=lambda image: image.template)
    wanted = texts[-1].template
    with CaptureQueriesContext(connection) as queries:
        found = sharing.there(result, {wanted, "a text that no product has"})
    assert len(queries) == 1
    assert [image.template for image in found] == [wanted]


def test_two_who_drew_the_same_at_once_keep_one(work: Work) -> None:
    result = result_of(run_of(work))
    made = from_plain(NegativesResult, result.result)
    before = SharedNegative.objects.count()
    assert before
    sharing.keep(result, made)
    assert SharedNegative.objects.count() == before
