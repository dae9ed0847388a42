"""Take the README's pictures from a demonstration that is running: the same pages, the same window, small WebP files.

    make demo                                                   in one terminal, until /demo/ says that all is done
    .venv/bin/python docs/pictures/take.py http://127.0.0.1:8000 var/demo_password

Needs Chromium (CHROMIUM=path for another than Debian's). Pages that have nothing on them yet are left out and named.
"""

import argparse
import io
import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1280, 860  # CSS pixels
MOST_BYTES = 120_000
QUALITIES = (88, 80, 72, 64, 50, 40)


def link(text: str) -> Callable[[Page], None]:
    """From the demonstration's page by the first link of that name."""

    def go(page: Page) -> None:
        page.goto("/demo/")
        page.get_by_role("link", name=text, exact=True).first.click()

    return go


def at(path: str) -> Callable[[Page], None]:
    return lambda page: page.goto(path) and None


def to_rate(page: Page) -> None:
    """The rating page, with two answers given."""
    link("Rate")(page)
    page.locator("a.primary").first.click()
    page.locator("body[data-shown][data-state=rating]").wait_for()
    for key in "11":
        page.keyboard.press(key)


def first_run(page: Page) -> None:
    link("All runs")(page)
    page.locator("main a.run-product", has_text="Navy mug with a star").last.click()


# File, who looks, how to get there.
PICTURES: tuple[tuple[str, str, Callable[[Page], None]], ...] = (
    ("demo", "operator", at("/demo/")),
    ("start", "operator", at("/")),
    ("products", "operator", at("/products/")),
    ("product", "operator", link("Images of a product")),
    ("run", "operator", first_run),
    ("rating", "rater", to_rate),
    ("campaign", "operator", link("The simulated campaign")),
    ("quality", "analyst", link("Agreement of raters")),
    ("review", "analyst", link("Pass rates")),
    ("comparison", "analyst", link("The comparison")),
    ("ranker", "analyst", link("The ranker and its gate")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("password", type=Path, help="the file demo_password of its data folder")
    parser.add_argument("--only", nargs="*", help=f"of: {', '.join(name for name, _, _ in PICTURES)}")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--to", type=Path, default=HERE)
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for who in ("operator", "analyst", "rater"):
            wanted = [
                (name, go) for name, role, go in PICTURES if role == who and (not asked.only or name in asked.only)
            ]
            if wanted:
                take(signed_in(browser, asked, who), wanted, asked.to)
        browser.close()


def signed_in(browser: Browser, asked: argparse.Namespace, who: str) -> Page:
    """A page of that person; the tour is there on the start page only where they have not hidden it."""
    context = browser.new_context(
        base_url=asked.address.rstrip("/"),
        viewport={"width": asked.width, "height": HEIGHT},
        color_scheme="dark" if asked.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/account/login/")
    page.get_by_label("User name").fill(who)
    page.get_by_label("Password").fill(asked.password.read_text().strip())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    return page


def take(page: Page, wanted: list[tuple[str, Callable[[Page], None]]], folder: Path) -> None:
    for name, go in wanted:
        try:
            go(page)
            page.wait_for_load_state("networkidle")
        except PlaywrightError as problem:
            print(f"{name}: left out. {str(problem).splitlines()[0]}")  # noqa: T201
            continue
        data = small(page.screenshot())
        (folder / f"{name}.webp").write_bytes(data)
        print(f"{name}.webp: {len(data) // 1024} KiB of {page.url}")  # noqa: T201


def small(png: bytes) -> bytes:
    """As WebP of at most MOST_BYTES, as good as that allows."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


if __name__ == "__main__":
    main()
