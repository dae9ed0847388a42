"""The page of backgrounds: what each role sees, uploads, refusals, removal and its undo."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from generation.forms import BackgroundForm
from generation.services import own_backgrounds
from tests.factories.catalog import image_bytes
from tests.factories.cutouts import write_background

ClientFor = Callable[[User | None], Client]
FIELDS = {"view": "front", "floor": 80, "light": "left", "words": ""}


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.BACKGROUNDS_DIR = tmp_path / "own"
    return tmp_path / "own"


def file(name: str = "shop.jpg", data: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data or image_bytes(size=(300, 300)))


def add(client: Client, *files: SimpleUploadedFile, **fields: Any) -> Any:
    return client.post("/backgrounds/add/", FIELDS | {"pictures": list(files)} | fields, follow=True)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_first_visit_says_what_to_add_and_shows_what_is_shipped(client: Client) -> None:
    page = text(client.get("/backgrounds/"))
    assert "No picture of your own yet. Add some below" in page
    assert page.count("/picture/") == len(own_backgrounds.shipped()) > 30
    assert "Removed" not in page


def test_an_analyst_looks_and_changes_nothing(client_for: ClientFor, analyst: User, folder: Path) -> None:
    write_background(folder, "yard")
    client = client_for(analyst)
    page = text(client.get("/backgrounds/"))
    assert "yard" in page
    assert "<form" not in page.partition("<main")[2]
    assert client.post("/backgrounds/yard/remove/").status_code == 403
    assert client.post("/backgrounds/add/", FIELDS | {"pictures": file()}).status_code == 403


def test_uploads_are_kept_or_refused_one_by_one(client: Client) -> None:
    page = text(add(client, file(), file("note.jpg", b"hello there"), file("tiny.png", image_bytes(size=(90, 90)))))
    assert "shop is added." in page
    assert "note.jpg is a text file" in page
    assert "tiny.png has 90 x 90 pixels" in page
    assert [one.name for one in own_backgrounds.owned()] == ["shop"]


def test_what_the_form_says_is_what_runs_read(client: Client) -> None:
    add(client, file(), floor=70, light="right", words="a {product} in our shop")
    kept = own_backgrounds.owned()[0].backdrop
    assert kept is not None
    assert (kept.view, kept.floor, kept.light.azimuth, kept.words) == (
        "front", (0.66, 0.74), 50.0, "a {product} in our shop",
    )  # fmt: skip


BAD = {
    "no file": ({"pictures": []}, "No picture was chosen"),
    "no product in the words": ({"words": "our shop"}, "Name the product once, as {product}"),
    "two products": ({"words": "a {product} by a {product}"}, "Name the product once"),
    "a floor in the sky": ({"floor": 10}, "greater than or equal to 50"),
    "a view that there is not": ({"view": "below"}, "not one of the available choices"),
}


@pytest.mark.parametrize(("fields", "told"), BAD.values(), ids=BAD)
def test_a_bad_form_saves_nothing(client: Client, fields: dict[str, Any], told: str) -> None:
    response = client.post("/backgrounds/add/", FIELDS | {"pictures": [file()]} | fields)
    assert response.status_code == 422
    assert told in text(response)
    assert own_backgrounds.owned() == []


@pytest.mark.parametrize("view", ["above", "wall"])
def test_what_does_not_stand_has_no_floor(view: str) -> None:
    form = BackgroundForm(FIELDS | {"view": view})
    assert form.is_valid()
    assert "floor" not in form.facts()


def test_removed_and_put_back(client: Client, folder: Path) -> None:
    write_background(folder, "yard")
    page = text(client.post("/backgrounds/yard/remove/", follow=True))
    assert "yard is removed. It can be put back below." in page
    assert "/backgrounds/yard/restore/" in page
    page = text(client.post("/backgrounds/yard/restore/", follow=True))
    assert "yard is back." in page
    assert "/backgrounds/yard/remove/" in page


@pytest.mark.parametrize("act", ["remove", "restore"])
def test_what_another_person_was_faster_with_is_said(client: Client, act: str) -> None:
    assert "somebody has been faster" in text(client.post(f"/backgrounds/gone/{act}/", follow=True))


def test_a_bad_file_in_the_folder_is_told_on_top_with_what_to_do(client: Client, folder: Path) -> None:
    write_background(folder, "yard", {"view": "sideways"})
    page = text(client.get("/backgrounds/"))
    assert "1 of your backgrounds cannot be used" in page
    assert "yard.json: view:" in page


def test_pictures_are_small_and_only_for_those_who_may_look(client: Client, folder: Path) -> None:
    write_background(folder, "our yard", side=700)
    response = client.get("/backgrounds/our yard/picture/")
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"].startswith("private")
    assert Image.open(io.BytesIO(response.content)).size == (400, 400)
    assert client.get("/backgrounds/moon/picture/").status_code == 404
