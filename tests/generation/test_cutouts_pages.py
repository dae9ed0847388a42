"""Marking the product in a photo: the page, questions and answers, and what is kept."""

import json
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as site
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import User
from catalog.models import Photo
from generation import live, rle
from generation.live import CUT, EMBED, Embeddings
from generation.models import PhotoCaption, PhotoMask
from generation.services import asking, marking
from generation.storage import site_files
from jobs.models import Job, State
from tests.factories.catalog import image_bytes, make_photo
from tests.factories.generation import make_run
from tests.factories.jobs import make_job
from tests.factories.marking import answered, some_mask, tiny_segmenter, work_live
from tests.factories.runs import make_whole_run

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


@pytest.fixture
def photo(db: None) -> Photo:
    return make_photo(size=(64, 48))


@pytest.fixture
def tiny(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model set with the tiny segmenter, chosen by the settings; and no embedding is remembered."""
    tiny_segmenter(settings, tmp_path / "sets", monkeypatch)
    return "tiny"


def two_masks(photo: Photo) -> list[Any]:
    mask = some_mask(photo)
    return [mask, ~mask]


def test_who_has_no_javascript_is_told_what_works_without(client: Client, photo: Photo) -> None:
    page = client.get(f"/photos/{photo.pk}/cutout/").content.decode()
    assert '<noscript><p class="notice warning">Marking needs JavaScript' in page


def post(client: Client, photo: Photo, name: str, body: Any = None) -> Any:
    return client.post(f"/photos/{photo.pk}/cutout/{name}/", json.dumps(body or {}), content_type="application/json")


@pytest.mark.usefixtures("tiny")
class TestLive:
    def test_a_click_is_a_job_that_a_worker_answers(self, client: Client, photo: Photo) -> None:
        assert post(client, photo, "prepare").status_code == 202
        assert work_live().kind == EMBED
        told = post(client, photo, "cut", {"points": [[30, 20, 1]], "sequence": 1})
        assert (told.status_code, told.json()["state"]) == (202, "waiting")
        job = work_live()
        assert (job.kind, job.state, job.queue) == (CUT, State.SUCCEEDED, "live")
        answer = client.get(told.json()["url"]).json()
        assert (answer["state"], answer["width"], answer["height"]) == ("done", 64, 48)
        assert 1 <= len(answer["guesses"]) <= 3
        for guess in answer["guesses"]:
            assert rle.decode(guess["counts"], 64, 48).shape == (48, 64)

    def test_whoever_asks_again_is_answered_at_once(
        self, client: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = post(client, photo, "cut", {"points": [[30, 20, 1]]}).json()
        monkeypatch.setattr("generation.services.asking.PATIENCE", 30.0)
        began = time.monotonic()
        assert client.get(told["url"]).json()["state"] == "waiting"
        assert time.monotonic() - began < 10, "a thread of the web server was held"

    def test_a_photo_is_embedded_once_and_found_again_by_another_worker(
        self, client: Client, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[int] = []
        opened = live._opened
        monkeypatch.setattr(live, "_opened", lambda one: made.append(one.pk) or opened(one))
        for _ in range(2):
            post(client, photo, "cut", {"box": [5, 5, 60, 40]})
            work_live()
        monkeypatch.setattr(live, "_embeddings", Embeddings(site_files().store))  # as in a new process
        post(client, photo, "cut", {"box": [5, 5, 60, 40]})
        assert work_live().state == State.SUCCEEDED
        assert made == [photo.pk]

    def test_memory_holds_the_newest_only(self) -> None:
        kept = {}

        class Store:
            def read(self, key: str) -> bytes:
                if key not in kept:
                    raise FileNotFoundError(key)
                return kept[key]

            def write(self, key: str, data: bytes) -> None:
                kept[key] = data

            def exists(self, key: str) -> bool:
                return key in kept

        embeddings = Embeddings(Store(), most=2)
        for name in ("aa", "bb", "aa", "cc"):
            assert embeddings.get(name, lambda name=name: name.encode()) == name.encode()
        assert list(embeddings._memory) == ["aa", "cc"]
        assert sorted(kept) == [f"{live.FOLDER}/{name}/{name}.safetensors" for name in ("aa", "bb", "cc")]

    def test_a_photo_that_went_meanwhile_is_said_plainly(self, client: Client, photo: Photo) -> None:
        told = post(client, photo, "cut", {"box": [5, 5, 60, 40]}).json()
        Photo.objects.filter(pk=photo.pk).delete()
        job = work_live()
        assert (job.state, job.error) == (State.FAILED, "The photo has been removed meanwhile.")
        assert client.get(told["url"]).status_code == 404

    def test_a_failure_reaches_the_page_as_its_sentence(self, client: Client, photo: Photo) -> None:
        job = make_job(CUT, state=State.FAILED, params={"photo": photo.pk}, error="The segmenter is not there.")
        answer = client.get(f"/photos/{photo.pk}/cutout/cut/{job.pk}/").json()
        assert answer == {"state": "failed", "detail": "The segmenter is not there."}

    @pytest.mark.parametrize("kind", [EMBED, "jobs.rehearse"])
    def test_another_kind_of_job_is_no_answer(self, client: Client, photo: Photo, kind: str) -> None:
        job = make_job(kind, params={"photo": photo.pk})
        assert client.get(f"/photos/{photo.pk}/cutout/cut/{job.pk}/").status_code == 404

    def test_another_photos_answer_is_not_given(self, client: Client, photo: Photo) -> None:
        job = answered(make_photo(size=(64, 48)), some_mask(photo))
        assert client.get(f"/photos/{photo.pk}/cutout/cut/{job.pk}/").status_code == 404

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "needs a box or at least one point"),
            ([], "needs a box or at least one point"),
            ({"points": [[64, 0, 1]]}, "outside the photo, which is 64 by 48 pixels"),
            ({"points": [[-1, 0, 1]]}, "outside the photo"),
            ({"points": [[1, 1, 2]]}, "points of x, y and 0 or 1"),
            ({"points": "many"}, "points of x, y and 0 or 1"),
            ({"points": [[1, 1, 1]] * 101}, "101 points are more than the 100"),
            ({"box": [5, 5, 5, 20]}, "does not lie in the photo"),
            ({"box": [0, 0, 65, 48]}, "does not lie in the photo"),
            ({"box": [0, 0, 1]}, "a box of four whole numbers"),
        ],
    )
    def test_a_prompt_that_makes_no_sense_is_refused(
        self, client: Client, photo: Photo, body: Any, sentence: str
    ) -> None:
        response = post(client, photo, "cut", body)
        assert response.status_code == 400
        assert sentence in response.json()["detail"]
        assert not Job.objects.exists()


class TestModels:
    def test_without_any_model_set_the_way_out_is_named(self, client: Client, photo: Photo) -> None:
        for name in ("prepare", "cut"):
            response = post(client, photo, name, {"points": [[1, 1, 1]]})
            assert response.status_code == 400
            assert "set VITRINE_MODEL_SET" in response.json()["detail"]

    @pytest.mark.parametrize("usual", ["", "classical-mini"])
    def test_the_products_last_run_says_which_models_are_meant(self, photo: Photo, settings: Any, usual: str) -> None:
        settings.MODEL_SET = usual
        make_run(photo.product, model_set="sd15")
        make_run(photo.product, model_set="sdxl")
        assert asking.set_for(photo) == "sdxl"

    def test_where_its_set_is_there_no_more_the_usual_one_is_asked(self, photo: Photo, settings: Any) -> None:
        settings.MODEL_SET = "classical-mini"
        make_run(photo.product, model_set="removed since")
        assert asking.set_for(photo) == "classical-mini"

    def test_where_no_set_is_usual_its_own_is_asked_and_says_what_is_missing(self, photo: Photo, settings: Any) -> None:
        settings.MODEL_SET = ""
        make_run(photo.product, model_set="removed since")
        assert asking.set_for(photo) == "removed since"


class TestSweep:
    def test_what_is_old_goes_and_what_is_young_stays(self, photo: Photo) -> None:
        now = timezone.now()
        site_files().store.write(f"{live.FOLDER}/ab/ab.safetensors", b"embedding")
        old = answered(photo, some_mask(photo), finished_at=now - timedelta(days=2))
        young, other = answered(photo, some_mask(photo)), make_job(state=State.SUCCEEDED)
        assert live.sweep() == 1
        assert set(Job.objects.all()) == {young, other}
        assert not Job.objects.filter(pk=old.pk).exists()
        assert site_files().store.exists(f"{live.FOLDER}/ab/ab.safetensors")
        live.sweep(now + timedelta(days=8))
        assert not site_files().store.exists(f"{live.FOLDER}/ab/ab.safetensors")

    def test_a_site_where_nobody_marked_anything_is_swept_too(self, photo: Photo) -> None:
        shutil.rmtree(site.DATA_DIR / "media" / live.FOLDER, ignore_errors=True)
        assert photo.pk
        assert live.sweep() == 0


class TestSave:
    def test_keeps_the_mask_with_what_was_clicked(self, client: Client, photo: Photo, operator: User) -> None:
        mask = some_mask(photo)
        response = post(client, photo, "save", {"job": answered(photo, mask).pk, "guess": 0})
        assert response.json() == {"url": f"/photos/{photo.pk}/cutout/"}
        kept = PhotoMask.objects.get()
        assert (kept.photo, kept.made_by, kept.width, kept.height) == (photo, operator, 64, 48)
        assert kept.prompt == {"box": None, "points": [[5, 6, 1]]}
        with default_storage.open(kept.key) as file:
            assert np.array_equal(np.asarray(Image.open(file)) > 127, mask)

    def test_runs_that_waited_for_it_go_on(self, client: Client, photo: Photo, light_set: str) -> None:
        run = make_run(photo.product, state="needs_person", problem="No product was found.", model_set=light_set)
        post(client, photo, "save", {"job": answered(photo, some_mask(photo)).pk, "guess": 0})
        run.refresh_from_db()
        assert run.state == "planned"

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({"job": 999, "guess": 0}, "click on the photo once more"),
            ({"job": "1", "guess": 0}, "job must be a whole number"),
            ({"job": 1}, "guess must be a whole number; it is None."),
            ({"job": 1, "guess": True}, "guess must be a whole number"),
        ],
    )
    def test_what_is_no_mask_is_refused(self, client: Client, photo: Photo, body: Any, sentence: str) -> None:
        response = post(client, photo, "save", body)
        assert (response.status_code, PhotoMask.objects.count()) == (400, 0)
        assert sentence in response.json()["detail"]

    @pytest.mark.parametrize("guess", [1, 7])
    def test_a_guess_that_there_is_not_is_refused(self, client: Client, photo: Photo, guess: int) -> None:
        job = answered(photo, some_mask(photo))
        assert post(client, photo, "save", {"job": job.pk, "guess": guess}).status_code == 400

    def test_another_photos_mask_is_refused(self, client: Client, photo: Photo) -> None:
        other = make_photo(size=(64, 48))
        job = answered(other, some_mask(photo))
        assert post(client, photo, "save", {"job": job.pk, "guess": 0}).status_code == 400

    def test_an_empty_mask_is_refused(self, client: Client, photo: Photo) -> None:
        job = answered(photo, np.zeros((48, 64), dtype=bool))
        assert "empty" in post(client, photo, "save", {"job": job.pk, "guess": 0}).json()["detail"]

    def test_of_two_windows_the_second_is_told_and_may_save_once_more(self, client: Client, photo: Photo) -> None:
        first, second = ({"job": answered(photo, mask).pk, "guess": 0, "over": ""} for mask in two_masks(photo))
        assert post(client, photo, "save", first).status_code == 200
        response = post(client, photo, "save", second)
        assert (response.status_code, PhotoMask.objects.count()) == (409, 1)
        assert "Somebody has saved another mask of this photo" in response.json()["detail"]
        assert post(client, photo, "save", second | {"over": response.json()["over"]}).status_code == 200
        assert PhotoMask.objects.count() == 2

    def test_the_page_says_over_which_mask_it_would_save(self, client: Client, photo: Photo) -> None:
        assert '"over": ""' in client.get(f"/photos/{photo.pk}/cutout/").content.decode()
        post(client, photo, "save", {"job": answered(photo, some_mask(photo)).pk, "guess": 0})
        assert f'"over": "{PhotoMask.objects.get().key}"' in client.get(f"/photos/{photo.pk}/cutout/").content.decode()

    def test_the_automatic_one_can_hold_again(self, client: Client, photo: Photo) -> None:
        for _ in range(2):
            post(client, photo, "save", {"job": answered(photo, some_mask(photo)).pk, "guess": 0})
        client.post(f"/photos/{photo.pk}/cutout/automatic/")
        assert PhotoMask.objects.filter(undone_at=None).count() == 0
        assert PhotoMask.objects.count() == 2


class TestCaption:
    def test_is_kept_on_one_line(self, client: Client, photo: Photo, operator: User) -> None:
        client.post(f"/photos/{photo.pk}/caption/", {"template": " a red {product} \r\n on a table "})
        kept = PhotoCaption.objects.get()
        assert (kept.template, kept.made_by) == ("a red {product} on a table", operator)

    @pytest.mark.parametrize(
        "template", ["", "a red mug on a table", "{product} and {product}", "a {thing}, {product}"]
    )
    def test_one_that_cannot_train_is_refused_beside_the_field(
        self, client: Client, photo: Photo, template: str
    ) -> None:
        response = client.post(f"/photos/{photo.pk}/caption/", {"template": template})
        assert response.status_code == 422
        assert 'class="errorlist"' in response.content.decode()
        assert not PhotoCaption.objects.exists()

    def test_the_automatic_one_can_hold_again(self, client: Client, photo: Photo) -> None:
        client.post(f"/photos/{photo.pk}/caption/", {"template": "a red {product} on a table"})
        client.post(f"/photos/{photo.pk}/cutout/automatic/", {"what": "caption"})
        assert not PhotoCaption.objects.filter(undone_at=None).exists()

    def test_one_that_came_along_is_no_persons_and_gives_way(self, client: Client, photo: Photo) -> None:
        marking.bring_captions({photo.pk: "a {product} on a table"})
        page = client.get(f"/photos/{photo.pk}/cutout/").content.decode()
        assert ("from the catalogue" in page, "by a person" in page) == (True, False)
        assert 'value="caption"' in page, "the captioner's own may hold in its place"


class TestPage:
    def facts(self, client: Client, photo: Photo) -> dict[str, Any]:
        page = client.get(f"/photos/{photo.pk}/cutout/").content.decode()
        found: dict[str, Any] = json.loads(page.split('type="application/json">')[1].split("</script>")[0])
        return found

    def test_a_photo_that_nobody_looked_at(self, client: Client, photo: Photo) -> None:
        facts = self.facts(client, photo)
        assert (facts["width"], facts["height"], facts["photo"]) == (64, 48, photo.url)
        assert (facts["mask"], facts["made_by"], facts["prompt"]) == ("", "", None)
        assert "no mask yet" in client.get(f"/photos/{photo.pk}/cutout/").content.decode()

    def test_what_was_found_is_shown_until_a_person_says_otherwise(self, client: Client) -> None:
        run = make_whole_run(upto="novel_views", side=48)
        photo = run.product.photos.get()
        found = self.facts(client, photo)
        assert found["made_by"] == "automatic"
        assert found["mask"].startswith("/media/generated/")
        post(client, photo, "save", {"job": answered(photo, np.ones((photo.height, photo.width), bool)).pk, "guess": 0})
        told = self.facts(client, photo)
        assert (told["made_by"], told["prompt"]) == ("person", {"box": None, "points": [[5, 6, 1]]})
        assert told["mask"] != found["mask"]

    def test_leads_to_the_products_other_photos(self, client: Client) -> None:
        first = make_photo()
        middle, last = (make_photo(first.product, data=image_bytes()) for _ in range(2))
        page = client.get(f"/photos/{middle.pk}/cutout/").content.decode()
        assert f'rel="prev" href="/photos/{first.pk}/cutout/"' in page
        assert f'rel="next" href="/photos/{last.pk}/cutout/"' in page
        assert "Photo 2 of 3" in page

    def test_takes_few_queries(self, client: Client, photo: Photo, django_assert_max_num_queries: Callable) -> None:
        with django_assert_max_num_queries(12):
            client.get(f"/photos/{photo.pk}/cutout/")

    def test_the_panel_shows_each_photo_with_its_mask(
        self, client: Client, client_for: ClientFor, analyst: User, django_assert_max_num_queries: Callable
    ) -> None:
        product = make_whole_run(upto="novel_views", side=48).product
        make_photo(product, data=image_bytes())
        with django_assert_max_num_queries(10):
            page = client.get(f"/products/{product.pk}/cutouts/").content.decode()
        assert page.count('class="shot"') == 2
        assert page.count("shot-mask") == 1
        assert "/cutout/" in page
        assert "/cutout/" not in client_for(analyst).get(f"/products/{product.pk}/cutouts/").content.decode()

    @pytest.mark.parametrize("name", ["prepare", "cut", "save", "automatic"])
    def test_an_id_that_is_nobodys_is_not_found(self, client: Client, name: str) -> None:
        assert client.post(f"/photos/999999/cutout/{name}/").status_code == 404
