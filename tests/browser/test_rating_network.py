"""Rating over a slow network, as Chromium's own tools slow it down: it goes on, what waits is seen, nothing is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from raters.models import Campaign, Rating
from tests.browser.conftest import PageFor
from tests.browser.rating import QUESTIONS, Desk, in_order
from tests.factories.campaigns import make_shown_campaign

pytestmark = pytest.mark.django_db(transaction=True)
BITS = 1024 / 8  # a kbit/s in bytes
FAST_3G = {"latency": 562.5, "downloadThroughput": 1440 * BITS, "uploadThroughput": 675 * BITS}
SLOW_3G = {"latency": 2000, "downloadThroughput": 400 * BITS, "uploadThroughput": 400 * BITS}
SLOW_MS = 60_000
AHEAD = "() => document.body.dataset.ahead && document.body.dataset.ahead !== document.body.dataset.shown"
NOTE_LINES = """() => {
  const line = document.querySelector("[data-line]");
  window.lines = [];
  new MutationObserver(() => lines.push(line.textContent)).observe(line, { childList: true });
}"""


class Network:
    """The page's network: as fast as it is told, or gone."""

    def __init__(self, desk: Desk) -> None:
        self.session = desk.page.context.new_cdp_session(desk.page)

    def __call__(self, **conditions: Any) -> None:
        whole = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1} | conditions
        self.session.send("Network.emulateNetworkConditions", whole)


@pytest.fixture
def campaign() -> Campaign:
    return make_shown_campaign(4)


@pytest.fixture
def desk(page_for: PageFor, rater: User, campaign: Campaign) -> Desk:
    desk = Desk(page_for(rater), campaign)
    desk.page.context.set_default_timeout(SLOW_MS)
    return desk


def answers() -> list[list[str]]:
    return [in_order(rating.answers) for rating in Rating.objects.order_by("pk")]


def test_a_whole_campaign_over_3g_with_the_line_gone_in_between(
    desk: Desk, campaign: Campaign, expect_console: Callable[[str], None]
) -> None:
    expect_console("ERR_INTERNET_DISCONNECTED")
    network = Network(desk)
    network(**FAST_3G)
    desk.open()
    desk.page.evaluate(NOTE_LINES)
    desk.page.wait_for_function(AHEAD)
    desk.rate("1" * QUESTIONS)  # the next image is there before the server has answered
    desk.page.wait_for_function(AHEAD)
    network(**FAST_3G, offline=True)
    desk.rate("2" * QUESTIONS)
    expect(desk.line()).to_contain_text("1 image is kept here")
    network(**FAST_3G)
    expect(desk.line()).to_have_text("Saved", timeout=SLOW_MS)
    for key in "34":
        desk.ready()
        desk.rate(key * QUESTIONS)
    expect(desk.page.get_by_role("heading", name="Nothing to rate now")).to_be_visible(timeout=SLOW_MS)
    assert answers() == [[given] * QUESTIONS for given in ("yes", "maybe", "no", "unclear")]
    told = desk.page.evaluate("lines")
    assert "Saving …" in told
    assert any("Trying again" in line for line in told)


def test_the_next_image_does_not_wait_for_a_very_slow_server(desk: Desk) -> None:
    """With two seconds to the server and back, what is ahead is on the screen while the rating is still on its way."""
    desk.open()
    desk.page.wait_for_function(AHEAD)
    Network(desk)(**SLOW_3G)
    first, ahead = desk.shown(), desk.page.locator("body").get_attribute("data-ahead")
    desk.press("1" * QUESTIONS)
    expect(desk.page.locator(f"body[data-shown='{ahead}']")).to_be_visible()
    assert ahead != first
    desk.press("3")
    expect(desk.line()).to_have_text("Saved", timeout=SLOW_MS)
    assert answers() == [["yes"] * QUESTIONS]
    assert desk.answer(1) == "no"


def test_photos_stay_where_they_are_between_images_of_a_product(desk: Desk) -> None:
    desk.open()
    desk.page.wait_for_function(AHEAD)
    photo = desk.page.locator("[data-pane=photo] img")
    photo.evaluate("image => { image.seen = true; }")
    small = desk.page.locator("[data-thumbs] img").first
    small.evaluate("image => { image.seen = true; }")
    desk.rate()
    desk.ready()
    assert photo.evaluate("image => image.seen && image.complete && image.naturalWidth > 0")
    assert small.evaluate("image => image.seen")
