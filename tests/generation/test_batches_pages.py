"""Batches on pages: the list, one with its counts and reasons, starting one; and the form that starts runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.selectors.products import ProductFilter
from generation.exceptions import NotPossible
from generation.models import Batch, Run, RunStage
from generation.models.results import StageState
from generation.selectors.batches import counts_of
from generation.selectors.choosing import chosen_ids, title_of
from generation.selectors.progress import stage_progress
from jobs.models import Job
from tests.factories.catalog import make_product, make_type
from tests.factories.generation import make_light_set, make_method, make_ready_product, make_result, make_run

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


@pytest.fixture(autouse=True)
def light_set(settings: LazySettings, tmp_path: Path) -> None:
    settings.MODEL_SETS_DIR = tmp_path / "sets"
    settings.MODEL_SETS_DIR.mkdir()
    settings.MODEL_SET = make_light_set(settings.MODEL_SETS_DIR)


def make_batch(**fields: Any) -> Batch:
    return Batch.objects.create(**{"method": make_method(), "model_set": "light", "title": "Mugs"} | fields)


def text(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


class TestPage:
    def test_shows_counts_stages_reasons_and_runs(self, client: Client) -> None:
        batch = make_batch(total=3, running=1, failed=2)
        for _ in range(2):
            make_run(batch=batch, state="failed", problem="The loss is no number any more.")
        run = make_run(batch=batch, state="running")
        for order, (stage, state) in enumerate((("segment", "running"), ("caption", "waiting"))):
            result = make_result(stage, state=state, seconds=60)
            RunStage.objects.create(run=run, order=order, stage=stage, method=run.method, result=result)
        page = text(client, f"/batches/{batch.pk}/")
        for part in ("2 of 3 runs are over", "Running 1, Failed 2", "The loss is no number", "2 runs", "0 of 1"):
            assert part in page
        assert 'hx-trigger="every 3s"' in page
        assert "Retry 2 that stopped" in page

    def test_its_runs_are_filtered_by_state(self, client: Client) -> None:
        batch = make_batch(total=2, failed=1, succeeded=1)
        failed, done = make_run(batch=batch, state="failed"), make_run(batch=batch, state="succeeded")
        make_run(state="failed")
        page = text(client, f"/batches/{batch.pk}/?state=failed")
        assert f'id="run-{failed.pk}"' in page
        assert f'id="run-{done.pk}"' not in page
        assert page.count('class="run-product"') == 1

    def test_rests_when_it_is_over(self, client: Client) -> None:
        batch = make_batch(total=1, succeeded=1)
        page = text(client, f"/batches/{batch.pk}/")
        assert "hx-trigger" not in page
        assert ">done<" in page

    def test_takes_the_same_few_queries_for_a_thousand_runs(
        self, client: Client, django_assert_max_num_queries: Callable
    ) -> None:
        batch, product = make_batch(total=1_000, failed=1_000), make_product()
        Run.objects.bulk_create(
            Run(product=product, method=batch.method, seed=seed, model_set="light", batch=batch, state="paused")
            for seed in range(1_000)
        )
        result = make_result("segment", state=StageState.WAITING)
        RunStage.objects.bulk_create(
            RunStage(run=run, order=0, stage="segment", method=batch.method, result=result) for run in batch.runs.all()
        )
        with django_assert_max_num_queries(14):
            page = text(client, f"/batches/{batch.pk}/")
        assert "0 of 1<" in page, "one result, which all of them share"

    def test_the_bar_is_full(self) -> None:
        batch = Batch(total=8, succeeded=4, running=1, failed=3)
        found = [(count.state, count.start, count.percent) for count in counts_of(batch)]
        assert found == [("succeeded", 0.0, 50.0), ("running", 50.0, 12.5), ("failed", 62.5, 37.5)]

    def test_stages_come_in_order_and_shared_work_is_counted_once(self) -> None:
        batch = make_batch(total=2)
        result = make_result("caption", state=StageState.WAITING, seconds=10)
        for reused in (False, True):
            run = make_run(batch=batch)
            RunStage.objects.create(run=run, order=1, stage="caption", method=run.method, result=result, reused=reused)
            own = make_result("segment", state=StageState.RUNNING)
            RunStage.objects.create(run=run, order=0, stage="segment", method=run.method, result=own)
        segment, caption = stage_progress(batch)
        assert (segment.stage, segment.total, segment.running) == ("segment", 2, 2)
        assert (caption.total, caption.shared, caption.seconds) == (1, 1, 10)

    @pytest.mark.parametrize(
        ("act", "runs", "state", "after"),
        [
            ("pause", "running", "paused", "paused"), ("resume", "paused", "active", "planned"),
            ("cancel", "running", "cancelled", "cancelled"),
        ],
    )  # fmt: skip
    def test_acts_on_all_its_runs(self, client: Client, act: str, runs: str, state: str, after: str) -> None:
        batch = make_batch(total=2, **{runs: 2})
        ids = [make_run(batch=batch, state=runs).pk for _ in range(2)]
        assert client.post(f"/batches/{batch.pk}/{act}/").status_code == 302
        batch.refresh_from_db()
        assert batch.state == state
        assert set(Run.objects.filter(pk__in=ids).values_list("state", flat=True)) == {after}
        assert getattr(batch, after) == 2

    def test_what_stopped_is_taken_up_again_by_a_job(self, client: Client) -> None:
        batch = make_batch(total=2, failed=2)
        for _ in range(2):
            make_run(batch=batch, state="failed")
        page = client.post(f"/batches/{batch.pk}/retry/", headers=HTMX).content.decode()
        job = Job.objects.get(kind="generation.retry")
        assert "will be taken up again by the next free worker" in page
        assert "Retry 2" not in page, "nobody has to ask twice"
        for shown in (page, text(client, f"/batches/{batch.pk}/"), text(client, "/batches/")):
            assert ">being retried<" in shown
            assert "over, with failures" not in shown
        assert "0 of 2 runs have succeeded" in page, "none of them is over while they are taken up"
        assert 'hx-trigger="every 3s"' in page, "the page looks again though all its runs are over"
        now = timezone.now()
        Job.objects.filter(pk=job.pk).update(state="running", lease_until=now, progress_done=1, progress_total=2)
        assert "1 of 2 runs that stopped are taken up again" in text(client, f"/batches/{batch.pk}/live/")
        Job.objects.filter(pk=job.pk).update(state="succeeded", lease_until=None, finished_at=now)
        assert "Retry 2 that stopped" in text(client, f"/batches/{batch.pk}/live/")
        assert text(client, "/batches/").count("over, with failures") == 1

    STATES = {
        "runs go on": ({"total": 3, "running": 1, "failed": 2}, False, "running"),
        "all have ended": ({"total": 2, "failed": 1, "succeeded": 1}, False, "over, with failures"),
        "all have ended, and a job takes up again": ({"total": 2, "needs_person": 2}, True, "being retried"),
        "some are taken up": ({"total": 2, "planned": 1, "failed": 1}, True, "running"),
        "paused meanwhile": ({"total": 2, "failed": 2, "state": "paused"}, True, "paused"),
        "some wait for a person": ({"total": 2, "needs_person": 1, "succeeded": 1}, False, "needs a person"),
        "nothing stopped": ({"total": 2, "succeeded": 2}, False, "done"),
    }

    @pytest.mark.parametrize(("fields", "retrying", "said"), STATES.values(), ids=STATES)
    def test_its_state_in_words(self, fields: dict[str, Any], retrying: bool, said: str) -> None:
        context = {"batch": Batch(**fields), "retrying": retrying}
        assert f">{said}<" in render_to_string("generation/_batch_state.html", context)

    def test_asking_for_a_thousand_to_be_retried_takes_few_queries(
        self, client: Client, django_assert_max_num_queries: Callable
    ) -> None:
        batch, product = make_batch(total=1_000, failed=1_000), make_product()
        Run.objects.bulk_create(
            Run(product=product, method=batch.method, seed=seed, model_set="light", batch=batch, state="failed",
                finished_at=timezone.now())
            for seed in range(1_000)
        )  # fmt: skip
        with django_assert_max_num_queries(16):
            assert client.post(f"/batches/{batch.pk}/retry/").status_code == 302
        assert Job.objects.get(kind="generation.retry").subject == "Retry of 1000 runs"

    def test_htmx_gets_the_new_counts_and_a_toast(self, client: Client) -> None:
        batch = make_batch(total=1, running=1)
        make_run(batch=batch, state="running")
        response = client.post(f"/batches/{batch.pk}/pause/", headers=HTMX)
        assert "is paused" in response.headers["HX-Trigger"]
        assert ">Resume</button>" in response.content.decode()

    def test_what_there_is_not_is_not_found(self, client: Client) -> None:
        assert client.get("/batches/999999/").status_code == 404
        assert client.post(f"/batches/{make_batch().pk}/explode/").status_code == 404


class TestList:
    def test_shows_batches_newest_first(self, client: Client) -> None:
        assert "No batch yet" in text(client, "/batches/")
        for title in ("First", "Second"):
            make_batch(title=title, total=5, failed=2)
        page = text(client, "/batches/")
        assert page.index("Second") < page.index("First")

    @pytest.mark.parametrize(("counts", "live"), [({"running": 1}, True), ({"succeeded": 1}, False)])
    def test_asks_again_while_one_goes_on(self, client: Client, counts: dict[str, int], live: bool) -> None:
        make_batch(total=1, **counts)
        page = text(client, "/batches/")
        assert ('hx-get="/batches/" hx-trigger="every 4s"' in page) is live
        rows = client.get("/batches/", headers=HTMX).content.decode()
        assert 'id="batch-rows"' in rows
        assert "<!doctype html>" not in rows

    def test_an_analyst_starts_none(self, client_for: ClientFor, analyst: User) -> None:
        assert "/batches/new/" not in text(client_for(analyst), "/batches/")


class TestStart:
    def test_chooses_by_type_and_starts(self, client: Client) -> None:
        method = make_method("mine")
        products = [make_ready_product("mug") for _ in range(2)]
        make_ready_product("lamp")
        url = f"/batches/new/?type={products[0].type_id}"
        assert "2 products of the type mug, each one run." in text(client, url)
        response = client.post(url, {"method": method.pk, "model_set": "light", "seed": 0})
        batch = Batch.objects.get()
        assert response.headers["Location"] == f"/batches/{batch.pk}/"
        assert (batch.title, batch.total) == ("Products of the type mug", 2)
        again = client.post(url, {"method": method.pk, "model_set": "light", "seed": 0}, follow=True)
        assert "all 2 products have such a run already" in again.content.decode()

    def test_nothing_is_chosen_at_first(self, client: Client) -> None:
        make_product()
        page = text(client, "/batches/new/")
        assert "Choose the products first." in page
        assert "Start the batch" not in page

    def test_chosen_ids_are_those_of_the_list_without_end(self) -> None:
        kind = make_type("mug")
        ids = [make_product(type=kind).pk for _ in range(5)]
        make_product()
        assert sorted(chosen_ids(ProductFilter(type=kind.pk))) == ids
        assert len(chosen_ids(ProductFilter(type=kind.pk), most=len(ids))) == len(ids)

    def test_more_than_a_batch_takes_are_refused_with_a_sentence(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kind = make_type()
        for _ in range(3):
            make_product(type=kind.name)
        with pytest.raises(NotPossible, match=r"more than 2 products, and a batch takes no more: narrow it"):
            chosen_ids(ProductFilter(type=kind.pk), most=2)
        monkeypatch.setattr("generation.selectors.choosing.chosen_ids.__defaults__", (2,))
        assert "finds more than 2 products" in text(client, f"/batches/new/?type={kind.pk}")
        answer = client.post(f"/batches/new/?type={kind.pk}", {"method": make_method().pk, "seed": 0})
        assert answer.status_code == 422
        assert "finds more than 2 products" in answer.content.decode()
        assert not Batch.objects.exists()

    @pytest.mark.parametrize(
        ("wanted", "title"),
        [
            (ProductFilter(), "Products"),
            (ProductFilter(text="blue", type="none"), "Products without a type that match “blue”"),
            (ProductFilter(type=999), "Products of the type that is gone"),
            (ProductFilter(source="shop", without_photos=True), "Products from shop without photos"),
        ],
    )
    def test_the_title_says_what_was_chosen(self, wanted: ProductFilter, title: str) -> None:
        assert title_of(wanted) == title

    def test_one_product_is_run(self, client: Client) -> None:
        product, method = make_ready_product(), make_method()
        url = f"/products/{product.pk}/generate/"
        assert f"({method})" in text(client, url)
        response = client.post(url, {"method": method.pk, "model_set": "light", "seed": 4, "candidates": 6})
        run = Run.objects.get()
        assert response.headers["Location"] == f"/runs/{run.pk}/"
        assert (run.product, run.seed, run.candidates_asked, run.commercial) == (product, 4, 6, False)

    def test_what_becomes_of_an_earlier_wish_is_said(self, client: Client) -> None:
        sent = {"method": make_method().pk, "model_set": "light", "seed": 4}
        url = f"/products/{make_ready_product().pk}/generate/"
        first, second = (client.post(url, sent | {"candidates": most}, follow=True) for most in (6, 2))
        said = "was on its way already and makes the 6 images asked for before, not 2."
        assert said not in first.content.decode()
        assert said in second.content.decode()

    def test_what_is_missing_is_said_before_and_after(self, client: Client) -> None:
        product, method = make_product("A plain mug", type="mug"), make_method()
        url = f"/products/{product.pk}/generate/"
        assert "has no photos; add one." in text(client, url)
        response = client.post(url, {"method": method.pk, "model_set": "light", "seed": 0})
        assert (response.status_code, Run.objects.count()) == (422, 0)
        assert response.content.decode().count("has no photos; add one.") == 2

    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("", "The prompt bank has no approved prompt for the type mug"),
            ('scenes = ["a {product} here"]', ""),
            (
                'scenes = ["a {product} here"]\nnouns = { lamp = "light" }',
                "light does not know the type mug; it knows lamp",
            ),
            ("scenes = [1", "is no valid TOML"),
        ],
        ids=["prompts", "scenes", "few words", "no set"],
    )
    def test_what_is_missing_is_of_the_set_that_stands_chosen(
        self, client: Client, settings: LazySettings, written: str, said: str
    ) -> None:
        product, file = make_ready_product(prompts=0), settings.MODEL_SETS_DIR / "light.toml"
        file.write_text(f"{written}\n{file.read_text()}")
        page = text(client, f"/products/{product.pk}/generate/")
        assert ("notice warning" in page) is bool(said)
        assert said in page

    @pytest.mark.parametrize("field", ["method", "model_set", "seed"])
    def test_a_choice_that_there_is_not_is_refused(self, client: Client, field: str) -> None:
        sent = {"method": make_method().pk, "model_set": "light", "seed": 0} | {field: "nowhere"}
        assert client.post(f"/products/{make_ready_product().pk}/generate/", sent).status_code == 422
        assert not Run.objects.exists()

    def test_a_commercial_run_with_such_a_checkpoint_is_refused(self, client: Client, settings: LazySettings) -> None:
        make_light_set(settings.MODEL_SETS_DIR, "research", commercial=False)
        sent = {"method": make_method().pk, "model_set": "research", "seed": 0, "commercial": "on"}
        response = client.post(f"/products/{make_ready_product().pk}/generate/", sent)
        assert response.status_code == 422
        assert "which forbids that" in response.content.decode()
