"""A visitor's own photos from `make demo PHOTOS=dir` to a choice for each product, in a browser as three people.

    .venv/bin/python benchmarks/demo_photos.py ../shared/data/dreambooth_products --sheet OUT.png --shots FOLDER

The operator marks each product that waits, by a box in one photo; the rater answers for every image, by chance and
mostly yes; the figures, the comparison and the picks follow. Prints what the clock said at each point, and what came of
each product. Where a product of another folder is seen best is not known: its first photo is marked, all but a rim.
The sheet has a row for each product: the marked photo, what was picked, and what was made besides.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo import ROOT, Said, ask
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

# By title: the photo that shows it best, counted from one, and where it is: left, top, right, bottom, as shares.
MARKS = {
    "backpack": (3, (0.19, 0.02, 0.92, 0.94)),
    "clock": (4, (0.18, 0.09, 0.78, 0.84)),
    "colorful sneaker": (2, (0.16, 0.22, 0.88, 0.80)),
    "pink sunglasses": (2, (0.01, 0.23, 0.80, 0.84)),
    "teapot": (5, (0.18, 0.33, 0.62, 0.67)),
}
USUAL = (1, (0.05, 0.05, 0.95, 0.95))
LONG_MS = 1_200_000
YES = 0.97  # of the answers: an image passes where all eight are
CELL = 200  # pixels, of the sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--shots", type=Path, help="a folder for pictures of the pages")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vitrine-demo-photos-"))
    try:
        with started(folder, options.photos) as address:
            Visit(address, folder, options.shots).go()
        for row in chosen(folder):
            print(row)
        if options.sheet:
            sheet(folder).save(options.sheet)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(folder: Path, photos: str) -> Iterator[str]:
    """The demonstration on that data folder: its address."""
    own = {"VITRINE_DATA_DIR": str(folder), "DATABASE_URL": "", "VITRINE_PORT": "", "DISPLAY": ""}
    command = [str(ROOT / ".venv" / "bin" / "python"), "manage.py", "demo", "--photos", photos]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True)
    said = Said(process)
    try:
        while not said.at:
            if process.poll() is not None:
                sys.exit("The demonstration has ended by itself:\n" + "".join(said.lines[-30:]))
            time.sleep(0.2)
        yield next(found[0] for line in said.lines if (found := re.search(r"https?://[^/\s]+", line)))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


class Visit:
    """One visit; `go` is all of it."""

    def __init__(self, address: str, folder: Path, shots: Path | None) -> None:
        self.address, self.folder, self.shots = address, folder, shots
        self.began = time.monotonic()

    def go(self) -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
            )
            pages = [
                browser.new_context(base_url=self.address, viewport={"width": 1280, "height": 900}).new_page()
                for _ in range(3)
            ]
            self.operator(pages[0])
            self.rater(pages[1])
            self.analyst(pages[2], pages[0])
            browser.close()

    def operator(self, page: Page) -> None:
        self.sign_in(page, "operator")
        self.shoot(page, "begun")
        asked = page.locator("#photos-1-asked a")
        expect(page.locator("#photos-1-first.is-yours, #photos-1-first.is-done")).to_have_count(1, timeout=LONG_MS)
        self.told(f"{asked.count()} products wait to be marked")
        self.shoot(page, "asked")
        links = [(link.inner_text().strip(), link.get_attribute("href") or "") for link in asked.all()]
        for title, href in links:
            self.mark(page, title, href)
        page.goto("/demo/")
        expect(page.locator("#photos-1-first.is-done")).to_have_count(1, timeout=LONG_MS)
        self.told(page.locator("#photos-1-first").inner_text().replace("\n", " "))
        expect(page.locator("#photos-1-rate.is-yours")).to_have_count(1, timeout=LONG_MS)
        self.told("images wait to be rated")
        self.shoot(page, "made")

    def mark(self, page: Page, title: str, href: str) -> None:
        """A box in the photo that shows the product best, and the mask of it saved."""
        number, share = MARKS.get(title.replace("_", " ").lower(), USUAL)
        page.goto(href)
        for _ in range(number - 1):
            page.locator("a[rel=next]").click()
            page.wait_for_load_state()
        box = page.locator("[data-stage]").bounding_box()
        facts = page.evaluate("() => JSON.parse(document.getElementById('cutout-facts').textContent)")
        assert box is not None  # noqa: S101 - the page has it
        side = min(box["width"] / facts["width"], box["height"] / facts["height"])
        wide, high = side * facts["width"], side * facts["height"]
        left, top = box["x"] + (box["width"] - wide) / 2, box["y"] + (box["height"] - high) / 2
        page.mouse.move(left + share[0] * wide, top + share[1] * high)
        page.mouse.down()
        page.mouse.move(left + share[2] * wide, top + share[3] * high, steps=5)
        page.mouse.up()
        expect(page.locator("[data-status]")).to_contain_text("mask covers", timeout=120_000)
        self.shoot(page, f"marked-{title}")
        page.get_by_role("button", name="Save mask").click()
        expect(page.get_by_text("mask is saved")).to_be_visible()
        self.told(f"{title} is marked")

    def rater(self, page: Page) -> None:
        self.sign_in(page, "rater")
        page.locator("#photos-1-rate").get_by_role("link", name="Rate", exact=True).click()
        page.get_by_role("link", name=re.compile("^Begin")).click()
        body = page.locator("body[data-shown][data-state=rating]")
        chance, rated, images = random.Random(1), 0, counted(self.folder, "generation_candidate")  # noqa: S311
        while rated < images:
            body.wait_for()
            before = body.get_attribute("data-shown")
            if rated == 0:
                self.shoot(page, "rating")
            for _ in range(8):
                page.keyboard.press("1" if chance.random() < YES else "3")
            expect(page.locator(f"body[data-shown='{before}'][data-state=rating]")).to_have_count(0, timeout=60_000)
            rated += 1
        self.told(f"{rated} images are rated")

    def analyst(self, page: Page, operator: Page) -> None:
        self.sign_in(page, "analyst")
        expect(page.locator("#photos-1-compare.is-done")).to_have_count(1, timeout=LONG_MS)
        self.told("figures and the comparison are there")
        self.shoot(page, "judged")
        for name in ("Pass rates", "The comparison"):
            page.goto("/demo/")
            page.get_by_role("link", name=name).first.click()
            page.wait_for_load_state("networkidle")
            self.shoot(page, name.lower().replace(" ", "-"))
        operator.goto("/demo/")
        operator.get_by_role("link", name="Images of a product").first.click()
        operator.wait_for_load_state("networkidle")
        self.shoot(operator, "product")

    def sign_in(self, page: Page, who: str) -> None:
        page.goto("/demo/")
        page.get_by_label("User name").fill(who)
        page.get_by_label("Password").fill((self.folder / "demo_password").read_text().strip())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/demo/")

    def told(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:7.1f} s  {what}", flush=True)

    def shoot(self, page: Page, name: str) -> None:
        if self.shots:
            self.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.shots / f"{name.replace(' ', '-')}.png", full_page=True)


def counted(folder: Path, table: str) -> int:
    return int(ask(folder / "vitrine.sqlite3", f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - our own names


_PICKED = """
SELECT p.title, m.name, count(*), sum(c.picked), sum(EXISTS (
    SELECT 1 FROM raters_verdict v JOIN raters_task t ON t.id = v.task_id
    WHERE t.candidate_id = c.id AND v.final AND v.outcome = 'passed'))
FROM generation_candidate c JOIN generation_run r ON r.id = c.run_id JOIN generation_method m ON m.id = r.method_id
JOIN catalog_product p ON p.id = r.product_id GROUP BY p.id, m.name ORDER BY p.title, m.name
"""


def chosen(folder: Path) -> list[str]:
    """What came of each product by each method."""
    rows = ask(folder / "vitrine.sqlite3", _PICKED)
    return [f"{title:20} {name:22} {images} images, {picked} picked, {passed} passed"
            for title, name, images, picked, passed in rows]  # fmt: skip


def sheet(folder: Path) -> Image.Image:
    """A row for each product: its photo, the marked one if there is one, then background-swap's images, picks first."""
    database = folder / "vitrine.sqlite3"
    marked = ask(database, "SELECT p.id, f.sha256, f.format FROM catalog_product p JOIN catalog_photo f ON f.id ="
                           " coalesce((SELECT max(m.photo_id) FROM generation_photomask m JOIN catalog_photo g"
                           " ON g.id = m.photo_id WHERE g.product_id = p.id), p.cover_id) ORDER BY p.id")  # fmt: skip
    made = ask(database, "SELECT r.product_id, c.key FROM generation_candidate c"
                         " JOIN generation_run r ON r.id = c.run_id JOIN generation_method m ON m.id = r.method_id"
                         " WHERE m.name = 'background-swap' ORDER BY r.product_id, c.picked DESC, c.id")  # fmt: skip
    rows = [
        [f"photos/{sha256[:2]}/{sha256}.{kind}", *(key for owner, key in made if owner == product)]
        for product, sha256, kind in marked
    ]
    whole = Image.new("RGB", (CELL * max(map(len, rows), default=1), CELL * max(len(rows), 1)), "white")
    for down, keys in enumerate(rows):
        for across, key in enumerate(keys):
            with Image.open(folder / "media" / key) as image:
                small = image.convert("RGB")
                small.thumbnail((CELL - 6, CELL - 6))
            whole.paste(small, (across * CELL + 3, down * CELL + 3))
    return whole


if __name__ == "__main__":
    main()
