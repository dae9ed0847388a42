"""A product's wall in Chromium: do 1,000 images scroll smoothly, and are its pictures there when they come into view?

    python benchmarks/review_wall.py [--images 1000] [--photos FOLDER] [--speed 3000] [--width 1440] [--show]

An installation in a temporary folder with one product of so many judged images, each a file of its own with its
thumbnail, made from drawn photos or those of a folder. The product's page of review is opened and scrolled by wheel
from top to bottom at so many pixels a second, which loads the wall page by page, and back to the top. Printed: frames a
second and the share of frames that took more than 50 ms, by the page's own clock (requestAnimationFrame), tasks of
50 ms and more; how long the bottom was reached before the next images were there; from a picture's coming into view to
its being loaded; DOM nodes, memory of the page's process, and requests. CHROMIUM=path uses another browser; --show one
with a window.
"""

# ruff: noqa: PLC0415 - Django is set up once the environment is known

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Request, sync_playwright

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.rating_site import Server, _pss_of, set_up  # noqa: E402 - the path first
from benchmarks.review_pages import signed_in  # noqa: E402

SIDE = 512  # pixels of an image; thumbnails are 320
PHOTOS = 6
TICK = 0.016  # seconds between two turns of the wheel
SLOW, LONG = 50, 50  # milliseconds of a frame, of a task
PATIENCE = 60  # seconds for the next images
# Frames, long tasks, and of each picture when it came into view and when it was loaded; times in ms.
WATCH = """() => {
  const told = window.told = { frames: [], tasks: [], late: [], seen: 0 };
  const frame = (now) => { told.frames.push(now); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => told.tasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask" });
  const views = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target, time } of entries) {
      if (!isIntersecting) continue;
      views.unobserve(target);
      told.seen += 1;
      if (target.complete && target.naturalWidth) told.late.push(0);
      else target.addEventListener("load", () => told.late.push(performance.now() - time), { once: true });
    }
  });
  const follow = (root) => root.querySelectorAll("[data-card] img").forEach((image) => views.observe(image));
  follow(document);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.("[data-card]")) follow(node);
  }).observe(document.querySelector("[data-cards]"), { childList: true });
}"""
AT_END = "() => scrollY + innerHeight >= document.documentElement.scrollHeight - 2"
MORE = "() => Boolean(document.querySelector('.shots-more'))"
IN_VIEW = """() => [...document.querySelectorAll("[data-card] img")].filter((image) => {
  const { top, bottom } = image.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}).every((image) => image.complete && image.naturalWidth)"""


def fill(images: int, photos: Sequence[Path]) -> int:
    """A product with so many judged images; returns its number."""
    from catalog.models import Product
    from catalog.samples import render_product_photo
    from generation.models import Candidate
    from raters.services import campaigns, rating, tasks
    from review.counting import folding
    from tests.factories.catalog import make_photo, make_product
    from tests.factories.generation import make_method, make_result, make_run
    from tests.factories.rating import YES, lease, make_rater, sent
    from tests.factories.runs import Painter

    product: Product = make_product("Stoneware mug with a long name that wraps on a narrow screen", type="mug")
    for view in range(PHOTOS):
        drawn = BytesIO()
        render_product_photo("mug", 3, SIDE, view=view).save(drawn, "JPEG", quality=95)
        make_photo(product, data=photos[view % len(photos)].read_bytes() if photos else drawn.getvalue())
    run, result = make_run(product, method=make_method()), make_result("generate", product=product)
    paint, chance = Painter(product, SIDE), random.Random(1)  # noqa: S311 - made-up figures
    made = []
    for number in range(images):
        picture = paint.picture(number)
        values = {name: chance.random() for name in ("clip_i", "clip_t", "dino_i", "score")}
        made.append(
            Candidate(run=run, result=result, prompt="{product} on a table", words="", seed=number, key=picture.key,
                      sha256=picture.sha256, width=SIDE, height=SIDE, place=number + 1, **values)
        )  # fmt: skip
    made = Candidate.objects.bulk_create(made)
    campaign = campaigns.make_campaign("Bench", raters_per_image=1)
    tasks.add_candidates(campaign, [one.pk for one in made])
    campaigns.open_campaign(campaign)
    rater = make_rater()
    for held in lease(rater, campaign, hold=images):
        failing = chance.sample(sorted(YES), chance.choice((0, 0, 1, 2, 5)))
        rating.submit(rater, held.uuid, sent(YES | dict.fromkeys(failing, "no")))
    folding.count_all_waiting()
    return product.pk


def opened(browser: Browser, address: str, cookie: str, width: int, requests: list[Request]) -> Page:
    """The product's page, its first pictures shown; prints what that took."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(1000 * PATIENCE)
    context.add_cookies([{"name": "sessionid", "value": cookie, "domain": "127.0.0.1", "path": "/"}])
    page = context.new_page()
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108 - a builtin takes no wrapper
    began = time.perf_counter()
    page.goto(address, wait_until="domcontentloaded")
    page.evaluate("document.getElementById('wall').scrollIntoView()")
    page.wait_for_function(IN_VIEW)
    print(f"opened at the wall, pictures in view shown: {1000 * (time.perf_counter() - began):,.0f} ms")
    return page


def scrolled(page: Page, speed: int) -> tuple[float, float, int]:
    """Turn the wheel until there is nothing more: seconds in all, and at the bottom before more came; how often."""
    page.mouse.move(300, 400)
    began = turned = time.perf_counter()
    waited, often = 0.0, 0
    while True:
        time.sleep(TICK)
        now = time.perf_counter()
        page.mouse.wheel(0, speed * (now - turned))
        turned = now
        if page.evaluate(AT_END):
            if not page.evaluate(MORE):
                return now - began - waited, waited, often
            stopped = time.perf_counter()
            page.wait_for_function(f"() => !({AT_END})() || !({MORE})()")
            turned = time.perf_counter()
            waited, often = waited + turned - stopped, often + 1


def back(page: Page, speed: int) -> float:
    """To the top again, past pictures that are loaded: seconds."""
    began = turned = time.perf_counter()
    while page.evaluate("scrollY") > 0:
        time.sleep(TICK)
        now = time.perf_counter()
        page.mouse.wheel(0, -speed * (now - turned))
        turned = now
    return time.perf_counter() - began


def told_frames(name: str, page: Page, seconds: float) -> None:
    """Print a stretch of scrolling, and forget its frames."""
    told = page.evaluate("() => { const was = { ...told }; told.frames = []; told.tasks = []; return was; }")
    gaps = [after - before for before, after in zip(told["frames"], told["frames"][1:], strict=False)]
    slow = sum(gap > SLOW for gap in gaps)
    print(
        f"{name}: {seconds:.1f} s, {1000 * len(gaps) / sum(gaps):.0f} frames/s, median"
        f" {statistics.median(gaps):.0f} ms, p99 {statistics.quantiles(gaps, n=100)[-1]:.0f} ms, longest"
        f" {max(gaps):.0f} ms; {slow} of {len(gaps)} over {SLOW} ms ({slow / len(gaps):.2%}); tasks of"
        f" {LONG} ms and more: {len(told['tasks'])}, longest {max(told['tasks'], default=0):.0f} ms"
    )


def told_pictures(page: Page) -> None:
    """Print how late pictures were."""
    seen, late = page.evaluate("[told.seen, told.late]")
    there = sum(one == 0 for one in late)
    print(
        f"pictures that came into view: {seen:,}, {there / seen:.0%} loaded before; never loaded: {seen - len(late):,}"
    )
    if len(late) > 1:
        after = statistics.quantiles(late, n=100)
        print(
            f"of those loaded, from view to loaded median {after[49]:.0f} ms, p95 {after[94]:.0f} ms, p99"
            f" {after[98]:.0f} ms"
        )


def told_size(page: Page, browser: Browser, session: CDPSession, requests: Sequence[Request]) -> None:
    """Print nodes, memory, and what was asked for."""
    session.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    pids = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    memory = max(_pss_of(one["id"]) for one in pids if one["type"] == "renderer")
    cards, nodes = page.evaluate(
        "[document.querySelectorAll('[data-card]').length, document.querySelectorAll('*').length]"
    )
    print(
        f"at the end: {cards:,} images, {nodes:,} elements, {found['Nodes']:,.0f} DOM nodes,"
        f" {found['JSHeapUsedSize'] / 2**20:.0f} MiB of scripts, {memory:.0f} MB the page's process"
    )
    parts = {"thumbnails": "/media/", "pages of the wall": "/images/more/"}
    for name, part in parts.items():
        mine = [one for one in requests if part in one.url]
        sizes = [one.sizes()["responseBodySize"] for one in mine]
        each = sum(sizes) / max(1, len(mine)) / 1e3
        print(f"{name}: {len(mine):,} requests, {sum(sizes) / 1e6:.2f} MB, {each:.0f} KB each")


def measured(browser: Browser, server: Server, product: int, options: argparse.Namespace) -> None:
    requests: list[Request] = []
    cookie = signed_in().cookies["sessionid"].value
    address = f"http://127.0.0.1:{server.port}/review/products/{product}/"
    page = opened(browser, address, cookie, options.width, requests)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(WATCH)
    seconds, waited, often = scrolled(page, options.speed)
    told_frames("down, loading", page, seconds)
    print(f"at the bottom before the next images were there: {often} times, {waited:.2f} s in all")
    told_pictures(page)
    told_frames("back to the top", page, back(page, options.speed))
    told_size(page, browser, session, requests)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--photos", type=Path, help="folder of pictures of one product")
    parser.add_argument("--speed", type=int, default=3_000, help="pixels a second")
    parser.add_argument("--width", type=int, default=1_440)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    photos: list[Any] = sorted(options.photos.glob("*.jpg"))[:PHOTOS] if options.photos else []
    with tempfile.TemporaryDirectory(prefix="review-wall-") as folder:
        server = Server(Path(folder), set_up(Path(folder), ""))
        began = time.perf_counter()
        product = fill(options.images, photos)
        print(f"{options.images:,} images made and judged in {time.perf_counter() - began:.0f} s", flush=True)
        # Playwright's sync API keeps an event loop in this thread, which Django takes for async code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        server.start()
        try:
            with sync_playwright() as playwright:
                path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
                browser = playwright.chromium.launch(
                    executable_path=path, headless=not options.show, args=["--no-sandbox"]
                )
                measured(browser, server, product, options)
                browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
