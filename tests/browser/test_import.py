"""Importing in a real browser: a list with a bad row, a folder dropped on the page, a wrong file said at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.importing import runner
from catalog.models import ImportRun, Product
from tests.browser.conftest import PageFor
from tests.factories.accounts import make_user
from tests.factories.catalog import make_type
from tests.factories.imports import make_files
from vitrine.access import Role

Shoot = Callable[[Page, str], None]


@pytest.fixture
def page(page_for: PageFor, live_server: object) -> Page:
    make_type("mug")
    return page_for(make_user(Role.OPERATOR))


def test_a_list_with_a_bad_row(page: Page, tmp_path: Path, shoot: Shoot) -> None:
    make_files(tmp_path, {"mugs.csv": "external_id,title,type\nm1,Blue mug,mug\n,No id,mug\nm2,Red mug,mug\n"})
    page.goto("/imports/")
    page.get_by_role("link", name="New import").first.click()
    page.get_by_label("A zip or a list").set_input_files(tmp_path / "mugs.csv")
    expect(page.locator("[data-import-chosen]")).to_have_text("mugs.csv")
    shoot(page, "import-new")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="mugs.csv")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("The import is queued.")
    # The worker's part; the page asks for its report until the run has ended.
    runner.run(ImportRun.objects.get())
    expect(page.get_by_role("row", name="mugs.csv 3")).to_contain_text("no external_id")
    expect(page.get_by_role("link", name="See the products")).to_be_visible()
    shoot(page, "import-report")
    assert Product.objects.count() == 2
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert "no external_id" in Path(download.value.path()).read_text()


def test_a_folder_of_photos(page: Page, tmp_path: Path) -> None:
    make_files(tmp_path / "shop", {"red mug/1.jpg": None, "vase/1.jpg": None, "vase/notes.txt": "x"})
    page.goto("/imports/new/")
    page.get_by_label("A folder of photos").set_input_files(tmp_path / "shop")
    expect(page.locator("[data-import-chosen]")).to_have_text("2 files in 2 folders")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="shop.zip")).to_be_visible()
    run = runner.run(ImportRun.objects.get())
    assert (run.products_added, run.photos_added) == (2, 2)


def test_what_is_missing_is_said_where_it_is_missing(page: Page, expect_console: Callable[[str], None]) -> None:
    expect_console("422")  # the browser's own note of the refused form
    page.goto("/imports/new/")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert").first).to_contain_text("Choose what to import")
