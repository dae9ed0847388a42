"""What runs have made, for programs: pictures with their verdicts, adapters, and a candidate's past."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from generation.models import Adapter, Candidate, Run, TrainingImage
from tests.factories.generation import make_light_set, make_run
from tests.factories.runs import make_whole_run

ClientFor = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def light_set(settings: LazySettings, tmp_path: Path) -> None:
    settings.MODEL_SETS_DIR = tmp_path / "sets"
    settings.MODEL_SETS_DIR.mkdir()
    settings.MODEL_SET = make_light_set(settings.MODEL_SETS_DIR)


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


@pytest.fixture
def run(db: None) -> Run:
    return make_whole_run(side=32, pictures=8)


def told(client: Client, url: str) -> Any:
    response = client.get(url)
    assert response.status_code == 200, response.content
    return response.json()


def served(client: Client, url: str) -> bytes:
    """The bytes of a file, which is read to its end and so closed."""
    response: Any = client.get(url)
    assert response.status_code == 200, url
    return b"".join(response.streaming_content)


NARROWED = {
    "what the filter judged": ("", {}),
    "what it dropped": ("?which=dropped", {"kept": False}),
    "what it kept of the new views": ("?which=kept&kind=novel-view", {"kept": True, "kind": "novel-view"}),
    "of a tier": ("?tier=0", {}),
}


@pytest.mark.parametrize(("query", "rows"), NARROWED.values(), ids=NARROWED)
def test_training_images_come_with_figures_and_reasons(
    client: Client, run: Run, query: str, rows: dict[str, Any]
) -> None:
    page = told(client, f"/api/runs/{run.pk}/pictures/{query}")
    wanted = list(TrainingImage.objects.filter(**rows))
    assert [one["id"] for one in page["results"]] == [row.pk for row in wanted]
    assert wanted
    first = page["results"][0]
    assert first["scores"] == wanted[0].scores
    assert (first["url"], first["mask_url"]) == (f"/media/{wanted[0].key}", f"/media/{wanted[0].mask_key}")
    assert all(bool(one["reason"]) is not one["kept"] for one in page["results"])


def test_pictures_are_of_any_stage_and_served(client: Client, run: Run) -> None:
    [first, *_] = told(client, f"/api/runs/{run.pk}/pictures/?stage=new_contexts")["results"]
    assert first["kind"] == "new-context"
    for url in ("url", "thumbnail_url", "mask_url", "source_url"):
        assert served(client, first[url]), url


MISSING = {
    "a stage that there is not": ("?stage=flying", "has no stage flying; it has segment, "),
}
MEANINGLESS = {
    "a tier that there is not": ("?tier=3", "tier: '3' is none of these: 0."),
    "a kind that there is not": ("?kind=veiw", "kind: 'veiw' is none of these: mask, "),
    "a word for neither": ("?which=droped", "which: 'droped' is none of these: kept, dropped."),
}


@pytest.mark.parametrize(("query", "sentence"), MISSING.values(), ids=MISSING)
def test_a_stage_that_a_run_lacks_is_not_found(client: Client, run: Run, query: str, sentence: str) -> None:
    response = client.get(f"/api/runs/{run.pk}/pictures/{query}")
    assert response.status_code == 404
    assert sentence in response.json()["detail"]


@pytest.mark.parametrize(("query", "sentence"), MEANINGLESS.values(), ids=MEANINGLESS)
def test_a_filter_that_means_nothing_is_refused(client: Client, run: Run, query: str, sentence: str) -> None:
    response = client.get(f"/api/runs/{run.pk}/pictures/{query}")
    assert response.status_code == 400
    assert sentence in response.json()["detail"]


def test_an_adapter_says_how_it_learned_and_where_it_is(client: Client, run: Run) -> None:
    adapter = Adapter.objects.get()
    facts = told(client, f"/api/runs/{run.pk}/adapter/")
    assert (facts["token"], facts["rank"], facts["steps"]) == (adapter.token, adapter.rank, adapter.steps)
    assert facts["loss"][-1] == list(adapter.loss[-1])
    assert served(client, facts["url"]).startswith(b"adapter")
    kept = adapter.result.result
    assert kept is not None
    assert (facts["sweep"], facts["looks"]) == (kept["sweep"], kept["looks"])
    assert facts["sweep"][0]["token"] == adapter.token
    assert {"step", "fidelity", "text_alignment", "diversity"} == facts["looks"][0].keys()


def test_an_adapter_that_is_gone_is_told(client: Client, run: Run) -> None:
    Adapter.objects.update(dropped_at=timezone.now())
    [candidate, *_] = Candidate.objects.filter(run=run)
    assert told(client, f"/api/candidates/{candidate.pk}/")["adapter"]["url"] == ""
    for one, sentence in ((run, "was kept until"), (make_run(), "has trained no adapter")):
        response = client.get(f"/api/runs/{one.pk}/adapter/")
        assert response.status_code == 409
        assert sentence in response.json()["detail"]


def test_a_candidate_leads_back_to_its_photos(
    client: Client, run: Run, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    candidate = Candidate.objects.filter(run=run, picked=True).earliest("place")
    with django_assert_max_num_queries(9):
        facts = told(client, f"/api/candidates/{candidate.pk}/")
    assert (facts["id"], facts["run"], facts["adapter"]["token"]) == (candidate.pk, run.pk, Adapter.objects.get().token)
    assert facts["metrics"]["clip_i"] == candidate.clip_i
    assert {one["id"] for one in facts["trained_on"]} == set(
        TrainingImage.objects.filter(kept=True).values_list("pk", flat=True)
    )
    assert facts["stages"][0]["stage"] == "generate"
    assert {one["id"] for one in facts["photos"]} <= set(run.product.photos.values_list("pk", flat=True))
