"""CSV and JSON lines: columns, encodings, quoting; each bad row with its line, the rest goes in."""

import gzip
from pathlib import Path
from typing import BinaryIO

import pytest

from catalog.exceptions import ImportUnreadable
from catalog.importing.manifest import ManifestReader
from catalog.importing.trees import FolderTree
from catalog.models import Product
from tests.factories.catalog import image_bytes
from tests.factories.imports import make_files, reasons, run_import

pytestmark = pytest.mark.django_db


def test_csv_with_photos_relative_to_it(tmp_path: Path) -> None:
    head = "external_id,title,type,photos,colour,attributes\n"
    text = head + 'A1,"A ""mug"", big",MUG,img/1.jpg|img/2.jpg,red,"{""ml"": 300}"\n'
    make_files(tmp_path, {"list.csv": text, "img/1.jpg": None, "img/2.jpg": None})
    run = run_import(tmp_path / "list.csv")
    product = Product.objects.get()
    assert (run.layout, run.photos_added, run.refused) == ("manifest", 2, 0)
    assert (product.title, str(product.type)) == ('A "mug", big', "mug")
    assert product.attributes == {"colour": "red", "ml": 300}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_byte_order_marks_and_line_ends(tmp_path: Path, separator: str, start: bytes, end: str) -> None:
    text = end.join([separator.join(["SKU", "Name"]), separator.join(["ä1", "Größe"]), ""])
    make_files(tmp_path, {"list.csv": start + text.encode()})
    run_import(tmp_path / "list.csv")
    assert Product.objects.values_list("external_id", "title").get() == ("ä1", "Größe")


def test_each_bad_row_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = [
        b"external_id,title,attributes",
        b"ok1,fine,",
        b",no id,",
        b"x,caf\xe9,",
        b'ok2,"two',
        b'lines",',
        b"y,too,many,cells",
        b"",
        b"z,t,{not json",
        b"nul\x00,t,",
        b"ok3,,",
    ]
    make_files(tmp_path, {"list.csv": b"\n".join(lines)})
    run = run_import(tmp_path / "list.csv")
    assert sorted(Product.objects.values_list("external_id", "title")) == [
        ("ok1", "fine"),
        ("ok2", "two\nlines"),
        ("ok3", "ok3"),
    ]
    found = {refusal.line: refusal.reason for refusal in run.refusals.all()}
    assert sorted(found) == [3, 4, 7, 9, 10]
    assert "no external_id" in found[3]
    assert "title is not UTF-8" in found[4]
    assert "4 cells" in found[7]
    assert "not JSON" in found[9]


def test_an_open_quote_costs_one_row_not_the_rest(tmp_path: Path) -> None:
    filler = "".join(f"p{n},{'t' * 400}\n" for n in range(6000))
    make_files(tmp_path, {"list.csv": f'external_id,title\na,first\nb,"open\n{filler}'})
    run = run_import(tmp_path / "list.csv", photos=False)
    assert run.refused == 1
    assert run.products_added > 500


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"id": 7, "name": "Seven", "category": "Desk_Lamp", "photos": ["a.jpg"], "Size": {"cm": 4}}',
        "",
        "{broken",
        '["list"]',
        '{"external_id": "n", "x": NaN}',
        '{"external_id": "big", "x": 1e999}',
        '{"external_id": "half", "title": "\\ud800"}',
        '{"external_id": true}',
        '{"external_id": "p", "photos": {"a": 1}}',
        "[" * 5000,
        '{"external_id": "last"}',
    ]
    make_files(tmp_path, {"list.jsonl": "\n".join(lines), "a.jpg": None})
    run = run_import(tmp_path / "list.jsonl")
    assert list(Product.objects.order_by("id").values_list("external_id", flat=True)) == ["7", "last"]
    assert Product.objects.get(external_id="7").attributes == {"size": {"cm": 4}}
    assert [refusal.line for refusal in run.refusals.order_by("line")] == [3, 4, 5, 6, 7, 8, 9, 10]


def test_a_line_without_end_is_refused_without_being_held(tmp_path: Path) -> None:
    make_files(tmp_path, {"list.jsonl": b'{"external_id": "' + b"x" * 5_000_000 + b'"}\n{"external_id": "ok"}\n'})
    run = run_import(tmp_path / "list.jsonl")
    assert Product.objects.get().external_id == "ok"
    assert "longer than" in reasons(run)[0]


def test_photos_that_cannot_be_used_are_reported_and_the_product_goes_in(tmp_path: Path) -> None:
    photos = [
        "https://example.org/a.jpg",
        "../secret.jpg",
        "/etc/passwd",
        "C:\\a.jpg",
        "missing.jpg",
        "fake.jpg",
        "good.jpg",
    ]
    make_files(tmp_path, {"secret.jpg": None, "in/fake.jpg": "text", "in/good.jpg": None})
    make_files(tmp_path, {"in/list.csv": "external_id,photos\na," + "|".join(photos) + "\n"})
    run = run_import(tmp_path / "in/list.csv")
    assert (run.products_added, run.photos_added, run.refused) == (1, 1, 6)
    words = ["web address", "leads out", "leads out", "leads out", "not there", "text file"]
    assert all(word in reason for word, reason in zip(words, reasons(run), strict=True))
    assert all(reason.startswith("list.csv:2: ") for reason in reasons(run))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("title,price\nx,1\n", "no column external_id"),
        ("", "no column external_id"),
        ("id,a,a\n", "two columns 'a'"),
        ("id\n\n", "No product was found"),
        ("external_id,t\nä,b\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_lists_that_no_row_can_be_read_from(tmp_path: Path, content: bytes | str, words: str) -> None:
    make_files(tmp_path, {"list.csv": content})
    with pytest.raises(ImportUnreadable, match=words):
        run_import(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("list.csv", "", id="empty"),
        pytest.param("list.csv", "title\nx\n", id="without external_id"),
        pytest.param("list.csv.gz", gzip.compress(b"id\n" * 9)[:-9], id="cut short"),
        pytest.param("list.jsonl", '{"id": "1"}\n' * 3, id="left after the first row"),
    ],
)
def test_a_list_is_closed_however_its_reading_ends(tmp_path: Path, name: str, content: bytes | str) -> None:
    class Watched(FolderTree):
        def open(self, path: str) -> BinaryIO:
            files.append(super().open(path))
            return files[-1]

    files: list[BinaryIO] = []
    reader = ManifestReader(Watched(make_files(tmp_path, {name: content})), name)
    assert files == [], "one that nobody reads is not opened"
    kept = None  # as a debugger or a log would keep it, with the frames that hold the reader
    rows = iter(reader)
    try:
        next(rows)
    except ImportUnreadable as error:
        kept = error
    rows.close()  # type: ignore[attr-defined]
    assert (kept is None) == name.endswith("jsonl")
    assert [file.closed for file in files] == [True]


def test_gzipped_lists_and_damaged_ones(tmp_path: Path) -> None:
    whole = gzip.compress(b"external_id\n" + b"".join(b"p%d\n" % n for n in range(3000)))
    make_files(tmp_path, {"list.csv.gz": whole, "cut.csv.gz": whole[: len(whole) // 2]})
    assert run_import(tmp_path / "list.csv.gz").products_added == 3000
    with pytest.raises(ImportUnreadable, match="damaged or cut short"):
        run_import(tmp_path / "cut.csv.gz")


def test_same_photo_under_two_products_is_one_file(tmp_path: Path) -> None:
    make_files(tmp_path, {"list.csv": "id,photo\na,x.jpg\nb,x.jpg\n", "x.jpg": image_bytes()})
    run_import(tmp_path / "list.csv")
    first, second = Product.objects.all()
    assert first.photos.get().sha256 == second.photos.get().sha256
