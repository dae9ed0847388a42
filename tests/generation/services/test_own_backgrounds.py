"""A seller's own backgrounds: what is kept of an upload, what is refused, and removal with its undo."""

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image

from catalog.exceptions import PhotoRefused
from generation.exceptions import NotPossible
from generation.services import backgrounds, own_backgrounds
from tests.factories.catalog import image_bytes
from tests.factories.cutouts import write_background

FACTS = {"view": "above", "light": {"azimuth": 50.0}}


@pytest.fixture
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.BACKGROUNDS_DIR = tmp_path / "own"
    return tmp_path / "own"


def upload(name: str = "My shop.jpg", *, size: tuple[int, int] = (320, 300), facts: Any = None) -> str:
    return own_backgrounds.add(io.BytesIO(image_bytes(size=size)), name, FACTS if facts is None else facts)


def names(*, removed: bool = False) -> list[str]:
    return [one.name for one in own_backgrounds.owned(removed=removed)]


def test_an_upload_is_a_background_of_runs_that_begin_from_now_on(folder: Path) -> None:
    assert upload() == "my-shop"
    [found] = [one for one in backgrounds.every() if one.name == "my-shop"]
    assert (found.view, found.light.azimuth, found.words) == (
        "above",
        50.0,
        "a {product} before the background my shop",
    )
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [], "no part of a file is left"


def test_what_is_kept_is_upright_and_says_nothing_of_where_it_was_taken(folder: Path) -> None:
    photo, exif = Image.new("RGB", (400, 300), "olive"), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # turned by a quarter; who made it
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", exif=exif)
    buffer.seek(0)
    own_backgrounds.add(buffer, "yard.jpg", {})
    with Image.open(next(folder.glob("yard.j*g"))) as kept:
        assert kept.size == (300, 400)
        assert not kept.getexif()


REFUSED = {
    "no picture": (b"hello there", "yard.jpg", PhotoRefused, "yard.jpg is a text file"),
    "empty": (b"", "yard.jpg", PhotoRefused, "yard.jpg is empty"),
    "too small": (image_bytes(size=(400, 200)), "yard.jpg", NotPossible, "400 x 200 pixels; a background needs"),
    "cut short": (image_bytes(size=(400, 400))[:900], "yard.jpg", PhotoRefused, "damaged"),
    "a shipped one's name": (image_bytes(size=(300, 300)), "Arch.png", NotPossible, "background arch already"),
}


@pytest.mark.parametrize(("data", "name", "error", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(folder: Path, data: bytes, name: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        own_backgrounds.add(io.BytesIO(data), name, {})
    assert not folder.exists() or not any(folder.iterdir())


def test_a_name_is_taken_once(folder: Path) -> None:
    upload()
    with pytest.raises(NotPossible, match="There is a background my-shop already"):
        upload("my_shop.png".replace("_", " "))
    assert names() == ["my-shop"]


NAMES = {
    "letters and spaces": ("Our Shop (2).JPG", "our-shop-2"),
    "a path": ("../../etc/Door.png", "door"),
    "a comma, which parts names in a method": ("red, blue.jpg", "red-blue"),
    "nothing that can be written": ("店.jpg", "background"),
    "very long": ("a" * 200 + ".jpg", "a" * 60),
}


@pytest.mark.parametrize(("given", "kept"), NAMES.values(), ids=NAMES)
def test_the_name_comes_from_the_files(folder: Path, given: str, kept: str) -> None:
    assert upload(given) == kept
    assert [path.parent for path in folder.glob(f"{kept}.*")] == [folder, folder]


def test_a_removed_one_is_offered_no_longer_and_comes_back_with_its_facts(folder: Path) -> None:
    upload()
    own_backgrounds.remove("my-shop")
    assert (names(), names(removed=True)) == ([], ["my-shop"])
    assert "my-shop" not in {one.name for one in backgrounds.every()}
    own_backgrounds.put_back("my-shop")
    assert (names(), names(removed=True)) == (["my-shop"], [])
    [back] = own_backgrounds.owned()
    assert back.backdrop is not None
    assert back.backdrop.view == "above"


def test_one_that_has_the_removed_ones_name_now_stays(folder: Path) -> None:
    upload()
    own_backgrounds.remove("my-shop")
    upload(facts={"view": "wall"})
    with pytest.raises(NotPossible, match="another background my-shop now"):
        own_backgrounds.put_back("my-shop")
    own_backgrounds.remove("my-shop")
    own_backgrounds.put_back("my-shop")
    [kept] = own_backgrounds.owned()
    assert kept.backdrop is not None
    assert kept.backdrop.view == "wall", "the newest removed of a name is kept"
    assert names(removed=True) == []


@pytest.mark.parametrize("change", [own_backgrounds.remove, own_backgrounds.put_back, own_backgrounds.thumbnail])
@pytest.mark.parametrize("name", ["gone", "../own/my-shop", "", "removed"])
def test_what_is_not_there_is_said_and_nothing_is_touched(folder: Path, change: Any, name: str) -> None:
    upload()
    with pytest.raises(NotPossible, match="There is no background"):
        change(name)
    assert names() == ["my-shop"]


def test_a_month_after_its_removal_one_goes_with_the_next(folder: Path) -> None:
    for name in ("old.jpg", "young.jpg", "next.jpg"):
        upload(name)
    own_backgrounds.remove("old")
    own_backgrounds.remove("young")
    before = time.time() - own_backgrounds.KEPT_FOR.total_seconds() - 60
    for path in (folder / "removed").glob("old.*"):
        os.utime(path, (before, before))
    own_backgrounds.remove("next")
    assert names(removed=True) == ["next", "young"]


def test_a_bad_file_is_listed_with_its_reason_and_can_be_removed(folder: Path) -> None:
    upload()
    (folder / "broken.jpg").write_bytes(b"no picture")
    listed = {one.name: one for one in own_backgrounds.owned()}
    assert listed["my-shop"].problem == ""
    assert "broken.jpg cannot be read as a picture" in listed["broken"].problem
    with pytest.raises(NotPossible):
        backgrounds.every()
    own_backgrounds.remove("broken")
    assert "my-shop" in {one.name for one in backgrounds.every()}


def test_two_files_of_one_name_are_both_bad(folder: Path) -> None:
    write_background(folder, "yard")
    Image.new("RGB", (300, 300)).save(folder / "yard.jpg")
    assert [one.backdrop for one in own_backgrounds.owned()] == [None, None]
    assert all("have one name" in one.problem for one in own_backgrounds.owned())


def test_an_own_one_hides_the_shipped_one_of_its_name(folder: Path) -> None:
    before = {one.name for one in own_backgrounds.shipped()}
    write_background(folder, "arch", {"words": "a {product} in our arch"})
    assert before - {one.name for one in own_backgrounds.shipped()} == {"arch"}


def test_thumbnails_of_own_shipped_and_removed_ones(folder: Path) -> None:
    write_background(folder, "yard", side=900)
    shown = {name: Image.open(io.BytesIO(own_backgrounds.thumbnail(name))) for name in ("yard", "arch")}
    assert {image.size for image in shown.values()} == {(400, 400)}
    own_backgrounds.remove("yard")
    assert own_backgrounds.thumbnail("yard", removed=True)
    with pytest.raises(NotPossible):
        own_backgrounds.thumbnail("yard")


def test_facts_are_written_as_people_write_them_by_hand(folder: Path) -> None:
    upload(facts=FACTS)
    assert json.loads((folder / "my-shop.json").read_text()) == FACTS
