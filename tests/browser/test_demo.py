"""The demonstration as a visitor meets it: the real command, its own web server and workers, and three people."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.test_accessibility import AXE, violations
from tests.factories.demo import start_demo
from vitrine.demo.shows import USUAL_SET

# A minute of work, and a machine may be busy; it has its own database, so that one of the two lanes is enough.
pytestmark = [pytest.mark.timeout(1_200), pytest.mark.compute]
ROOT = Path(__file__).parents[2]
LONG_MS = 900_000  # for all of it, on a machine under load
SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A demonstration of two products with two images each: its address, and the password."""
    data = tmp_path_factory.mktemp("demo")
    process, address, _ = start_demo(
        data, "--products", "2", "--images", "2", "--model-set", USUAL_SET, port_from=18_200,
        VITRINE_LOG_LEVEL="WARNING", OMP_NUM_THREADS="1",
    )  # fmt: skip
    yield address.rstrip("/"), (data / "demo_password").read_text().strip()
    process.terminate()
    assert process.stdout
    process.stdout.close()
    process.wait(60)


@pytest.fixture
def sign_in(chromium: Browser, shown: tuple[str, str]) -> Iterator[SignIn]:
    """`sign_in("rater", "/demo/")`: that page after its login form, by the printed password."""
    contexts: list[BrowserContext] = []

    def open_page(name: str, path: str, width: int = 1280) -> Page:
        context = chromium.new_context(base_url=shown[0], viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(shown[1])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_three_people_find_what_is_theirs(sign_in: SignIn) -> None:
    _operator_watches_it_to_its_end(sign_in)
    _rater_rates_what_waits(sign_in)
    _analyst_reads_what_came_of_it(sign_in)


def _operator_watches_it_to_its_end(sign_in: SignIn) -> None:
    page = sign_in("operator", "/demo/")
    expect(page.get_by_role("heading", name="The demonstration")).to_be_visible()
    # It is not loaded anew: the strip renews itself.
    expect(page.locator(".demo-step.is-done")).to_have_count(7, timeout=LONG_MS)
    expect(page.locator("#samples-rate.is-yours")).to_contain_text("0 of 8 rated")
    expect(page.locator("#samples-crowd")).to_contain_text("24 simulated ratings of 8 images")
    page.get_by_role("link", name="The simulated campaign").click()
    expect(page.locator("main .badge", has_text="Simulated").first).to_be_visible()
    page.goto("/")
    tour = page.get_by_role("complementary", name="Tour")
    expect(tour).to_contain_text("Look at what became of a product")
    tour.get_by_role("link", name="Go there").press("Enter")
    expect(tour.get_by_role("button", name="Done, next")).to_be_visible()
    tour.get_by_role("button", name="Done, next").press("Enter")
    page.goto("/demo/")
    expect(tour).to_contain_text("Follow a run through its stages")
    tour.get_by_role("button", name="Hide the tour").press("Enter")
    expect(tour).to_have_count(0)


def _rater_rates_what_waits(sign_in: SignIn) -> None:
    page = sign_in("rater", "/demo/")
    expect(page.locator("#samples-crowd")).not_to_contain_text("pass")
    page.locator("#samples-rate").get_by_role("link", name="Rate").click()
    page.get_by_role("link", name=re.compile("^Begin")).click()
    body = page.locator("body[data-shown][data-state=rating]")
    expect(body).to_be_visible()
    before = body.get_attribute("data-shown")
    for key in "11111111":
        page.keyboard.press(key)
    expect(page.locator(f"body[data-shown='{before}']")).to_have_count(0)
    expect(page.locator("[data-line]")).to_have_text("Saved")


def _analyst_reads_what_came_of_it(sign_in: SignIn) -> None:
    page = sign_in("analyst", "/demo/")
    expect(page.locator("#samples-rate")).to_contain_text("1 of 8 rated")
    page.get_by_role("link", name="Pass rates").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main")).to_contain_text("Simulated")
    page.go_back()
    page.get_by_role("link", name="The comparison").click()
    expect(page.locator("main")).to_contain_text("background-swap-flat")


@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_fits_and_axe_has_nothing_to_say(sign_in: SignIn, width: int) -> None:
    page = sign_in("operator", "/demo/", width)
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
