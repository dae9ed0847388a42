"""What may go wrong while somebody rates: no answer may be lost, none counted twice, and it must be seen."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from accounts.models import User
from raters import leasing
from raters.models import Assignment, Campaign, Rating
from raters.services import campaigns, rating
from tests.browser.conftest import PageFor
from tests.browser.rating import QUESTIONS, SLOW_MS, Desk, in_order
from tests.factories.campaigns import make_shown_campaign

pytestmark = pytest.mark.django_db(transaction=True)
# What the page asks the server, and whether the browser sends it though the page goes.
LISTEN_TO_FETCH = """() => {
  window.asked = [];
  const send = window.fetch;
  window.fetch = (url, options) => {
    window.asked.push([url.split("/").pop(), options.keepalive]);
    return send(url, options);
  };
}"""
OFFLINE = r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource"


@pytest.fixture
def campaign() -> Campaign:
    return make_shown_campaign(4)


@pytest.fixture
def desk(page_for: PageFor, rater: User, campaign: Campaign) -> Desk:
    return Desk(page_for(rater), campaign).open()


def context_of(page: Page) -> BrowserContext:
    return page.context


def test_a_dead_network_is_seen_and_loses_nothing(desk: Desk, expect_console: Callable[[str], None]) -> None:
    expect_console(OFFLINE)
    desk.page.wait_for_function("() => document.body.dataset.ahead")
    desk.press("123")
    context_of(desk.page).set_offline(True)
    desk.rate("41111")
    expect(desk.line()).to_contain_text("The server cannot be reached. 1 image is kept here. Trying again")
    desk.press("2" * QUESTIONS)
    expect(desk.line()).to_contain_text("2 images are kept here")
    assert not Rating.objects.exists()
    context_of(desk.page).set_offline(False)
    desk.saved()
    desk.ready()
    first, second = Rating.objects.order_by("pk")
    assert in_order(first.answers) == ["yes", "maybe", "no", "unclear", "yes", "yes", "yes", "yes"]
    assert set(second.answers.values()) == {"maybe"}


def test_an_answer_that_never_came_back_is_one_rating(desk: Desk, expect_console: Callable[[str], None]) -> None:
    """The server takes the rating, and the line breaks before it can say so."""
    expect_console(OFFLINE)
    broken: list[int] = []

    def arrive_and_break(route: Route) -> None:
        if broken:
            route.continue_()
            return
        broken.append(route.fetch().status)
        route.abort()

    desk.page.route("**/submit", arrive_and_break)
    desk.rate()
    desk.saved()
    assert broken == [200]
    assert Rating.objects.count() == 1


def test_a_closed_tab_keeps_what_was_answered(desk: Desk, campaign: Campaign, rater: User) -> None:
    shown = desk.shown()
    desk.press("132")
    context = context_of(desk.page)
    desk.page.close()
    again = Desk(context.new_page(), campaign).open()
    assert again.shown() == shown
    assert [again.answer(number) for number in range(1, 5)] == ["yes", "no", "maybe", ""]
    assert again.current() == 4


def test_work_that_waited_for_the_network_is_sent_by_the_next_tab(
    desk: Desk, campaign: Campaign, expect_console: Callable[[str], None]
) -> None:
    expect_console(OFFLINE)
    context = context_of(desk.page)
    context.set_offline(True)
    desk.press("1" * QUESTIONS)
    expect(desk.line()).to_contain_text("1 image is kept here")
    desk.page.close()
    context.set_offline(False)
    again = Desk(context.new_page(), campaign).open()
    again.saved()
    assert Rating.objects.count() == 1


def test_a_rating_on_its_way_outlives_its_tab(desk: Desk) -> None:
    desk.page.evaluate(LISTEN_TO_FETCH)
    desk.rate()
    desk.saved()
    assert ["submit", True] in desk.page.evaluate("window.asked")


def test_the_newest_of_two_tabs_rates_and_the_other_says_so(desk: Desk, campaign: Campaign) -> None:
    desk.press("12")
    second = Desk(context_of(desk.page).new_page(), campaign).open()
    expect(desk.page.get_by_role("heading", name="You are rating in another tab")).to_be_visible()
    assert [second.answer(number) for number in (1, 2, 3)] == ["yes", "maybe", ""]
    second.rate("1" * (QUESTIONS - 2))
    second.saved()
    desk.press("1" * QUESTIONS)
    assert Rating.objects.count() == 1
    desk.page.get_by_role("button", name="Rate here instead").click()
    desk.ready()
    expect(second.page.get_by_role("heading", name="You are rating in another tab")).to_be_visible()
    desk.rate("3" * QUESTIONS)
    desk.saved()
    assert Rating.objects.count() == 2


@pytest.mark.parametrize(("keys", "kept"), [("", False), ("1", True)])
def test_untouched_images_go_back_when_their_rater_leaves(desk: Desk, keys: str, kept: bool) -> None:
    """One that is half rated stays the rater's own; the one after it goes."""
    shown = desk.shown()
    desk.page.wait_for_function("() => document.body.dataset.ahead")
    desk.press(keys)
    desk.page.get_by_role("link", name="Vitrine: your campaigns").click()
    expect(desk.page.get_by_role("heading", name="Rate")).to_be_visible()
    wanted = [shown] if kept else []
    for _ in range(100):
        held = [str(one) for one in Assignment.objects.filter(state="held").values_list("uuid", flat=True)]
        if held == wanted:
            return
        desk.page.wait_for_timeout(100)
    raise AssertionError(f"held are {held}, and should be {wanted}")


def test_what_a_rating_on_its_way_is_answered_with_goes_back_when_its_rater_leaves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has no image in hand then: it has rated both, and the server hands out the next as it goes."""
    fill_hands, give_back, left = leasing.fill_hands, rating.give_back, threading.Event()

    def after_leaving(*given: Any, **named: Any) -> Any:
        left.wait(10)
        return fill_hands(*given, **named)

    def leaving(*given: Any, **named: Any) -> Any:
        left.set()
        return give_back(*given, **named)

    desk.page.wait_for_function("() => document.body.dataset.ahead")
    monkeypatch.setattr(leasing, "fill_hands", after_leaving)
    monkeypatch.setattr(rating, "give_back", leaving)
    desk.rate()
    second = desk.shown()
    desk.press("1" * QUESTIONS)
    expect(desk.page.locator("body[data-state=loading]")).to_be_visible()
    desk.page.get_by_role("link", name="Vitrine: your campaigns").click()
    expect(desk.page.get_by_role("heading", name="Rate")).to_be_visible(timeout=SLOW_MS)
    for _ in range(100):
        held = [str(one) for one in Assignment.objects.filter(state="held").values_list("uuid", flat=True)]
        if held == [second] and Assignment.objects.filter(state="returned").exists():
            return
        desk.page.wait_for_timeout(100)
    raise AssertionError(f"held are {held}, and should be what is rated and not sent yet: {second}")


def test_a_campaign_that_closes_says_so(desk: Desk, campaign: Campaign, expect_console: Callable[[str], None]) -> None:
    expect_console("status of 409")
    campaigns.close(campaign)
    desk.press("1" * QUESTIONS)
    expect(desk.page.get_by_role("dialog").get_by_text("it takes no more ratings")).to_be_visible()
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("heading", name="No rating here now")).to_be_visible()
    assert not Rating.objects.exists()


def test_who_is_signed_out_is_told_and_loses_nothing(
    desk: Desk, rater: User, page_for: PageFor, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 40[13]")
    context = context_of(desk.page)
    cookies = context.cookies()
    context.clear_cookies()
    desk.press("1" * QUESTIONS)
    expect(desk.line()).to_contain_text("You are signed out")
    assert not Rating.objects.exists()
    context.add_cookies(cookies)
    desk.page.get_by_role("button", name="Try now").click()
    desk.saved()
    assert Rating.objects.count() == 1


def test_a_picture_that_does_not_load_says_so_and_can_be_tried_again(
    page_for: PageFor, rater: User, campaign: Campaign, expect_console: Callable[[str], None]
) -> None:
    expect_console("Failed to load resource")
    page = page_for(rater)
    page.clock.install()
    page.route("**/rate/pictures/*", lambda route: route.abort())
    # The page's clock only moves on once it waits for a picture, and each try has real time to fail in.
    with page.expect_request("**/rate/pictures/*"):
        page.goto(f"/rate/{campaign.pk}/")
    lost = page.locator("[data-pane=image] .rate-lost")
    for _ in range(100):
        page.clock.run_for(1_000)
        if lost.is_visible():
            break
        page.wait_for_timeout(50)
    expect(lost).to_be_visible()
    page.unroute("**/rate/pictures/*")
    lost.get_by_role("button", name="Try again").click()
    expect(lost).to_be_hidden()
