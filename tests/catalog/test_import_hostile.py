"""Imports of hostile or unlucky files: each costs at most its own row, is said aloud, and the run always ends."""

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.exceptions import ImportUnreadable
from catalog.importing import runner
from catalog.models import ImportRun, Photo, Product
from catalog.services.imports import make_import
from catalog.services.products import remove_product
from catalog.services.uploads import keep_upload
from tests.factories.imports import listing, listing_lines, make_files, make_zip, reasons, run_import

pytestmark = pytest.mark.django_db(transaction=True)


def spoil(archive: Path, name: str) -> None:
    """Change one byte of an entry's content, so that its check sum is wrong."""
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo(name)
    data = bytearray(archive.read_bytes())
    data[info.header_offset + 30 + len(name) + 5] ^= 0xFF
    archive.write_bytes(data)


def test_a_damaged_product_json_in_a_zip_costs_its_own_product_only(tmp_path: Path) -> None:
    files: dict[str, bytes | str | None] = {"a/product.json": '{"title": "A mug"}', "a/1.jpg": None, "b/1.jpg": None}
    archive = make_zip(tmp_path / "photos.zip", files)
    spoil(archive, "a/product.json")
    run = run_import(archive)
    assert list(Product.objects.values_list("external_id", flat=True)) == ["b"]
    assert reasons(run) == [
        "a/product.json: a/product.json is damaged where it lies: copy it or make the archive again."
    ]


def test_damaged_metadata_of_an_abo_sample_costs_its_own_product_only(tmp_path: Path) -> None:
    files: dict[str, bytes | str | None] = {"B000000001/metadata.txt": "{'brand': 'x'}", "B000000002/1.jpg": None}
    archive = make_zip(tmp_path / "abo.zip", files)
    spoil(archive, "B000000001/metadata.txt")
    run = run_import(archive, "abo")
    assert list(Product.objects.values_list("external_id", flat=True)) == ["B000000002"]
    assert "is damaged where it lies" in reasons(run)[0]


@pytest.mark.parametrize("name", ["list.csv", "listings_0.json"])
def test_a_list_that_is_a_link_out_of_the_folder_ends_the_run_with_a_sentence(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("external_id\nsecret\n")
    folder = tmp_path / "import"
    folder.mkdir()
    (folder / name).symlink_to(secret)
    with contextlib.suppress(ImportUnreadable):
        run_import(folder)
    run = ImportRun.objects.get()
    assert run.finished_at
    assert not Product.objects.exists()
    assert "leads out of the folder" in run.problem + "".join(reasons(run))


def test_paths_of_absurd_depth_cost_no_memory(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "deep.zip", {"a/" * 30_000 + "1.jpg": None, "mug/1.jpg": None})
    run = run_import(archive)
    assert [product.external_id for product in Product.objects.all()] == ["mug"]
    assert "folders deep" in reasons(run)[0]


def test_a_long_name_in_another_script_is_imported(tmp_path: Path) -> None:
    name = "漢" * 200 + ".csv"
    key = keep_upload(SimpleUploadedFile(name, b"external_id\na\n"), name)
    runner.run(make_import(layout="auto", origin=name, upload_key=key))
    assert Product.objects.get().external_id == "a"


def test_an_absurd_path_in_images_csv_is_a_missing_photo(tmp_path: Path) -> None:
    files: dict[str, bytes | str | None] = {
        "listings_0.json": listing_lines(listing("B000000001", main_image_id="i1")),
        "images.csv": f"image_id,path\ni1,{'x' * 5000}.jpg\n",
    }
    run = run_import(make_files(tmp_path, files), "abo")
    assert Product.objects.count() == 1
    assert "photos are not there" in reasons(run)[0]


def test_a_product_that_is_deleted_meanwhile_does_not_stop_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, bytes | str | None] = {"a/1.jpg": None, "b/1.jpg": None}
    read = runner._Import._read_photo

    def delete_first(self: Any, path: str) -> bytes:
        for product in Product.objects.filter(external_id="a"):
            remove_product(product)
        return read(self, path)

    monkeypatch.setattr(runner._Import, "_read_photo", delete_first)
    run = run_import(make_files(tmp_path, files))
    assert list(Product.objects.values_list("external_id", "photo_count")) == [("b", 1)]
    assert reasons(run) == ["a/1.jpg: The product has been removed meanwhile, so its photos are not kept."]


def test_two_folders_of_one_name_are_not_merged_into_one_product(tmp_path: Path) -> None:
    run = run_import(make_files(tmp_path, {"lamp/1/a.jpg": None, "mug/1/b.jpg": None, "mug/2/c.jpg": None}))
    assert sorted(Product.objects.values_list("external_id", "type__name")) == [("1", "lamp"), ("2", "mug")]
    assert Photo.objects.filter(product__external_id="1").count() == 1
    assert "mug/1" in reasons(run)[0]
    assert "lamp/1" in reasons(run)[0]


def test_a_job_that_is_begun_again_after_its_import_ended_keeps_the_report() -> None:
    key = keep_upload(SimpleUploadedFile("list.csv", b"external_id,title\na,A\n,no id\n"), "list.csv")
    run = runner.run(make_import(layout="auto", origin="list.csv", upload_key=key))
    # The worker was killed after the last row and before the job was noted as done: its upload is gone by now.
    again = runner.run(ImportRun.objects.get(pk=run.pk))
    assert (again.problem, again.rows_read, again.products_added) == ("", run.rows_read, 1)
    assert ImportRun.objects.get().refusals.count() == run.refused == 1


def test_a_pipe_in_the_folder_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(make_files(tmp_path, {"list.csv": "external_id,photos\na,pipe.jpg\n"}) / "pipe.jpg")
    run = run_import(tmp_path)
    assert Product.objects.count() == 1
    assert "pipe.jpg" in reasons(run)[0]
