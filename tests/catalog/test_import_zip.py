"""Zips: read without unpacking; what tries to get out, to grow, or to hide is refused with a sentence."""

import stat
import zipfile
from pathlib import Path

import pytest

from catalog.exceptions import ImportUnreadable
from catalog.importing import archives
from catalog.models import Product
from tests.factories.catalog import image_bytes
from tests.factories.imports import listing, listing_lines, make_files, make_zip, reasons, run_import

pytestmark = pytest.mark.django_db


def test_folders_in_a_zip_with_a_wrapper_around_them(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "shop.zip", {"shop/red mug/1.jpg": None, "shop/vases/v1/1.jpg": None, "__MACOSX/x": "x"})
    run = run_import(path)
    assert (run.layout, run.products_added, run.photos_added, run.refused) == ("folder", 2, 2, 0)
    assert {str(product.type) for product in Product.objects.all()} == {"None", "vases"}


def test_one_products_folder_zipped_is_one_product(tmp_path: Path) -> None:
    run_import(make_zip(tmp_path / "x.zip", {"clock/1.jpg": None, "clock/2.jpg": None}))
    assert Product.objects.get().external_id == "clock"


def test_a_manifest_with_its_photos(tmp_path: Path) -> None:
    files = {"list.csv": "id,photos\na,img/1.jpg\n", "img/1.jpg": None}
    assert run_import(make_zip(tmp_path / "x.zip", files)).photos_added == 1
    wrapped = {f"top/{name}": content for name, content in files.items()}
    assert run_import(make_zip(tmp_path / "y.zip", wrapped), source="other").photos_added == 1


def test_abo_in_a_zip(tmp_path: Path) -> None:
    files = {
        "listings/metadata/listings_0.json": listing_lines(listing("B0A")),
        "images/metadata/images.csv": "image_id,path\n",
    }
    run = run_import(make_zip(tmp_path / "abo.zip", files))
    assert (run.layout, run.products_added) == ("abo", 1)


def test_two_lists_need_a_choice(tmp_path: Path) -> None:
    with pytest.raises(ImportUnreadable, match="several lists"):
        run_import(make_zip(tmp_path / "x.zip", {"a.csv": "id\n", "b.csv": "id\n"}))


def test_bad_entries_are_refused_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "x.zip", {"good/1.jpg": None, "../evil.jpg": None, "/abs.jpg": None, "good/more.zip": "PK"}
    )
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        link = zipfile.ZipInfo("good/link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good/bomb.jpg", bytes(9_000_000))
    before = set(tmp_path.parent.rglob("evil.jpg"))
    run = run_import(path)
    assert (run.products_added, run.photos_added) == (1, 1)
    said = "\n".join(reasons(run))
    for words in (
        "../evil.jpg leads out",
        "/abs.jpg leads out",
        "archive inside",
        "links in archives",
        "that is a bomb",
    ):
        assert words in said
    assert run.refused == 5
    assert set(tmp_path.parent.rglob("evil.jpg")) == before


def test_encrypted_entries_say_so(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a/1.jpg": None, "a/2.jpg": None})
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 8] |= 1  # the flag in the directory's last entry
    path.write_bytes(bytes(data))
    run = run_import(path)
    assert run.photos_added == 1
    assert "encrypted" in reasons(run)[0]


def test_a_bomb_as_a_whole_is_not_read_at_all(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {f"a/{n}.jpg": bytes(15_000_000) for n in range(8)})
    with pytest.raises(ImportUnreadable, match="that is a bomb"):
        run_import(path)
    assert not Product.objects.exists()


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 2)
    with pytest.raises(ImportUnreadable, match="3 files"):
        run_import(make_zip(tmp_path / "x.zip", {"a/1.jpg": "", "a/2.jpg": "", "a/3.jpg": ""}))


def test_a_photo_damaged_inside_the_zip_is_refused_alone(tmp_path: Path) -> None:
    photo = image_bytes((80, 80))
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/1.jpg", photo)
        archive.writestr("a/2.jpg", image_bytes())
    data = bytearray(path.read_bytes())
    data[data.find(photo) + len(photo) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    run = run_import(path)
    assert (run.photos_added, run.refused) == (1, 1)
    assert "damaged" in reasons(run)[0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"not a zip"])
def test_not_a_zip(tmp_path: Path, content: bytes) -> None:
    make_files(tmp_path, {"x.zip": content})
    with pytest.raises(ImportUnreadable, match="not a zip archive"):
        run_import(tmp_path / "x.zip")
