"""A folder of photos per product: ids, titles, types from folders; what is no photo is reported, the rest goes in."""

import json
import os
from pathlib import Path

import pytest

from catalog.exceptions import ImportUnreadable
from catalog.models import ImportRun, Photo, Product
from tests.factories.catalog import image_bytes, make_type
from tests.factories.imports import make_files, reasons, run_import

pytestmark = pytest.mark.django_db


def test_folder_names_are_ids_and_titles(tmp_path: Path) -> None:
    make_files(
        tmp_path, {"red mug/1.jpg": None, "red mug/2.jpg": None, "blue mug/front.png": image_bytes(encoding="PNG")}
    )
    run = run_import(tmp_path, "folder", type_name="Mug")
    assert (run.products_added, run.photos_added, run.refused) == (2, 3, 0)
    product = Product.objects.get(external_id="red mug")
    assert (product.title, str(product.type), product.photo_count, product.source) == ("red mug", "mug", 2, "folder")
    assert [photo.original_name for photo in product.photos.all()] == ["1.jpg", "2.jpg"]


def test_again_changes_nothing(tmp_path: Path) -> None:
    make_files(tmp_path, {"a/1.jpg": None, "b/2.jpg": None})
    run_import(tmp_path, "folder")
    again = run_import(tmp_path, "folder")
    assert (again.products_unchanged, again.photos_known, again.photos_added) == (2, 2, 0)
    assert (Product.objects.count(), Photo.objects.count()) == (2, 2)


def test_types_from_the_folder_above_and_from_known_words(tmp_path: Path) -> None:
    make_type("office chair"), make_type("chair")
    make_files(tmp_path, {"Phone_Cases/p1/1.jpg": None, "blue-office-chair-01/1.jpg": None, "armchair/1.jpg": None})
    run_import(tmp_path, "folder")
    types = {product.external_id: str(product.type) for product in Product.objects.all()}
    assert types == {"p1": "phone cases", "blue-office-chair-01": "office chair", "armchair": "None"}


def test_product_json_says_more(tmp_path: Path) -> None:
    told = {
        "external_id": "SKU 7",
        "title": "Teapot",
        "type": "TEA_POT",
        "colour": "red",
        "attributes": {"litres": 1.5},
    }
    make_files(tmp_path, {"x/product.json": json.dumps(told), "x/1.jpg": None, "x/details/spout.jpg": None})
    run_import(tmp_path, "folder", type_name="other")
    product = Product.objects.get()
    assert (product.external_id, product.title, str(product.type)) == ("SKU 7", "Teapot", "tea pot")
    assert product.attributes == {"colour": "red", "litres": 1.5}
    assert product.photo_count == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ('{"title": 5}', "title must be text"),
        ('{"attributes": 1}', "an object"),
    ],
)
def test_a_bad_product_json_refuses_that_product_only(tmp_path: Path, text: str, words: str) -> None:
    make_files(tmp_path, {"bad/product.json": text, "bad/1.jpg": None, "good/1.jpg": None})
    run = run_import(tmp_path, "folder")
    assert (run.products_added, run.refused) == (1, 1)
    assert "bad/product.json" in reasons(run)[0]
    assert words in reasons(run)[0]


def test_what_is_no_photo_is_reported_and_other_files_are_not_looked_at(tmp_path: Path) -> None:
    files = {"a/1.jpg": None, "a/fake.jpg": "<html>", "a/notes.txt": "x", "a/.DS_Store": "x", "a/Thumbs.db": "x"}
    make_files(tmp_path, files | {"__MACOSX/a/._1.jpg": "x", "loose.jpg": None})
    run = run_import(tmp_path, "folder")
    assert (run.products_added, run.photos_added, run.refused) == (1, 1, 2)
    assert "loose.jpg lies beside the product folders" in reasons(run)[0]
    assert reasons(run)[1].startswith("a/fake.jpg: a/fake.jpg is an HTML file")


def test_a_folder_of_photos_alone_is_one_product(tmp_path: Path) -> None:
    run_import(make_files(tmp_path / "clock", {"1.jpg": None, "2.jpg": None}), "folder")
    assert Product.objects.get().external_id == "clock"


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    make_files(tmp_path, {"outside/secret.jpg": None, "in/a/1.jpg": None})
    (tmp_path / "in/a/2.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (tmp_path / "in/b").symlink_to(tmp_path / "outside")
    run = run_import(tmp_path / "in", "folder")
    assert (run.products_added, run.photos_added) == (1, 1)
    assert "link that leads out" in reasons(run)[0]


def test_file_names_that_are_not_utf8_are_refused_not_fatal(tmp_path: Path) -> None:
    make_files(tmp_path, {"good/1.jpg": None})
    bad = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(bad)  # noqa: PTH102 - a Path would do, bytes are clearer here
    Path(os.fsdecode(bad), "1.jpg").write_bytes(image_bytes())
    run = run_import(tmp_path, "folder")
    assert (run.products_added, run.refused) == (1, 1)
    assert "cannot be stored" in reasons(run)[0]


def test_a_dry_run_writes_nothing_but_its_report(tmp_path: Path) -> None:
    make_files(tmp_path, {"a/1.jpg": None, "a/fake.jpg": "text"})
    run = run_import(tmp_path, "folder", dry_run=True, type_name="mug")
    assert (run.products_added, run.photos_added, run.refused) == (1, 1, 1)
    assert not Product.objects.exists()
    assert not Photo.objects.exists()
    run_import(tmp_path, "folder")
    assert run_import(tmp_path, "folder", dry_run=True).photos_known == 1


def test_no_photos_and_limit(tmp_path: Path) -> None:
    make_files(tmp_path, {f"p{n}/1.jpg": None for n in range(5)})
    run = run_import(tmp_path, "folder", photos=False, limit=3)
    assert (run.rows_read, run.products_added, Photo.objects.count()) == (3, 3, 0)


@pytest.mark.parametrize("name", ["missing", "file.txt", "empty"])
def test_nothing_to_import_is_said_and_noted_on_the_run(tmp_path: Path, name: str) -> None:
    make_files(tmp_path, {"file.txt": "x"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportUnreadable):
        run_import(tmp_path / name, "folder")
    run = ImportRun.objects.get()
    assert run.problem
    assert run.finished_at
