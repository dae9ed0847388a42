"""Masks and captions of photos for programs: read, asked for, kept, brought along, and undone."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from accounts.models import User
from catalog.models import Photo
from generation import rle
from generation.files import Mask
from generation.models import PhotoCaption, PhotoMask
from generation.records import Picture
from generation.services import asking
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


def at(photo: Photo, end: str = "mask/") -> str:
    return f"/api/photos/{photo.pk}/{end}"


def put(client: Client, url: str, body: Any) -> Any:
    return client.put(url, body, content_type="application/json")


def upload(client: Client, photo: Photo, data: bytes, name: str = "mask.png") -> Any:
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(name, data)})
    return client.put(at(photo), body, content_type=MULTIPART_CONTENT)


def kept() -> Mask:
    row = PhotoMask.objects.get(undone_at=None)
    return site_files().mask(Picture(row.key, row.sha256, row.width, row.height))


def png(mask: Mask, how: str = "white on black") -> bytes:
    """A mask as people export it."""
    light = Image.fromarray(mask.astype(np.uint8) * 255)
    if how == "transparent around it":
        picture = Image.new("RGB", light.size, "#102030")
        picture.putalpha(light)
    elif how == "with a stray pixel of 254":
        picture = light.convert("RGBA")
        picture.putpixel((0, 0), (0, 0, 0, 254))
    else:
        picture = {"white on black": light, "of two colours": light.convert("1"), "RGB": light.convert("RGB")}[how]
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


class TestReading:
    def test_of_a_product_each_photo_says_what_holds_and_who_says_so(
        self, client_for: ClientFor, analyst: User, operator: User, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        product = make_whole_run(upto="novel_views", side=48).product
        found = product.photos.get()
        other = make_photo(product, data=image_bytes(), size=(64, 48))
        PhotoMask.objects.create(photo=other, key="k", sha256="0" * 64, width=64, height=48, made_by=operator)
        PhotoCaption.objects.create(photo=other, template="a red {product}", made_by=operator)
        client = client_for(analyst)
        with django_assert_max_num_queries(10):
            told = client.get(f"/api/products/{product.pk}/cutouts/").json()["results"]
        assert [one["photo"]["id"] for one in told] == [found.pk, other.pk]
        assert [one["mask"]["by"] for one in told] == ["automatic", "person"]
        assert told[0]["mask"]["url"].startswith("/media/generated/")
        assert 0 < told[0]["mask"]["share"] <= 1
        assert told[1]["caption"] == {"by": "person", "template": "a red {product}"}
        assert client.get(at(other)).json() == client.get(at(other, "caption/")).json() == told[1]

    def test_of_a_photo_that_nobody_looked_at_nothing_is_known(self, client: Client, photo: Photo) -> None:
        told = client.get(at(photo)).json()
        assert told["photo"] == {"id": photo.pk, "url": photo.url, "width": 64, "height": 48}
        assert (told["mask"]["by"], told["mask"]["url"], told["mask"]["needs_person"]) == ("", "", False)
        assert told["caption"] == {"by": "", "template": ""}


class TestAsking:
    def test_points_and_boxes_are_answered_by_a_worker(
        self, client: Client, photo: Photo, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tiny_segmenter(settings, tmp_path / "sets", monkeypatch)
        body = {"box": [5, 5, 60, 40], "points": [[30, 20, 1], [2, 2, 0]]}
        told = client.post(at(photo, "mask/ask/"), body, content_type="application/json")
        assert (told.status_code, told.json()["state"]) == (202, "waiting")
        monkeypatch.setattr(asking, "PATIENCE", 3600.0)  # a program asks again by itself, and holds nothing up
        polled = client.get(told.json()["url"])
        assert (polled.status_code, polled["Retry-After"]) == (202, "1")
        assert work_live().state == State.SUCCEEDED
        answer = client.get(told.json()["url"]).json()
        assert (answer["state"], answer["job"], answer["width"]) == ("done", told.json()["job"], 64)
        assert 1 <= len(answer["guesses"]) <= 3
        for guess in answer["guesses"]:
            assert rle.decode(guess["counts"], 64, 48).shape == (48, 64)
        assert Job.objects.get(pk=answer["job"]).params["prompt"] == body

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "needs a box or at least one point"),
            ({"points": [[64, 0, 1]]}, "outside the photo, which is 64 by 48 pixels"),
            ({"points": [[1, 1]]}, "points of x, y and 0 or 1"),
            ({"points": "many"}, "'many' will not do: send a list"),
            ({"box": [5, 5, 5, 20]}, "does not lie in the photo"),
            ({"box": ["a", 0, 1, 1]}, "'a' will not do: send a whole number"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, client: Client, photo: Photo, body: Any, sentence: str) -> None:
        response = client.post(at(photo, "mask/ask/"), body, content_type="application/json")
        assert (response.status_code, set(response.json())) == (400, {"detail", "errors"})
        assert sentence in response.json()["detail"]
        assert not Job.objects.exists()

    def test_a_failure_is_told_and_another_photos_answer_is_not(self, client: Client, photo: Photo) -> None:
        job = make_job("generation.cut", state=State.FAILED, params={"photo": photo.pk}, error="Out of memory.")
        assert client.get(at(photo, f"mask/ask/{job.pk}/")).json() == {"state": "failed", "detail": "Out of memory."}
        assert client.get(at(make_photo(), f"mask/ask/{job.pk}/")).status_code == 404


class TestKeeping:
    def test_a_guess_wins_and_runs_that_waited_go_on(
        self, client: Client, photo: Photo, operator: User, light_set: str
    ) -> None:
        run = make_run(photo.product, state="needs_person", problem="No product was found.", model_set=light_set)
        told = put(client, at(photo), {"job": answered(photo, some_mask(photo)).pk, "guess": 0}).json()
        run.refresh_from_db()
        assert run.state == "planned"
        assert (told["mask"]["by"], PhotoMask.objects.get().made_by) == ("person", operator)
        assert told["mask"]["prompt"] == {"box": None, "points": [[5, 6, 1]]}
        assert np.array_equal(kept(), some_mask(photo))

    @pytest.mark.parametrize(
        "how", ["white on black", "transparent around it", "of two colours", "RGB", "with a stray pixel of 254"]
    )
    def test_a_picture_is_a_mask(self, client: Client, photo: Photo, how: str) -> None:
        response = upload(client, photo, png(some_mask(photo), how))
        assert (response.status_code, response.json()["mask"]["by"]) == (200, "person"), response.content
        assert response.json()["mask"]["prompt"] is None
        assert response.json()["mask"]["box"] == [20, 10, 40, 30], "what points on the ground alone are cut out of"
        assert np.array_equal(kept(), some_mask(photo))

    def test_one_of_the_photo_before_it_was_made_smaller_fits(self, client: Client, photo: Photo) -> None:
        large = some_mask(photo).repeat(5, axis=0).repeat(5, axis=1)[:-1]  # a row less, as rounding leaves it
        assert upload(client, photo, png(large)).status_code == 200
        assert kept().shape == (48, 64)
        assert np.abs(kept().mean() - some_mask(photo).mean()) < 0.01

    UPLOADS = {
        "no picture": (b"not a picture at all", "is a text file"),
        "empty": (b"", "'mask.png' will not do: send a file that is not empty"),
        "cut short": (png(np.random.default_rng(0).random((48, 64)) > 0.5)[:200], "damaged"),
        "of another shape": (png(np.ones((64, 64), dtype=bool)), "64 by 64 pixels and the photo 64 by 48"),
        "without a product": (png(np.zeros((48, 64), dtype=bool)), "The mask is empty"),
        "the whole photo": (png(np.ones((48, 64), dtype=bool)), "mask.png takes the whole photo for the product"),
    }

    @pytest.mark.parametrize(("data", "sentence"), UPLOADS.values(), ids=UPLOADS)
    def test_what_is_no_mask_is_refused(self, client: Client, photo: Photo, data: bytes, sentence: str) -> None:
        response = upload(client, photo, data)
        assert (response.status_code, PhotoMask.objects.count()) == (400, 0)
        assert sentence in response.json()["detail"]

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "Send either job, with guess, or file."),
            ({"job": 999}, "Job #999 is no question about this photo, or not there any more"),
            ({"job": "x"}, "'x' will not do: send a whole number"),
            ({"job": 1, "guess": -1}, "-1 will not do: send a whole number of at least 0."),
            ({"file": "mask.png"}, "send a file that is not empty"),
        ],
    )
    def test_a_call_that_says_no_mask_is_refused(
        self, client: Client, photo: Photo, body: dict[str, Any], sentence: str
    ) -> None:
        response = put(client, at(photo), body)
        assert (response.status_code, PhotoMask.objects.count()) == (400, 0)
        assert sentence in response.json()["detail"]

    @pytest.mark.parametrize(
        ("state", "guess", "sentence"),
        [
            (State.FAILED, 0, "has no mask to keep: its state is failed"),
            (State.SUCCEEDED, 1, "Guess 1 is none of job #{}: it has 1, counted from 0."),
        ],
    )
    def test_a_job_without_that_mask_is_named(
        self, client: Client, photo: Photo, state: State, guess: int, sentence: str
    ) -> None:
        job = answered(photo, some_mask(photo))
        Job.objects.filter(pk=job.pk).update(state=state)
        told = put(client, at(photo), {"job": job.pk, "guess": guess}).json()["detail"]
        assert f"ob #{job.pk}" in told
        assert sentence.format(job.pk) in told

    def test_the_automatic_one_can_hold_again(self, client: Client, photo: Photo) -> None:
        upload(client, photo, png(some_mask(photo)))
        told = client.delete(at(photo))
        assert (told.status_code, told.json()["mask"]["by"]) == (200, "")
        assert PhotoMask.objects.exclude(undone_at=None).count() == 1


class TestCaptions:
    def test_a_persons_wins_until_it_is_taken_back(self, client: Client, photo: Photo, operator: User) -> None:
        told = put(client, at(photo, "caption/"), {"template": " a red {product} \n on a table "}).json()
        assert told["caption"] == {"by": "person", "template": "a red {product} on a table"}
        assert PhotoCaption.objects.get().made_by == operator
        assert client.delete(at(photo, "caption/")).json()["caption"] == {"by": "", "template": ""}

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "template: It is missing; send a text."),
            ({"template": "a red mug"}, "does not say where the product is named"),
            ({"template": "{product} and {product}"}, "has {product} 2 times"),
        ],
    )
    def test_one_that_cannot_train_is_refused(
        self, client: Client, photo: Photo, body: dict[str, Any], sentence: str
    ) -> None:
        response = put(client, at(photo, "caption/"), body)
        assert (response.status_code, PhotoCaption.objects.count()) == (400, 0)
        assert sentence in response.json()["detail"]


WRITES = {
    "a mask": ("put", "mask/"), "back to the automatic one": ("delete", "mask/"), "a question": ("post", "mask/ask/"),
    "a caption": ("put", "caption/"), "back to the automatic caption": ("delete", "caption/"),
}  # fmt: skip


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
def test_only_operators_write(
    client_for: ClientFor, analyst: User, rater: User, photo: Photo, call: tuple[str, str]
) -> None:
    verb, end = call
    for who, status in ((analyst, 403), (rater, 403), (None, 401)):
        assert getattr(client_for(who), verb)(at(photo, end)).status_code == status


@pytest.mark.parametrize(("verb", "end"), WRITES.values(), ids=WRITES)
def test_an_id_that_is_nobodys_is_not_found(client: Client, verb: str, end: str) -> None:
    response = getattr(client, verb)(f"/api/photos/999999/{end}", content_type="application/json")
    assert response.status_code == 404
    assert response.json()["detail"]
