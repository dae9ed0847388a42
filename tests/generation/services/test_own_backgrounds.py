"""A seller's own backgrounds: what is kept of an upload, what is refused, and removal with its undo."""

import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
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
    assert not list(folder.glob(".*.part")), "no part of a file is left"


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
    assert names() == []
    assert not any(folder.glob("[!.]*"))


def test_a_name_is_taken_once(folder: Path) -> None:
    upload()
    with pytest.raises(NotPossible, match="There is a background my-shop already"):
        upload("my_shop.png".replace("_", " "))
    assert names() == ["my-shop"]


def killed_before_the_picture(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do it in a process that dies when its picture would come to its place."""
    replace = Path.replace

    def die(path: Path, target: Path) -> Path:
        if target.suffix in (".jpg", ".png"):
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            act()


def test_one_killed_while_it_adds_leaves_no_background_and_nothing_in_the_way(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_before_the_picture(monkeypatch, lambda: upload(facts={"view": "wall"}))
    assert (names(), len(list(folder.glob(".*.part")))) == ([], 1), "facts come first: no run has a picture without"
    upload()
    [found] = own_backgrounds.owned()
    assert found.backdrop is not None
    assert found.backdrop.view == "above"
    assert not list(folder.glob(".*.part"))


@pytest.mark.parametrize(("change", "before"), [("remove", 0), ("put_back", 1)])
def test_one_killed_while_it_moves_can_be_moved_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: str, before: int
) -> None:
    upload()
    if before:
        own_backgrounds.remove("my-shop")
    act = getattr(own_backgrounds, change)
    killed_before_the_picture(monkeypatch, lambda: act("my-shop"))
    assert (names(), names(removed=True)) == (([], ["my-shop"]) if before else (["my-shop"], []))
    act("my-shop")
    [moved] = own_backgrounds.owned(removed=not before)
    assert moved.backdrop is not None
    assert moved.backdrop.view == "above", "its facts are with it"


def test_of_many_who_add_one_name_at_once_one_does(folder: Path) -> None:
    kinds = ("RGB", "RGBA", "RGB", "RGBA")  # JPEG and PNG: two files of one name would stop all runs
    together = Barrier(len(kinds))

    def send(mode: str) -> str:
        data = io.BytesIO()
        Image.new(mode, (300, 300), (90, 90, 90, 120)[: len(mode)]).save(data, "PNG")
        data.seek(0)
        together.wait(timeout=60)
        try:
            return own_backgrounds.add(data, "yard.png", FACTS)
        except NotPossible as refusal:
            return str(refusal)

    with ThreadPoolExecutor(len(kinds)) as people:
        told = sorted(people.map(send, kinds), key=len)
    assert told[0] == "yard"
    assert all(one.startswith("There is a background yard already") for one in told[1:])
    assert [(one.name, one.problem) for one in own_backgrounds.owned()] == [("yard", "")]


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
    assert kept.backdrop.view == "wall", "the newest removed of a name has it"
    assert names(removed=True) == ["my-shop-2"], "and the one before is there still"
    own_backgrounds.put_back("my-shop-2")
    assert [(one.name, one.backdrop and one.backdrop.view) for one in own_backgrounds.owned()] == [
        ("my-shop", "wall"),
        ("my-shop-2", "above"),
    ]


def test_what_was_removed_before_under_a_name_stays_however_often(folder: Path) -> None:
    for view in ("above", "wall", "front"):
        upload(facts={"view": view})
        own_backgrounds.remove("my-shop")
    removed = {one.name: one.backdrop.view for one in own_backgrounds.owned(removed=True) if one.backdrop}
    assert removed == {"my-shop": "front", "my-shop-2": "above", "my-shop-3": "wall"}


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


def test_a_picture_of_more_pixels_than_can_be_read_has_no_thumbnail(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_background(folder, "yard", side=300)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40_000)
    with pytest.raises(NotPossible, match=rf"{path.name} is damaged: Image size"):
        own_backgrounds.thumbnail("yard")
    [listed] = own_backgrounds.owned()
    assert "exceeds limit" in listed.problem


def test_facts_are_written_as_people_write_them_by_hand(folder: Path) -> None:
    upload(facts=FACTS)
    assert json.loads((folder / "my-shop.json").read_text()) == FACTS
