"""Uploading and arranging a product's photos in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import PageFor
from tests.factories.accounts import make_user
from tests.factories.catalog import image_bytes, make_photo, make_product
from vitrine.access import Role

Shoot = Callable[[Page, str], None]


@pytest.fixture
def photo_files(tmp_path: Path) -> list[str]:
    """Two photos and a page of HTML under the name of a third."""
    (tmp_path / "front.jpg").write_bytes(image_bytes((900, 600)))
    (tmp_path / "back.png").write_bytes(image_bytes((300, 400), encoding="PNG"))
    (tmp_path / "fake.jpg").write_bytes(b"<html>not a photo</html>")
    return [str(tmp_path / name) for name in ("front.jpg", "fake.jpg", "back.png")]


@pytest.fixture
def product(live_server: object) -> Product:
    return make_product("Blue mug", type="mug", attributes={"brand": "Acme", "colour": "blue"})


def names(product: Product) -> str:
    return "".join(photo.original_name[0] for photo in product.photos.order_by("position"))


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Let these files fall on the drop zone, as a person's hand would."""
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const [name, bytes] of Object.entries(files))
                transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
            return transfer;
        }""",
        {name: list(data) for name, data in files.items()},
    )
    page.dispatch_event("[data-upload]", "drop", {"dataTransfer": transfer})


def test_chosen_files_go_in_and_the_bad_one_says_why(
    page_for: PageFor, product: Product, photo_files: list[str], expect_console: Callable[[str], None], shoot: Shoot
) -> None:
    expect_console("400")  # the browser's own note of the refused upload
    page = page_for(make_user(Role.OPERATOR))
    page.goto(product.get_absolute_url())
    shoot(page, "product-empty")
    page.get_by_label("Drop photos here").set_input_files(photo_files)
    expect(page.locator("#photos [data-photo]")).to_have_count(2)
    uploads = page.locator("[data-uploads] li")
    expect(uploads.filter(has_text="front.jpg")).to_contain_text("added")
    expect(uploads.filter(has_text="fake.jpg").locator(".error-text")).to_contain_text("fake.jpg")
    shoot(page, "product-uploaded")
    product.refresh_from_db()
    assert (sorted(names(product)), product.photo_count) == (["b", "f"], 2)


def test_dropped_files_go_in_once(page_for: PageFor, product: Product) -> None:
    page = page_for(make_user(Role.OPERATOR))
    page.goto(product.get_absolute_url())
    files = {"one.jpg": image_bytes(), "two.jpg": image_bytes()}
    drop(page, files)
    expect(page.locator("#photos [data-photo]")).to_have_count(2)
    drop(page, files)
    expect(page.locator("[data-uploads]")).to_contain_text("is among the photos already")
    assert product.photos.count() == 2


def test_a_pasted_photo_goes_in(page_for: PageFor, product: Product) -> None:
    page = page_for(make_user(Role.OPERATOR))
    page.goto(product.get_absolute_url())
    page.evaluate(
        """(bytes) => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", {type: "image/png"}));
            document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        list(image_bytes(encoding="PNG")),
    )
    expect(page.locator("#photos [data-photo]")).to_have_count(1)
    assert names(product) == "i"


def test_photos_are_ordered_by_mouse_and_by_keyboard_and_removed(page_for: PageFor, product: Product) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        make_photo(product, name=name)
    page = page_for(make_user(Role.OPERATOR))
    page.goto(product.get_absolute_url())
    with page.expect_response("**/photos/order/"):
        page.locator("[data-photo]").nth(2).drag_to(page.locator("[data-photo]").nth(0))
    expect(page.locator("[data-photo] img").first).to_have_attribute("alt", "Photo 1 of 3: c.jpg")
    assert names(product) == "cab"
    later = page.get_by_role("button", name="Move photo 1 later")
    later.focus()
    with page.expect_response("**/move/"):
        page.keyboard.press("Enter")
    expect(page.locator("[data-photo] img").first).to_have_attribute("alt", "Photo 1 of 3: a.jpg")
    assert names(product) == "acb"
    expect(page.get_by_role("button", name="Move photo 2 later")).to_be_focused()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove photo 1").click()
    expect(page.locator("[data-photo]")).to_have_count(2)
    assert names(product) == "cb"


def test_a_photo_opens_large_and_closes_by_keyboard(page_for: PageFor, product: Product) -> None:
    make_photo(product, size=(900, 600))
    page = page_for(make_user(Role.ANALYST))
    page.goto(product.get_absolute_url())
    page.locator("a[data-large]").click()
    dialog = page.get_by_role("dialog", name="Large view")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_search_narrows_while_typing_and_back_returns(page_for: PageFor, live_server: object, shoot: Shoot) -> None:
    for title in ("Blue mug", "Red mug", "Oak chair"):
        make_photo(make_product(title, type=title.split()[1]), size=(300, 200))
    page = page_for(make_user(Role.OPERATOR))
    page.goto("/products/")
    expect(page.locator(".product-card")).to_have_count(3)
    page.get_by_label("Search").press_sequentially("mu")
    expect(page.locator(".product-card")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/products/\?q=mu$"))
    page.get_by_label("Type").select_option(label="chair (1)")
    expect(page.locator(".empty")).to_contain_text("No product matches “mu” in the type chair.")
    shoot(page, "products-nothing")
    page.go_back()
    expect(page.locator(".product-card")).to_have_count(2)
    expect(page.get_by_label("Search")).to_have_value("mu")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False), (360, True)])
def test_the_pages_fit_the_window(page_for: PageFor, product: Product, shoot: Shoot, width: int, dark: bool) -> None:
    for size in ((900, 600), (300, 700), (640, 640)):
        make_photo(product, size=size)
    make_product("A chair with a very long name that goes on and on: " + "wood" * 20, source="abo")
    page = page_for(make_user(Role.OPERATOR), width=width, dark=dark)
    for name, url in {
        "products": "/products/",
        "product": product.get_absolute_url(),
        "product-edit": f"{product.get_absolute_url()}edit/",
        "product-delete": f"{product.get_absolute_url()}delete/",
    }.items():
        page.goto(url)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        shoot(page, f"{name}-{width}-{'dark' if dark else 'light'}")
        assert not wide, f"{url} scrolls sideways at {width} px"
