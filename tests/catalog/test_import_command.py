"""manage.py import_products: exit codes, report, options."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.models import ImportRun, Product
from tests.factories.imports import make_files, make_zip

pytestmark = pytest.mark.django_db


def test_a_folder_with_a_report_of_what_was_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_files(tmp_path / "in", {"a/1.jpg": None, "a/fake.jpg": "text"})
    call_command("import_products", "folder", str(tmp_path / "in"), report=tmp_path / "refused.csv", type="Mug")
    said = capsys.readouterr().out
    assert "products: 1 added, 0 updated, 0 unchanged" in said
    assert "refused: 1" in said
    assert "a/fake.jpg is a text file" in (tmp_path / "refused.csv").read_text()
    assert str(Product.objects.get().type) == "mug"


def test_zip_works_out_what_it_holds(tmp_path: Path) -> None:
    call_command("import_products", "zip", str(make_zip(tmp_path / "x.zip", {"a.csv": "id\nx\n"})), verbosity=0)
    assert ImportRun.objects.get().layout == "manifest"


def test_dry_run_no_photos_limit_and_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_files(tmp_path, {f"p{n}/1.jpg": None for n in range(3)})
    options = {"dry_run": True, "no_photos": True, "limit": 2, "source": "shop"}
    call_command("import_products", "folder", str(tmp_path), **options)
    assert "products: 2 would be added" in capsys.readouterr().out
    assert not Product.objects.exists()
    assert ImportRun.objects.get().source == "shop"


@pytest.mark.parametrize("files", [{}, {"list.csv": "title\nx\n"}, {"list.csv": "id\n,\n"}])
def test_nothing_usable_is_an_error(tmp_path: Path, files: dict[str, str]) -> None:
    make_files(tmp_path, files)
    with pytest.raises(CommandError):
        call_command("import_products", "manifest", str(tmp_path / "list.csv"), verbosity=0)


def test_some_usable_rows_are_no_error(tmp_path: Path) -> None:
    make_files(tmp_path, {"list.csv": "id\n,\nok\n"})
    call_command("import_products", "manifest", str(tmp_path / "list.csv"), verbosity=0)
    assert Product.objects.get().external_id == "ok"


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_is_a_number_above_nothing(tmp_path: Path, limit: str) -> None:
    with pytest.raises(CommandError, match="not a whole number above 0"):
        call_command("import_products", "folder", str(tmp_path), "--limit", limit)
