"""Runs on pages: the list, the strip with its stages, every picture, and what a person does with a run."""

import json
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from generation.models import Run, RunStage, StageImage, StageResult
from generation.models.results import StageState
from generation.selectors.photos import left_out
from jobs.models import State
from tests.factories.catalog import make_photo, make_product
from tests.factories.generation import make_candidate, make_method, make_result, make_run, some_hash
from tests.factories.jobs import make_job
from tests.factories.runs import make_whole_run

ClientFor = Callable[[User | None], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


@pytest.fixture
def whole(db: None) -> Run:
    return make_whole_run(side=48, pictures=5, candidates=5)


def stage_url(run: Run, stage: str) -> str:
    return f"/runs/{run.pk}/stages/0/{stage}/"


def text(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200, response
    return response.content.decode()


def pictures(count: int) -> StageResult:
    """A result with so many pictures, as rows only."""
    result = make_result("novel_views")
    StageImage.objects.bulk_create(
        StageImage(
            result=result, kind="novel-view", key=f"generated/aa/{some_hash()}.png", sha256=some_hash(), width=8,
            height=8, kept=number % 3 > 0, reason="" if number % 3 else "It is broken.",
        )
        for number in range(count)
    )  # fmt: skip
    return result


class TestPhotosLeftOut:
    def leave_out(self, run: Run, count: int) -> int:
        """So many photos of the run have no cut-out; returns how many it has."""
        masks = StageImage.objects.filter(kind="mask", result__stage="segment", result__uses__run=run)
        wanted = list(masks.values_list("pk", flat=True)[:count])
        StageImage.objects.filter(pk__in=wanted).update(kept=False, reason="The cut-out is uncertain.")
        return masks.count()

    def test_a_run_that_did_without_some_says_so(self, client: Client, whole: Run) -> None:
        assert "not used" not in text(client, f"/runs/{whole.pk}/")
        total = self.leave_out(whole, 1)
        page = text(client, f"/runs/{whole.pk}/")
        assert f"1 of {total} photo" in page
        assert f"/runs/{whole.pk}/?stage=segment" in page
        assert "Mark the product" in page

    def test_what_the_edges_refuse_counts_with_what_was_not_found(self, whole: Run) -> None:
        self.leave_out(whole, 1)
        edges = make_result("matte")
        RunStage.objects.create(run=whole, method=whole.method, stage="matte", order=99, result=edges)
        picture = {"kind": "mask", "result": edges, "width": 8, "height": 8, "key": "generated/aa/a.png"}
        for kept in (True, False, False):
            StageImage.objects.create(**picture, sha256=some_hash(), kept=kept)
        found = left_out(whole)
        assert found is not None
        assert (found.photos, found.of, found.kept, found.stage) == (2, 3, 1, "matte")

    def test_an_analyst_is_not_asked_to_mark(self, client_for: ClientFor, analyst: User, whole: Run) -> None:
        self.leave_out(whole, 1)
        page = text(client_for(analyst), f"/runs/{whole.pk}/")
        assert "not used" in page
        assert "Mark the product" not in page


def test_what_nothing_has_measured_is_not_sorted_by_metrics(client: Client, whole: Run) -> None:
    url = f"/runs/{whole.pk}/candidates/0/"
    assert "CLIP-I" in text(client, url, **HTMX)
    whole.candidates.update(score=None)
    assert "sort-clip_i" not in text(client, url, **HTMX)


class TestList:
    def test_shows_product_method_state_and_the_picked(self, client: Client, whole: Run) -> None:
        page = text(client, "/runs/")
        for part in (whole.product.title, str(whole.method), "succeeded", "generated-thumbnails/"):
            assert part in page
        assert page.count('class="picks"') == 1

    @pytest.mark.parametrize(
        ("query", "expected"),
        [("", {0, 1, 2}), ("?state=failed", {1}), ("?state=nonsense", {0, 1, 2}), ("?method={method}", {2})],
    )
    def test_filters(self, client: Client, query: str, expected: set[int]) -> None:
        method = make_method()
        runs = [make_run(), make_run(state="failed"), make_run(method=method)]
        page = text(client, "/runs/" + query.format(method=method.pk))
        assert {index for index, run in enumerate(runs) if f'id="run-{run.pk}"' in page} == expected

    def test_pages_by_keyset_and_keeps_the_filter(self, client: Client) -> None:
        method = make_method()
        for _ in range(41):
            make_run(method=method, state="failed")
        page = text(client, "/runs/?state=failed")
        oldest = Run.objects.order_by("pk")[1].pk
        assert f"/runs/?state=failed&amp;after={oldest}" in page
        assert text(client, f"/runs/?state=failed&after={oldest}").count('id="run-') == 1 + 1  # the row and #run-rows

    def test_asks_again_only_while_something_runs(self, client: Client) -> None:
        run = make_run(state="running")
        rows = text(client, "/runs/", **HTMX)
        assert "<html" not in rows
        assert 'hx-trigger="every 4s"' in rows
        Run.objects.filter(pk=run.pk).update(state="cancelled", finished_at=run.created_at)
        assert "hx-trigger" not in text(client, "/runs/", **HTMX)

    def test_the_number_of_queries_does_not_grow(self, client: Client) -> None:
        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as made:
                text(client, "/runs/", **HTMX)
            return len(made)

        make_candidate(make_run(), picked=True, place=1)
        few = queries()
        for _ in range(12):
            run = make_run(make_photo().product)
            make_candidate(run, picked=True, place=1)
        assert queries() == few <= 8

    def test_says_what_to_do_first(self, client: Client) -> None:
        page = text(client, "/runs/")
        assert "No run yet" in page
        assert "No run fits" in text(client, "/runs/?state=failed")


class TestRun:
    def test_shows_every_stage_and_opens_the_last(self, client: Client, whole: Run) -> None:
        page = text(client, f"/runs/{whole.pk}/")
        assert page.count('data-state="succeeded"') == 10
        assert '<h2 id="stage-title" tabindex="-1">Select</h2>' in page
        assert "4 candidates, 4 picked" in page
        assert "18 min 20 s of work, 13 min 45 s on a GPU, 0.46 USD" in page
        assert 'hx-trigger="every' not in page

    def test_opens_the_stage_that_the_address_names(self, client: Client, whole: Run) -> None:
        assert ">New views</h2>" in text(client, f"/runs/{whole.pk}/?stage=novel_views&tier=0")

    def test_while_it_runs_it_opens_that_stage_and_asks_again(self, client: Client) -> None:
        run = make_whole_run(upto="finetune", side=48, pictures=2)
        page = text(client, f"/runs/{run.pk}/")
        assert ">Fine-tune</h2>" in page
        assert f'hx-get="/runs/{run.pk}/live/?stage=finetune&amp;tier=0" hx-trigger="every 2s"' in page
        assert "34&nbsp;%" in page
        assert "step 620, loss 0.081" in page
        assert page.count('data-state="waiting"') == 3

    def test_a_failure_says_its_sentence_and_what_to_do(self, client: Client) -> None:
        run = make_whole_run(failed="finetune", side=48, pictures=2)
        page = text(client, f"/runs/{run.pk}/")
        assert ">Fine-tune</h2>" in page
        assert page.count("Memory ran out with a batch of 1") >= 2
        assert "Retry what failed" in page
        assert page.count("not reached") == 3
        assert f'href="/jobs/{run.stages.get(stage="finetune").result.job_id}/"' in page

    def test_one_that_needs_a_person_leads_to_the_photos(self, client: Client) -> None:
        run = make_whole_run(failed="segment", side=48)
        run.product.refresh_from_db()
        StageResult.objects.filter(stage="segment").update(asks_person=True)
        Run.objects.update(state="needs_person", problem="No product was found in photo 2: mark it.", finished_at=None)
        page = text(client, f"/runs/{run.pk}/")
        assert "No product was found in photo 2: mark it." in page
        assert f'href="/photos/{run.product.cover_id}/cutout/"' in page

    def test_one_that_lacks_something_else_is_not_sent_to_mark_the_product(self, client: Client) -> None:
        photo = make_photo()
        run = make_run(photo.product, state="needs_person", problem="Nobody has said what it is: give it a type.")
        page = text(client, f"/runs/{run.pk}/")
        assert "Look at it" in page
        assert "Mark the product" not in page
        assert "being planned" not in page

    def test_a_shared_stage_names_the_run_that_makes_it(self, client: Client, whole: Run) -> None:
        other = make_run(method=whole.method, seed=1)
        result = whole.stages.get(stage="caption").result
        RunStage.objects.create(run=other, order=1, stage="caption", method=whole.method, result=result, reused=True)
        page = text(client, f"/runs/{other.pk}/")
        assert f'<a href="/runs/{whole.pk}/?stage=caption">run #{whole.pk}</a>' in page
        assert "\nshared" in page

    def test_the_cost_counts_what_it_made_itself(self, client: Client) -> None:
        run, method = make_run(), make_method()
        for order, reused in enumerate((False, True)):
            result = make_result("segment", seconds=100)
            RunStage.objects.create(
                run=run, order=order, stage=("segment", "caption")[order], method=method, result=result, reused=reused
            )
        assert "1 min 40 s of work" in text(client, f"/runs/{run.pk}/")

    def test_takes_the_same_few_queries_for_any_number_of_pictures(
        self, client: Client, django_assert_max_num_queries: Callable
    ) -> None:
        run = make_whole_run(side=32, pictures=12, candidates=12)
        for stage in ("segment", "novel_views", "filter", "finetune", "select"):
            with django_assert_max_num_queries(16):
                text(client, f"/runs/{run.pk}/?stage={stage}")

    def test_an_analyst_sees_no_button_that_would_be_refused(self, client_for: ClientFor, analyst: User) -> None:
        run = make_run(state="running")
        page = text(client_for(analyst), f"/runs/{run.pk}/")
        assert "/pause/" not in page
        assert "/cancel/" not in page

    def test_two_tiers_are_told_apart(self, client: Client) -> None:
        run, second = make_run(tier=1), make_method("fine")
        RunStage.objects.create(run=run, order=0, stage="segment", method=run.method, result=make_result("segment"))
        RunStage.objects.create(run=run, tier=1, order=0, stage="segment", method=second, result=make_result("segment"))
        page = text(client, f"/runs/{run.pk}/")
        assert f"First: {run.method}" in page
        assert "Then: fine v1" in page


PANELS = {
    "segment": ["shot-mask", "Sureness", "Area"],
    "caption": ["a photo of {product}, brown and soft"],
    "novel_views": ["Frame 4", "DINO-I", "Its product is broken", "Kept 4", "Dropped 1"],
    "new_contexts": ["on a beach at sunset"],
    "negatives": ["In-class negative", "Counterfactual"],
    "filter": ["IoU", "the product grew", "Dropped 1"],
    "finetune": ["<polyline", "ohwx", "1800, 200 saved by stopping early", "it names a rifle", "step 1800", "Fidelity"],
    "generate": ["It may not be shown: violence"],
    "measure": ["Seg DINO-I"],
    "select": ["picked, 1."],
}


class TestStage:
    @pytest.mark.parametrize("stage", PANELS)
    def test_a_panel_shows_what_the_stage_made(self, client: Client, whole: Run, stage: str) -> None:
        panel = text(client, stage_url(whole, stage), **HTMX)
        assert "<html" not in panel
        for part in (*PANELS[stage], "of work", "on a GPU", "6.4 GB"):
            assert part in panel, part

    def test_parameters_that_differ_are_marked(self, client: Client, whole: Run) -> None:
        StageResult.objects.filter(stage="novel_views").update(config={"views": 3, "frames": 33})
        panel = text(client, stage_url(whole, "novel_views"), **HTMX)
        assert '<strong>3</strong> <span class="muted">(usually 8)</span>' in panel
        assert "<dt>Frames</dt><dd>33</dd>" in panel

    def test_without_htmx_it_leads_to_the_page(self, client: Client, whole: Run) -> None:
        response = client.get(stage_url(whole, "filter"))
        assert response.headers["Location"] == f"/runs/{whole.pk}/?stage=filter&tier=0"

    def test_a_trainings_job_shows_its_curve_and_images_as_they_come(self, client: Client) -> None:
        run, job = make_run(state="running"), make_job("generation.finetune", state=State.RUNNING)
        result = make_result("finetune", state=StageState.RUNNING, job=job)
        RunStage.objects.create(run=run, order=0, stage="finetune", method=run.method, result=result)
        panel = f"/trainings/{job.pk}/"
        assert f'hx-get="{panel}"' in text(client, f"/jobs/{job.pk}/")
        first = text(client, panel)
        assert "Nothing to show yet" in first
        assert 'hx-trigger="every 3s"' in first
        StageResult.objects.filter(pk=result.pk).update(told={"loss": [[10, 0.5], [20, 0.25]]})
        StageImage.objects.create(
            result=result, kind="validation", key=f"generated/aa/{'a' * 64}.png", sha256="a" * 64, width=8, height=8,
            text="Step 600: a photo of sks mug",
        )  # fmt: skip
        for page in (text(client, panel), text(client, stage_url(run, "finetune"), **HTMX)):
            for part in ("<polyline", "from 0.500 to 0.250", "step 600", "a photo of sks mug"):
                assert part in page, part
        assert f'href="/runs/{run.pk}/?stage=finetune' in text(client, panel)

    def test_of_any_other_job_there_is_nothing_to_show(self, client: Client) -> None:
        job = make_job("generation.stage", state=State.RUNNING)
        assert "/trainings/" not in text(client, f"/jobs/{job.pk}/")
        panel = text(client, f"/trainings/{job.pk}/")
        assert "It has shown nothing" in panel
        assert "hx-trigger" not in panel

    @pytest.mark.parametrize("stage", ["class_images", "nonsense"])
    def test_a_stage_that_the_run_has_not_is_not_found(self, client: Client, whole: Run, stage: str) -> None:
        assert client.get(stage_url(whole, stage), headers=HTMX).status_code == 404

    def test_a_running_stage_asks_again(self, client: Client) -> None:
        run = make_run(state="running")
        job = make_job("generation.stage", state=State.RUNNING)
        result = make_result("segment", state=StageState.RUNNING, job=job)
        RunStage.objects.create(run=run, order=0, stage="segment", method=run.method, result=result)
        assert 'hx-trigger="every 3s"' in text(client, stage_url(run, "segment"), **HTMX)


class TestPictures:
    def test_a_thousand_come_a_page_at_a_time(self, client: Client, django_assert_max_num_queries: Callable) -> None:
        result = pictures(1_000)
        url, seen = f"/stage-results/{result.pk}/pictures/", 0
        while url:
            with django_assert_max_num_queries(6):
                page = text(client, url, **HTMX)
            seen += page.count('class="shot"')
            url = page.split('hx-get="')[-1].split('"')[0].replace("&amp;", "&") if "Show more" in page else ""
        assert seen == 1_000

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 9),
            ("?which=kept", 6),
            ("?which=dropped", 3),
            ("?kind=novel-view", 9),
            ("?kind=mask", 0),
            ("?kind=x", 9),
        ],
    )
    def test_are_filtered(self, client: Client, query: str, count: int) -> None:
        page = text(client, f"/stage-results/{pictures(9).pk}/pictures/{query}", **HTMX)
        assert page.count('class="shot"') == count

    def test_a_dropped_one_says_why(self, client: Client) -> None:
        page = text(client, f"/stage-results/{pictures(3).pk}/pictures/?which=dropped", **HTMX)
        assert page.count("It is broken.") == 1
        assert 'data-tone="bad"' in page


class TestCandidates:
    def places(self, client: Client, run: Run, query: str = "") -> list[int]:
        page = text(client, f"/runs/{run.pk}/candidates/0/{query}", **HTMX)
        return [int(part.split("/")[0]) for part in page.split('href="/candidates/')[1:]]

    def test_are_sorted_by_place_or_metric_with_the_unmeasured_last(self, client: Client) -> None:
        run = make_run()
        rows = [
            make_candidate(run, place=place, clip_i=value) for place, value in ((2, 0.5), (1, 0.9), (3, None), (4, 0.9))
        ]
        pks = [row.pk for row in rows]
        assert self.places(client, run) == [pks[1], pks[0], pks[2], pks[3]]
        assert self.places(client, run, "?sort=clip_i") == [pks[1], pks[3], pks[0], pks[2]]
        assert self.places(client, run, "?sort=nonsense") == self.places(client, run)

    @pytest.mark.parametrize("sort", ["place", "clip_i", "score"])
    def test_every_one_comes_once_however_they_are_sorted(self, client: Client, sort: str) -> None:
        run = make_run()
        result = make_result("generate")
        for number in range(130):
            value = None if number % 7 == 0 else (number % 5) / 10
            make_candidate(run, result=result, clip_i=value, score=value, place=number % 50 or None)
        seen: list[int] = []
        url = f"?sort={sort}"
        while url:
            found = self.places(client, run, url)
            seen += found
            url = f"?sort={sort}&after={found[-1]}" if len(found) == 60 else ""
        assert len(seen) == len(set(seen)) == 130

    def test_those_of_another_tier_stay_away(self, client: Client) -> None:
        run = make_run()
        own = make_candidate(run)
        make_candidate(run, tier=1)
        assert self.places(client, run) == [own.pk]


class TestChange:
    @pytest.mark.parametrize(
        ("act", "before", "after"),
        [
            ("pause", "running", "paused"), ("resume", "paused", "planned"), ("cancel", "running", "cancelled"),
            ("cancel", "needs_person", "cancelled"),
        ],
    )  # fmt: skip
    def test_moves_the_run(self, client: Client, act: str, before: str, after: str) -> None:
        run = make_run(state=before)
        response = client.post(f"/runs/{run.pk}/{act}/")
        assert response.headers["Location"] == f"/runs/{run.pk}/"
        run.refresh_from_db()
        assert run.state == after

    def test_retry_plans_what_failed_anew_and_says_what_is_missing(self, client: Client, light_set: str) -> None:
        run = make_run(state="failed", model_set=light_set)
        client.post(f"/runs/{run.pk}/retry/")
        run.refresh_from_db()
        assert run.state == "needs_person"
        assert "has no photos; add one." in run.problem

    @pytest.mark.parametrize(("act", "state"), [("pause", "succeeded"), ("resume", "running"), ("cancel", "succeeded")])
    def test_what_the_state_does_not_allow_is_said(self, client: Client, act: str, state: str) -> None:
        run = make_run(state=state)
        response = client.post(f"/runs/{run.pk}/{act}/", headers=HTMX)
        notice = json.loads(response.headers["HX-Trigger"])["notice"]
        assert notice["level"] == "error"
        assert f"Run #{run.pk} is {state}" in notice["text"]
        assert 'id="run-live"' in response.content.decode()

    def test_an_act_that_there_is_not_is_not_found(self, client: Client) -> None:
        assert client.post(f"/runs/{make_run().pk}/explode/").status_code == 404

    def test_an_id_that_is_nobodys_is_not_found(self, client: Client) -> None:
        for url in ("/runs/{}/", "/runs/{}/live/", "/runs/{}/candidates/0/", "/stage-results/{}/pictures/"):
            assert client.get(url.format(999_999)).status_code == 404
            assert client.get(url.format(2**70)).status_code == 404
        assert client.post("/runs/999999/pause/").status_code == 404


class TestWithoutHtmx:
    """Whoever has no JavaScript, or opens a choice in another window, gets a whole page with that choice."""

    def lands(self, client: Client, url: str) -> tuple[str, str]:
        response = client.get(url)
        assert response.status_code == 302
        return response.headers["Location"], text(client, response.headers["Location"])

    def test_candidates_are_sorted_on_the_runs_page(self, client: Client, whole: Run) -> None:
        url, page = self.lands(client, f"/runs/{whole.pk}/candidates/0/?sort=clip_i")
        assert url == f"/runs/{whole.pk}/?sort=clip_i&stage=select&tier=0"
        assert "<!doctype html>" in page
        assert 'hx-get="/runs/1/candidates/0/?sort=clip_i" aria-current="true"' in page.replace(f"/{whole.pk}/", "/1/")

    def test_pictures_are_chosen_and_turned_over_there(self, client: Client, whole: Run) -> None:
        result = whole.stages.get(stage="filter").result
        url, page = self.lands(client, f"/stage-results/{result.pk}/pictures/?which=dropped&after=1")
        assert url == f"/runs/{whole.pk}/?which=dropped&after=1&stage=filter&tier=0"
        assert 'which=dropped" aria-current="true"' in page


class TestProductPanel:
    def test_shows_runs_side_by_side(self, client: Client, whole: Run) -> None:
        make_run(whole.product, state="failed", problem="The loss is no number any more.")
        page = text(client, f"/products/{whole.product_id}/runs/")
        assert page.count('class="run-card"') == 2
        assert "The loss is no number any more." in page
        assert page.count("<img") == 4
        assert f'href="/products/{whole.product_id}/generate/"' in page

    @pytest.mark.parametrize(("state", "live"), [("running", True), ("failed", False)])
    def test_asks_again_while_a_run_goes_on(self, client: Client, state: str, live: bool) -> None:
        run = make_run(state=state)
        page = text(client, f"/products/{run.product_id}/runs/")
        assert (f'hx-get="/products/{run.product_id}/runs/" hx-trigger="every 4s"' in page) is live

    def test_renewing_takes_no_focus_away(self, client: Client, whole: Run) -> None:
        """htmx gives it back to whatever has the same id."""
        links = re.findall("<a [^>]*>", text(client, f"/products/{whole.product_id}/runs/"))
        assert len(links) == 6, "to generate, to the run, and to its four picks"
        assert all(" id=" in link for link in links)

    def test_what_goes_with_a_product_is_said_before_it_goes(self, client: Client, whole: Run) -> None:
        url = f"/products/{whole.product_id}/delete/"
        assert "What it was run through goes, too: 1 run with 4 images." in text(client, url)
        assert "run through" not in text(client, f"/products/{make_product().pk}/delete/")

    def test_is_on_the_products_page(self, client: Client) -> None:
        product = make_product()
        page = text(client, product.get_absolute_url())
        assert f'hx-get="/products/{product.pk}/runs/"' in page
        assert f'hx-get="/products/{product.pk}/cutouts/"' in page

    def test_the_number_of_queries_does_not_grow(self, client: Client) -> None:
        product = make_photo().product

        def queries() -> int:
            with CaptureQueriesContext(connection) as made:
                text(client, f"/products/{product.pk}/runs/")
            return len(made)

        make_candidate(make_run(product), picked=True, place=1)
        few = queries()
        for _ in range(8):
            make_candidate(make_run(product), picked=True, place=1)
        assert queries() == few <= 8
