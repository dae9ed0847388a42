"""Removing the demonstration: all of it, nothing else, and never what others brought without being told to."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError
from pytest_django import Settings

from accounts.models import User
from catalog.models import Product
from catalog.samples import render_product_photo
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.factories.rating import make_campaign, make_rater, rate
from vitrine.access import Role
from vitrine.demo import removing

OURS = ("vitrine.sqlite3", "vitrine.sqlite3-wal", "demo_password", "secret_key", "demo_notes.json")


@pytest.fixture
def data(db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that has no demo yet; the test's own database counts as lying in it."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    monkeypatch.setattr(removing, "lies_elsewhere", list)
    return settings.DATA_DIR


def fill(data: Path, photos: Path | None = None) -> None:
    asked = {"photos": str(photos)} if photos else {}
    call_command("demo", no_start=True, no_show=True, stdout=io.StringIO(), **asked)
    for name in OURS:
        (data / name).touch()
    (data / "my-notes.txt").write_text("x")
    (data / "media" / "photos").mkdir(parents=True, exist_ok=True)


def remove(**options: bool) -> None:
    call_command("demo", remove=True, stdout=io.StringIO(), **options)


def test_it_takes_what_the_demo_made_and_nothing_else(data: Path) -> None:
    fill(data)
    (data / "my-folder").mkdir()
    remove()
    assert sorted(path.name for path in data.iterdir()) == ["my-folder", "my-notes.txt"]


def test_nothing_is_removed_where_there_is_no_demo(data: Path) -> None:
    (data / "vitrine.sqlite3").write_text("precious")
    with pytest.raises(CommandError, match="There is no demo in"):
        remove(yes=True)
    assert (data / "vitrine.sqlite3").read_text() == "precious"


def a_person() -> None:
    make_user(Role.ANALYST)


def a_product() -> None:
    make_product("Chair", source="shop")


def a_persons_rating() -> None:
    rate(make_rater(), make_campaign(1))


@pytest.mark.parametrize(
    ("bring", "told"),
    [(a_person, "1 people are not the demo's"), (a_product, "1 products are not the demo's"),
     (a_persons_rating, "1 ratings are not the demo's")],
)  # fmt: skip
@pytest.mark.parametrize("before", [True, False], ids=["before the demo", "since the demo"])
def test_what_others_brought_is_told_and_stays(data: Path, bring: Callable[[], None], told: str, before: bool) -> None:
    if before:
        bring()
    fill(data)
    if not before:
        bring()
    with pytest.raises(CommandError, match=rf"{told}.*make clean-demo YES=1") as refusal:
        remove()
    assert ("not known to have been empty" in str(refusal.value)) is before
    assert all((data / name).exists() for name in (*OURS, "media"))
    remove(yes=True)
    assert [path.name for path in data.iterdir()] == ["my-notes.txt"]


def test_what_was_there_before_is_remembered_when_it_is_gone(data: Path) -> None:
    a_product()
    fill(data)
    Product.objects.filter(source="shop").delete()
    fill(data)
    with pytest.raises(CommandError, match="it is not known to have been empty when the demo came"):
        remove()


def test_a_visitors_own_photos_and_ratings_are_the_demos(data: Path, tmp_path: Path) -> None:
    (tmp_path / "shop" / "red mug").mkdir(parents=True)
    render_product_photo("mug", 1, 96).save(tmp_path / "shop" / "red mug" / "front.jpg")
    fill(data, tmp_path / "shop")
    product = Product.objects.get(title="red mug")
    assert json.loads((data / "demo_notes.json").read_text()) == {"empty": True, "products": [product.pk]}
    rate(make_rater(User.objects.get(username="rater")), make_campaign(1))
    remove()
    assert not (data / "demo_password").exists()


def test_a_demo_that_noted_nothing_is_not_taken_for_alone(data: Path) -> None:
    fill(data)
    (data / "demo_notes.json").unlink()
    with pytest.raises(CommandError, match="it is not known to have been empty"):
        remove()


def test_a_database_that_cannot_be_read_is_not_taken_for_empty(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(data)

    def broken() -> list[str]:
        raise DatabaseError("file is not a database")

    monkeypatch.setattr(removing, "_foreign_rows", broken)
    with pytest.raises(CommandError, match="its database cannot be read \\(file is not a database\\)"):
        remove()


FOLDER, S3 = "vitrine.folder_storage.FolderStorage", "vitrine.storage.S3Storage"
SQLITE, POSTGRES = "django.db.backends.sqlite3", "django.db.backends.postgresql"


@pytest.mark.parametrize(
    ("engine", "name", "backend", "told"),
    [
        (SQLITE, "/data/vitrine.sqlite3", FOLDER, []),
        (SQLITE, "/shared/vitrine.sqlite3", FOLDER, ["The database"]),
        (POSTGRES, "vitrine", FOLDER, ["The database"]),
        (POSTGRES, "vitrine", S3, ["The database", "the stored files"]),
    ],
)
def test_where_something_lies_elsewhere_the_rest_is_left_too(
    monkeypatch: pytest.MonkeyPatch, engine: str, name: str, backend: str, told: list[str]
) -> None:
    own = SimpleNamespace(
        DATA_DIR=Path("/data"), DATABASES={"default": {"ENGINE": engine, "NAME": name}},
        STORAGES={"default": {"BACKEND": backend}},
    )  # fmt: skip
    monkeypatch.setattr(removing, "settings", own)
    assert removing.lies_elsewhere() == told
    if told:
        monkeypatch.setattr(removing, "password_file", lambda: Path(__file__))
        with pytest.raises(CommandError, match=f"{' and '.join(told)} lie elsewhere"):
            removing.remove()
