"""The rating page in Chromium: how quick, how small, and does it lose an answer when the server is killed?

    python benchmarks/rating_browser.py [--only open,speed,kills] [--ratings 30] [--browsers 8] [--kills 20]

`open` and `speed`: KB and requests of the first open without the images, requests of a rating, and milliseconds from
the last key to the next image and questions on the screen, with 1024 px images over loopback, at the pace of a quick
rater: by the page's own clock, which ends with its frame, and by the browser's, which ends when that frame is presented
with its pictures decoded (Event Timing, in steps of 8 ms); the later of the two is what counts. `kills`: so many
browsers rate by keys while the server is killed with kill -9; then every rating that a browser has made must be in the
database once, with the answers that its keys gave. CHROMIUM=path uses another browser.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request, sync_playwright

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.rating_site import Server, make_raters, set_up  # noqa: E402 - the path first

QUESTIONS = 8
ANSWERS = {"1": "yes", "2": "maybe", "3": "no", "4": "unclear"}
POOL = 8  # pictures; each assignment shows one under an address of its own, so nothing is cached
LOOK_SECONDS = 0.15  # between two keys of the timed ratings
PARTS = ("open", "speed", "kills")
READY = "() => document.body.dataset.ahead && document.body.dataset.ahead !== document.body.dataset.shown"
# When the frame after each key was presented, by the key's own time. What takes less than 16 ms is not told.
PRESENTED = """() => {
  window.presented = [];
  new PerformanceObserver((list) => {
    const keys = list.getEntries().filter((entry) => entry.name === "keydown");
    presented.push(...keys.map((entry) => [entry.startTime, entry.duration]));
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
}"""
SPANS = """() => performance.getEntriesByName("next image").map((own) => {
  const told = presented.find(([start]) => Math.abs(start - own.startTime) < 0.5);
  return [own.duration, told ? told[1] : 0];
})"""
EMPTY = "prefix => !Object.keys(localStorage).some(key => key.startsWith(prefix + 'send.'))"


@dataclass
class Desk:
    """One rater's browser, and what its keys have answered: by assignment, in the order of the questions."""

    page: Page
    base: str
    campaign: int
    given: dict[str, list[str]] = field(default_factory=dict)

    def open(self) -> None:
        self.page.goto(f"{self.base}/rate/{self.campaign}/")
        self.page.wait_for_selector("body[data-shown]", timeout=60_000)

    def shown(self) -> str | None:
        """The assignment on the screen; None while there is none to rate."""
        told = self.page.evaluate("[document.body.dataset.state, document.body.dataset.shown ?? '']")
        return told[1] if told[0] == "rating" else None

    def rate(self, chance: random.Random) -> bool:
        """Answer what is on the screen by eight keys; whether there was anything."""
        shown = self.shown()
        if shown is None or shown in self.given:
            return False
        keys = chance.choices(list(ANSWERS), k=QUESTIONS)
        self.given[shown] = [ANSWERS[key] for key in keys]
        for key in keys:
            self.page.keyboard.press(key)
        return True

    def is_sent(self) -> bool:
        return bool(self.page.evaluate(EMPTY, self.page.evaluate("document.body.dataset.keep")))


def make_pictures(count: int, side: int) -> int:
    """An open campaign of so many images of that size, grain and all; returns its number."""
    from PIL import Image

    from raters.pictures import rendition
    from raters.services import campaigns, tasks, uploads

    def kept(number: int) -> Any:
        chance = random.Random(number)  # noqa: S311 - grain
        small = Image.frombytes("RGB", (64, 64), chance.randbytes(64 * 64 * 3))
        buffer = BytesIO()
        small.resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        stored = uploads.keep_picture(buffer.getvalue(), "image.jpg")
        rendition(stored.key)
        return stored

    campaign = campaigns.make_campaign(f"Browser bench, {side} px")
    photos = [vars(kept(-number)) for number in range(1, 4)]
    subject = tasks.subject_for(campaign, tasks.NewSubject("Mug", photos=photos))
    pool = [kept(number) for number in range(min(count, POOL))]
    stored = [pool[number % len(pool)] for number in range(count)]
    tasks.add_tasks(campaign, [tasks.NewTask(one.key, one.width, one.height, subject) for one in stored])
    return campaigns.open_campaign(campaign).pk


def desk_for(browser: Browser, server: Server, session: str, campaign: int) -> Desk:
    base = f"http://127.0.0.1:{server.port}"
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
    return Desk(context.new_page(), base, campaign)


def timed(browser: Browser, server: Server, ratings: int) -> None:
    """Print what a first open costs, then what each rating does."""
    desk = desk_for(browser, server, make_raters(1)[0], make_pictures(ratings + 5, 1024))
    page = desk.page
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108 - a builtin takes no wrapper
    began = time.perf_counter()
    desk.open()
    opened = 1000 * (time.perf_counter() - began)
    page.wait_for_function(READY)
    other, images = parted(requests)
    size = sum(request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"] for request in other)
    print(f"first open: {size / 1000:.0f} KB in {len(other)} requests, and {len(images)} images; {opened:.0f} ms")
    page.evaluate(PRESENTED)
    counts, chance = [], random.Random(1)  # noqa: S311 - answers
    for _ in range(ratings):
        page.wait_for_function(READY)
        requests.clear()
        before = desk.shown()
        for key in chance.choices(list(ANSWERS), k=QUESTIONS):
            time.sleep(LOOK_SECONDS)
            page.keyboard.press(key)
        page.wait_for_function("was => document.body.dataset.shown !== was", arg=before)
        page.wait_for_function(EMPTY, arg=page.evaluate("document.body.dataset.keep"))
        counts.append(len(parted(requests)[0]))
    spans = page.evaluate(SPANS)
    print(f"requests of a rating without images: {statistics.mean(counts):.2f} (most {max(counts)})")
    own, presented = ([span[clock] for span in spans] for clock in (0, 1))
    for name, times in (("the page's frame", own), ("presented", presented), ("the later", list(map(max, spans)))):
        shown = f"median {statistics.median(times):.0f} ms, p95 {statistics.quantiles(times, n=20)[-1]:.0f} ms"
        print(f"last key to next image and questions, {name}: {shown}, of {len(times)}")


def parted(requests: list[Request]) -> tuple[list[Request], list[Request]]:
    """Those for pages, scripts and data, and those for pictures."""
    images = [request for request in requests if "/rate/pictures/" in request.url or "/rate/photos/" in request.url]
    return [request for request in requests if request not in images], images


def killed(browser: Browser, server: Server, browsers: int, kills: int) -> bool:
    """Rate while the server dies again and again; prints the audit and returns whether nothing was lost or doubled."""
    campaign = make_pictures(400, 256)
    desks = [desk_for(browser, server, session, campaign) for session in make_raters(browsers)]
    for desk in desks:
        desk.open()
    over = threading.Event()

    def kill_again() -> None:
        chance = random.Random(2)  # noqa: S311 - moments
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 2.5))
            server.kill()
            server.start()
        over.set()

    killer = threading.Thread(target=kill_again)
    killer.start()
    chance = random.Random(3)  # noqa: S311 - answers
    while not over.is_set():
        rated = [desk.rate(chance) for desk in desks]
        if not any(rated):
            time.sleep(0.05)
    killer.join()
    until = time.monotonic() + 120
    while not all(desk.is_sent() for desk in desks) and time.monotonic() < until:
        time.sleep(0.2)
    return audit(campaign, desks, kills)


def audit(campaign: int, desks: list[Desk], kills: int) -> bool:
    from raters.models import Rating
    from raters.questions import DEFAULT

    def in_order(row: Rating) -> list[str]:
        return [row.answers[question.key] for question in DEFAULT]  # PostgreSQL keeps keys in an order of its own

    kept = {
        str(row.assignment.uuid): row for row in Rating.objects.filter(campaign=campaign).select_related("assignment")
    }
    given = {assignment: answers for desk in desks for assignment, answers in desk.given.items()}
    lost = [assignment for assignment in given if assignment not in kept]
    other = [one for one, answers in given.items() if one in kept and in_order(kept[one]) != answers]
    pairs = [(row.task_id, row.rater_id) for row in kept.values()]
    doubles = len(pairs) - len(set(pairs))
    strange = len(set(kept) - set(given))
    print(
        f"{kills} kills, {len(desks)} browsers: {len(given)} ratings given, {len(lost)} lost, {len(other)} with other"
        f" answers, {doubles} doubled, {strange} that nobody gave"
    )
    return not (lost or other or doubles or strange)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--ratings", type=int, default=30)
    parser.add_argument("--browsers", type=int, default=8)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    parts = set(options.only.split(","))
    with tempfile.TemporaryDirectory(prefix="rating-browser-") as folder:
        server = Server(Path(folder), set_up(Path(folder), ""))
        # Playwright's sync API keeps an event loop in this thread, which Django takes for async code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        server.start()
        try:
            with sync_playwright() as playwright:
                path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
                browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                if parts & {"open", "speed"}:
                    timed(browser, server, options.ratings)
                good = "kills" not in parts or killed(browser, server, options.browsers, options.kills)
                browser.close()
        finally:
            server.stop()
    if not good:
        raise SystemExit("Ratings were lost or doubled.")


if __name__ == "__main__":
    main()
