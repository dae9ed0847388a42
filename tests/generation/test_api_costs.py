"""What generation has cost, as programs and the terminal are told it: by stage, and for each image that counts."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from generation.models import Batch, Candidate, Method, Run, RunStage
from tests.factories.generation import make_candidate, make_method, make_result, make_run

ClientFor = Callable[[User | None], Client]
Judged = Callable[..., None]
EACH = {"number": 6, "seconds": 10.0, "gpu_seconds": 5.0, "money": pytest.approx(5 / 3600 * 2)}


@pytest.fixture
def client(client_for: ClientFor, analyst: User, settings: LazySettings) -> Client:
    settings.GPU_HOUR_PRICE = 2.0
    return client_for(analyst)


@pytest.mark.parametrize("of", ["method", "batch", "product"])
def test_each_stage_all_of_them_and_an_image_are_told(client: Client, paid_runs: tuple[Run, Run], of: str) -> None:
    batch = Batch.objects.create(method=paid_runs[0].method, model_set="tiny", total=2)
    Run.objects.update(batch=batch)
    number = {"method": paid_runs[0].method_id, "batch": batch.pk, "product": paid_runs[0].product_id}[of]
    plural = {"method": "methods", "batch": "batches", "product": "products"}[of]
    told = client.get(f"/api/{plural}/{number}/cost/").json()
    assert told["total"] == {
        "seconds": 60, "gpu_seconds": 30, "peak_bytes": 3000, "images": 6, "steps": 0,
        "money": pytest.approx(30 / 3600 * 2),
    }  # fmt: skip
    assert [(one["stage"], one["seconds"]) for one in told["stages"]] == [("segment", 10), ("generate", 50)]
    assert told["per_candidate"] == EACH
    assert (told["per_picked"]["number"], told["per_picked"]["seconds"]) == (2, 30)


def test_an_accepted_image_has_a_cost_once_people_have_judged(
    client: Client, paid_runs: tuple[Run, Run], judged: Judged
) -> None:
    url = f"/api/methods/{paid_runs[0].method_id}/cost/"
    assert client.get(url).json()["per_accepted"] is None
    judged(Candidate.objects.all(), (1,))
    assert client.get(url).json()["per_accepted"] == {
        "judged": 6, "number": 2, "seconds": 30.0, "gpu_seconds": 15.0, "money": pytest.approx(15 / 3600 * 2),
    }  # fmt: skip


@pytest.mark.parametrize(("of", "most"), [("method", 9), ("batch", 6), ("product", 7)])
def test_a_cost_takes_as_many_queries_however_many_runs_there_are(  # noqa: PLR0917 - a table and four fixtures
    client: Client, paid_runs: tuple[Run, Run], judged: Judged, of: str, most: int, django_assert_max_num_queries: Any
) -> None:
    method, product = paid_runs[0].method, paid_runs[0].product
    batch = Batch.objects.create(method=method, model_set="tiny", total=12)
    for seed in range(2, 12):
        run = make_run(product, method=method, seed=seed)
        result = make_result("generate", seconds=1, product=product, images=1)
        RunStage.objects.create(run=run, order=0, stage="generate", method=method, result=result)
        make_candidate(run)
    Run.objects.update(batch=batch)
    judged(Candidate.objects.all(), (1,))
    number, plural = {
        "method": (method.pk, "methods"), "batch": (batch.pk, "batches"), "product": (product.pk, "products"),
    }[of]  # fmt: skip
    with django_assert_max_num_queries(most):
        told = client.get(f"/api/{plural}/{number}/cost/").json()
    assert told["per_candidate"]["number"] == 16


@pytest.mark.parametrize("plural", ["methods", "batches", "products"])
@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
@pytest.mark.django_db
def test_a_cost_is_only_told(client_for: ClientFor, operator: User, plural: str, verb: str) -> None:
    assert getattr(client_for(operator), verb)(f"/api/{plural}/1/cost/").status_code == 405


@pytest.mark.django_db
def test_what_never_ran_has_cost_nothing_and_what_is_not_there_is_not_found(client: Client) -> None:
    told = client.get(f"/api/methods/{make_method().pk}/cost/").json()
    assert (told["total"]["seconds"], told["stages"]) == (0, [])
    assert told["per_candidate"] == {"number": 0, "seconds": None, "gpu_seconds": None, "money": None}
    for plural in ("methods", "batches", "products"):
        assert client.get(f"/api/{plural}/999999/cost/").status_code == 404


def test_the_terminal_has_a_table_with_a_row_for_each_method_that_ran(
    paid_runs: tuple[Run, Run], judged: Judged, settings: LazySettings
) -> None:
    settings.GPU_HOUR_PRICE, settings.CURRENCY = 3.6, "EUR"
    make_method("never-run")
    Method.objects.filter(pk=paid_runs[0].method_id).update(name="mine")
    images = ["6", "10.0", "0.0050", "2", "30.0", "0.0150", "-", "-", "-"]
    assert table()[1].split() == ["mine", "v1", "60", "30", "0.03", *images]
    judged(Candidate.objects.all(), ())
    assert table()[1].split()[-3:] == ["0", "-", "-"]
    judged(Candidate.objects.all(), (1,))
    head, row = table()
    assert head.split()[-9:] == ["images", "s", "EUR", "picked", "s", "EUR", "accepted", "s", "EUR"]
    assert row.split()[-3:] == ["2", "30.0", "0.0150"]


def test_a_method_that_never_ran_is_asked_about_its_stages_only(paid_runs: tuple[Run, Run]) -> None:
    with CaptureQueriesContext(connection) as before:
        table()
    for number in range(3):
        make_method(f"never-run-{number}")
    with CaptureQueriesContext(connection) as after:
        table()
    assert len(after) - len(before) == 3 * 2, "the bill's two, and not the four of accepted images"


def table() -> list[str]:
    out = io.StringIO()
    call_command("methods", "cost", stdout=out)
    return out.getvalue().splitlines()
