"""Generation for programs: the same services as the pages, one shape of errors, keyset pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from generation.models import Batch, Method, Run
from tests.factories.catalog import make_product
from tests.factories.generation import (
    make_candidate,
    make_light_set,
    make_method,
    make_ready_product,
    make_result,
    make_run,
)
from tests.factories.runs import make_whole_run

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


@pytest.fixture(autouse=True)
def light_set(settings: LazySettings, tmp_path: Path) -> None:
    settings.MODEL_SETS_DIR = tmp_path / "sets"
    settings.MODEL_SETS_DIR.mkdir()
    settings.MODEL_SET = make_light_set(settings.MODEL_SETS_DIR)


def post(client: Client, url: str, body: Any = None) -> Any:
    return client.post(url, body or {}, content_type="application/json")


class TestRuns:
    def test_starts_one_and_asked_again_gives_the_same(self, client: Client, operator: User) -> None:
        product, method = make_ready_product(), make_method("mine")
        body = {"product": product.pk, "method": "mine", "seed": 3, "candidates": 5}
        first, second = (post(client, "/api/runs/", body) for _ in range(2))
        assert (first.status_code, first.json()["id"]) == (201, second.json()["id"])
        run = Run.objects.get()
        assert (run.product, run.method, run.seed, run.candidates_asked) == (product, method, 3, 5)
        assert (run.asked_by, run.model_set) == (operator, "light")
        assert next(stage["stage"] for stage in first.json()["stages"]) == "segment"

    def test_tells_what_becomes_of_a_wish_for_a_run_on_its_way(self, client: Client) -> None:
        make_method("mine")
        body = {"product": make_ready_product().pk, "method": "mine", "candidates": 5}
        first, second = (post(client, "/api/runs/", body | {"candidates": most}).json() for most in (5, 2))
        said = f"Run #{first['id']} was on its way already and makes the 5 images asked for before, not 2."
        assert (first["told"], second["told"]) == ([], [said])

    @pytest.mark.parametrize(
        ("change", "field", "sentence"),
        [
            ({"product": 999}, "product", "There is no product 999."),
            ({"product": "x"}, "product", "'x' will not do: send a whole number of at least 1."),
            ({"method": ""}, "method", "It is empty; send a text."),
            ({"seed": -1}, "seed", "-1 will not do: send a whole number of at least 0."),
            ({"method": "nowhere"}, "", "There is no method 'nowhere'"),
            ({"model_set": "nowhere"}, "", "There is no model set 'nowhere'"),
            ({"seed": 2**31}, "", "is not between 0 and"),
        ],
    )
    def test_what_cannot_be_started_is_said_in_one_shape(
        self, client: Client, change: dict[str, Any], field: str, sentence: str
    ) -> None:
        make_method("mine")
        body = {"product": make_ready_product().pk, "method": "mine"} | change
        response = post(client, "/api/runs/", body)
        told = response.json()
        assert (response.status_code, set(told)) == (400, {"detail", "errors"})
        assert sentence in told["detail"]
        assert list(told["errors"]) == ([field] if field else [])
        assert not Run.objects.exists()

    def test_a_product_without_photos_is_refused(self, client: Client) -> None:
        make_method("mine")
        response = post(client, "/api/runs/", {"product": make_product().pk, "method": "mine"})
        assert "has no photos; add one." in response.json()["detail"]

    def test_lists_by_filter_and_page(self, client: Client) -> None:
        failed = [make_run(state="failed").pk for _ in range(3)]
        make_run()
        page = client.get("/api/runs/?state=failed&size=2").json()
        assert [run["id"] for run in page["results"]] == failed[:0:-1]
        rest = client.get(f"/api/runs/?state=failed&size=2&after={page['next']}").json()
        assert ([run["id"] for run in rest["results"]], rest["next"]) == ([failed[0]], None)

    def test_are_found_by_their_method(self, client: Client) -> None:
        [first, second] = [make_method("mine", version=version) for version in (1, 2)]
        run, other = make_run(method=first), make_run(method=second)
        for said, found in ((str(first.pk), run), ("mine v1", run), ("mine", other)):
            assert [one["id"] for one in client.get("/api/runs/", {"method": said}).json()["results"]] == [found.pk]

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("state=suceeded", "state: 'suceeded' is none of these: planned, "),
            ("method=theirs", "There is no method 'theirs'"),
            ("batch=-1", "batch: '-1' is no number of a batch."),
        ],
    )
    def test_a_filter_that_means_nothing_is_refused(self, client: Client, query: str, sentence: str) -> None:
        response = client.get(f"/api/runs/?{query}")
        assert response.status_code == 400
        assert sentence in response.json()["detail"]

    def test_tells_stages_and_cost(self, client: Client, django_assert_max_num_queries: Callable) -> None:
        run = make_whole_run(upto="finetune", side=32, pictures=2)
        with django_assert_max_num_queries(6):
            told = client.get(f"/api/runs/{run.pk}/").json()
        stages = {stage["stage"]: stage for stage in told["stages"]}
        assert (stages["filter"]["state"], stages["generate"]["state"]) == ("succeeded", "waiting")
        assert (stages["finetune"]["state"], stages["finetune"]["percent"]) == ("running", 34)
        assert told["cost"]["gpu_seconds"] == sum(stage["gpu_seconds"] for stage in told["stages"])
        assert told["cost"]["money"] > 0

    @pytest.mark.parametrize(
        ("act", "before", "status", "after"),
        [
            ("pause", "running", 200, "paused"), ("resume", "paused", 200, "planned"),
            ("cancel", "running", 200, "cancelled"), ("pause", "succeeded", 409, "succeeded"),
            ("retry", "running", 409, "running"),
        ],
    )  # fmt: skip
    def test_acts(self, client: Client, act: str, before: str, status: int, after: str) -> None:
        run = make_run(state=before)
        response = post(client, f"/api/runs/{run.pk}/{act}/")
        run.refresh_from_db()
        assert (response.status_code, run.state) == (status, after)
        assert status == 200 or f"Run #{run.pk} is {before}" in response.json()["detail"]

    @pytest.mark.parametrize("url", ["/api/runs/999999/", "/api/runs/999999/candidates/", "/api/methods/999999/"])
    def test_an_id_that_is_nobodys_is_not_found(self, client: Client, url: str) -> None:
        response = client.get(url)
        assert response.status_code == 404
        assert response.json()["detail"]

    def test_an_act_that_there_is_not_is_not_found(self, client: Client) -> None:
        assert post(client, f"/api/runs/{make_run().pk}/explode/").status_code == 404


class TestCandidates:
    def test_come_sorted_a_page_at_a_time_with_their_metrics(self, client: Client) -> None:
        run, result = make_run(), make_result("generate")
        rows = [make_candidate(run, result=result, clip_i=number / 10, place=9 - number) for number in range(5)]
        page = client.get(f"/api/runs/{run.pk}/candidates/?sort=clip_i&size=3").json()
        assert [one["id"] for one in page["results"]] == [row.pk for row in rows[:1:-1]]
        assert page["results"][0]["metrics"]["clip_i"] == 0.4
        assert page["results"][0]["url"] == f"/media/{rows[4].key}"
        rest = client.get(f"/api/runs/{run.pk}/candidates/?sort=clip_i&size=3&after={page['next']}").json()
        assert ([one["id"] for one in rest["results"]], rest["next"]) == ([rows[1].pk, rows[0].pk], None)

    @pytest.mark.parametrize(("tier", "count"), [("", 0), ("0", 1), ("1", 0)])
    def test_are_of_one_tier(self, client: Client, tier: str, count: int) -> None:
        run = make_run(tier=1)
        make_candidate(run)
        assert len(client.get(f"/api/runs/{run.pk}/candidates/?tier={tier}").json()["results"]) == count

    @pytest.mark.parametrize("query", ["tier=x", "tier=1", f"tier={'9' * 30}", "sort=clip"])
    def test_a_tier_or_sort_that_there_is_not_is_refused(self, client: Client, query: str) -> None:
        response = client.get(f"/api/runs/{make_run().pk}/candidates/?{query}")
        name, _, value = query.partition("=")
        assert (response.status_code, list(response.json()["errors"])) == (400, [name])
        assert f"{value!r} is none of these: " in response.json()["detail"]


class TestBatches:
    def test_starts_one_and_leaves_out_what_is_there(self, client: Client) -> None:
        method, products = make_method("mine"), [make_ready_product() for _ in range(3)]
        make_run(products[0], method=method)
        ids = [product.pk for product in products]
        told = post(client, "/api/batches/", {"products": ids, "method": "mine", "title": "Three"})
        assert told.status_code == 201
        assert (told.json()["added"], told.json()["there"]) == (2, 1)
        assert (told.json()["batch"]["title"], told.json()["batch"]["total"]) == ("Three", 2)
        again = post(client, "/api/batches/", {"products": ids, "method": "mine"})
        assert (again.status_code, again.json()) == (200, {"batch": None, "added": 0, "there": 3})

    @pytest.mark.parametrize(
        ("products", "sentence"),
        [
            ([], "It has 0 items, and 1 are the fewest"),
            ([999], "There is no product 999."),
            ("x", "send a list."),
        ],
    )
    def test_products_that_there_are_not_are_refused(self, client: Client, products: Any, sentence: str) -> None:
        make_method("mine")
        response = post(client, "/api/batches/", {"products": products, "method": "mine"})
        assert response.status_code == 400
        assert sentence in response.json()["errors"]["products"][0]

    def test_tells_counts_and_reasons(self, client: Client) -> None:
        batch = Batch.objects.create(method=make_method(), model_set="light", total=2, failed=2)
        for _ in range(2):
            make_run(batch=batch, state="failed", problem="The loss is no number any more.")
        told = client.get(f"/api/batches/{batch.pk}/").json()
        assert told["failed"] == 2
        assert told["reasons"] == [{"problem": "The loss is no number any more.", "state": "failed", "number": 2}]
        [row] = client.get("/api/batches/").json()["results"]
        assert (row["id"], row["over"], row["retrying"]) == (batch.pk, True, False)
        assert post(client, f"/api/batches/{batch.pk}/retry/").json()["retrying"] is True
        assert client.get("/api/batches/").json()["results"][0]["retrying"] is True

    def test_acts_on_all_its_runs(self, client: Client) -> None:
        batch = Batch.objects.create(method=make_method(), model_set="light", total=1, running=1)
        run = make_run(batch=batch, state="running")
        told = post(client, f"/api/batches/{batch.pk}/pause/").json()
        run.refresh_from_db()
        assert (told["state"], told["paused"], run.state) == ("paused", 1, "paused")
        assert post(client, f"/api/batches/{batch.pk}/explode/").status_code == 404

    @pytest.mark.parametrize(
        ("act", "sentence"),
        [
            ("pause", "nothing to pause"),
            ("resume", "not paused"),
            ("cancel", "No run of Batch"),
            ("retry", "has stopped"),
        ],
    )
    def test_one_that_is_done_stays_so(self, client: Client, act: str, sentence: str) -> None:
        batch = Batch.objects.create(method=make_method(), model_set="light", total=1, succeeded=1)
        make_run(batch=batch, state="succeeded")
        response = post(client, f"/api/batches/{batch.pk}/{act}/")
        batch.refresh_from_db()
        assert (response.status_code, batch.state) == (409, "active")
        assert sentence in response.json()["detail"]

    def test_one_that_is_cancelled_is_not_said_to_have_succeeded(self, client: Client) -> None:
        batch = Batch.objects.create(method=make_method(), model_set="light", total=1, running=1)
        make_run(batch=batch, state="running")
        first, again = (post(client, f"/api/batches/{batch.pk}/cancel/") for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 409)
        assert "each has succeeded or is cancelled" in again.json()["detail"]


class TestMethods:
    def test_makes_one_and_gives_it_back(self, client: Client) -> None:
        body = {"name": "mine", "title": "Mine", "recipe": {"finetune": {"rank": 8}}}
        made = post(client, "/api/methods/", body)
        assert (made.status_code, made.json()["version"]) == (201, 1)
        told = client.get(f"/api/methods/{made.json()['id']}/").json()
        assert told["recipe"]["finetune"]["rank"] == 8
        assert [row["name"] for row in client.get("/api/methods/").json()["results"]] == ["mine"]

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"recipe": {"finetune": {"rank": 0}}}, "finetune.rank: input should be greater than or equal to 1"),
            ({"recipe": {"magic": 1}}, "There is no parameter magic."),
            ({"recipe": []}, "[] will not do: send a table of names and values."),
            ({"name": "No Good"}, "will not do as a name"),
        ],
    )
    def test_one_that_does_not_fit_is_refused(self, client: Client, change: dict[str, Any], sentence: str) -> None:
        response = post(client, "/api/methods/", {"name": "mine", "title": "Mine", "recipe": {}} | change)
        assert (response.status_code, Method.objects.count()) == (400, 0)
        assert sentence in response.json()["detail"]


WRITES = ["/api/runs/", "/api/batches/", "/api/methods/"]


@pytest.mark.parametrize("url", WRITES)
def test_analysts_read_and_operators_write(client_for: ClientFor, analyst: User, rater: User, url: str) -> None:
    assert client_for(analyst).get(url).status_code == 200
    assert post(client_for(analyst), url).status_code == 403
    assert client_for(rater).get(url).status_code == 403
    assert client_for(None).get(url).status_code == 401
