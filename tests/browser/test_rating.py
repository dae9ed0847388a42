"""Rating in a real browser: whole campaigns by keyboard, going back, the pictures, and what fits the window."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, Response, expect

from accounts.models import User
from raters.models import Assignment, Campaign, GoldItem, Rating, RatingChange, Task, Verdict
from raters.models.tasks import TaskState
from raters.services import campaigns, gold
from tests.browser.conftest import PageFor
from tests.browser.rating import QUESTIONS, Desk, in_order
from tests.browser.test_accessibility import AXE, violations
from tests.factories.accounts import make_user
from tests.factories.campaigns import make_shown_campaign
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign() -> Campaign:
    return make_shown_campaign(3)


@pytest.fixture
def desk_of(page_for: PageFor) -> Callable[..., Desk]:
    """`desk_of(campaign)`: the rating page opened by a new rater; a window's size may follow."""

    def sit_down(campaign: Campaign, user: User | None = None, **window: int) -> Desk:
        return Desk(page_for(user or make_user(Role.RATER), **window), campaign).open()

    return sit_down


def test_three_raters_rate_a_whole_campaign_by_keys_alone(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    keys = {"1": "yes", "m": "maybe", "3": "no", "u": "unclear"}
    for key in ("1", "m", "1"):
        desk = desk_of(campaign)
        for _ in range(3):
            desk.rate(key * QUESTIONS)
        expect(desk.page.get_by_role("heading", name="Nothing to rate now")).to_be_visible()
        desk.saved()
        desk.page.close()
        given = Rating.objects.order_by("-pk")[0].answers
        assert set(given.values()) == {keys[key]}
    assert Rating.objects.count() == 9
    assert set(Task.objects.values_list("state", "done", "held")) == {(TaskState.COMPLETE, 3, 0)}
    assert set(Verdict.objects.values_list("outcome", "final")) == {("passed", True)}


def test_every_answer_key_works_and_times_are_kept(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    desk.rate("1y2m3n4u")
    desk.saved()
    rating = Rating.objects.get()
    assert in_order(rating.answers) == ["yes", "yes", "maybe", "maybe", "no", "no", "unclear", "unclear"]
    assert set(rating.times) == set(rating.answers)
    assert 0 < rating.active_ms < 60_000
    assert abs(sum(rating.times.values()) - rating.active_ms) < 100


def test_arrows_and_tab_move_and_enter_says_what_is_missing(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    page = desk.page
    assert desk.current() == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert desk.current() == 3
    page.keyboard.press("ArrowUp")
    desk.press("2")
    assert desk.answer(2) == "maybe"
    assert desk.current() == 3
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert desk.answer(3) == "", "arrows look at answers, they do not give one"
    page.keyboard.press("Space")
    assert desk.answer(3) == "no"
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("6 questions are not answered yet")
    assert desk.current() == 1
    assert not Rating.objects.exists()


def test_a_key_held_down_answers_once(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    for _ in range(4):
        desk.page.keyboard.down("1")
    desk.page.keyboard.up("1")
    assert [desk.answer(number) for number in range(1, 5)] == ["yes", "", "", ""]


def test_going_back_changes_an_answer_of_the_image_before(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    first = desk.shown()
    desk.rate()
    desk.press("12z")
    assert desk.current() == 2
    desk.press("zz")
    page = desk.page
    expect(page.get_by_text("Image 1, which you have rated")).to_be_visible()
    assert desk.current() == QUESTIONS
    assert desk.answer(QUESTIONS) == "yes"
    desk.press("3")
    expect(page.locator("[data-back]")).to_be_hidden()
    assert (desk.answer(1), desk.answer(2)) == ("yes", "maybe"), "the image in work is as it was left"
    desk.saved()
    rating = Rating.objects.get()
    assert str(rating.assignment.uuid) == first
    assert rating.answers["business"] == "no"
    change = RatingChange.objects.get()
    assert '"business": "yes"' in json.dumps(change.before)


def test_backspace_reaches_images_of_an_earlier_sitting(
    desk_of: Callable[..., Desk], page_for: PageFor, campaign: Campaign, rater: User
) -> None:
    desk_of(campaign, rater).rate("3" * QUESTIONS)
    desk = Desk(page_for(rater), campaign).open()
    desk.page.keyboard.press("Backspace")
    expect(desk.page.get_by_text("which you have rated")).to_be_visible()
    assert desk.answer(1) == "no"
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("[data-back]")).to_be_hidden()
    assert desk.answer(1) == ""


def test_the_last_answer_may_wait_for_enter(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    page = desk.page
    page.keyboard.press("?")
    page.get_by_label("Submit by itself after the last answer").uncheck()
    page.keyboard.press("Escape")
    before = desk.shown()
    desk.press("1" * QUESTIONS)
    expect(page.get_by_role("button", name="Submit")).to_be_focused()
    assert desk.shown() == before
    page.keyboard.press("Enter")
    page.wait_for_function("was => document.body.dataset.shown !== was", arg=before)
    desk.saved()
    assert Rating.objects.count() == 1


def test_an_image_is_skipped_and_one_is_reported_with_a_reason(
    desk_of: Callable[..., Desk], campaign: Campaign
) -> None:
    desk = desk_of(campaign)
    for key, reason in (("s", "1"), ("r", "2")):
        before = desk.shown()
        desk.press(key)
        desk.press(reason)
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_function("was => document.body.dataset.shown !== was", arg=before)
    desk.saved()
    ended = Assignment.objects.exclude(reason="").order_by("number").values_list("state", "reason")
    assert list(ended) == [("skipped", "cannot judge"), ("reported", "unsafe")]


def test_a_skipped_image_of_the_qualification_round_comes_again(desk_of: Callable[..., Desk]) -> None:
    """Without it the round would never end: the page shows the very assignment that it was done with."""
    draft = make_shown_campaign(2, state="draft", qualification_items=1)
    gold.make_gold(draft.tasks.all()[0], {"size": "yes"}, use=GoldItem.Use.QUALIFICATION)
    desk = desk_of(campaigns.open_campaign(draft))
    image = desk.shown()
    desk.press("s1")
    with desk.page.expect_response("**/skip"):
        desk.page.keyboard.press("Enter")
    assert desk.ready().shown() == image
    desk.rate()
    desk.saved()
    assert Rating.objects.get().gold
    assert desk.ready().shown() != image


def test_pictures_and_all_questions_fit_the_window(
    desk_of: Callable[..., Desk], campaign: Campaign, shoot: Callable[[Page, str], None]
) -> None:
    desk = desk_of(campaign, width=1280, height=800)
    wanted = [*desk.page.locator("[data-question]").all(), *desk.page.locator("[data-pane]").all()]
    assert len(wanted) == QUESTIONS + 2
    for element in wanted:
        box = element.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= 1280 - box["width"]
        assert 0 <= box["y"] <= 800 - box["height"]
    for answer in desk.page.locator(".rate-answer").all():
        inside = answer.evaluate("e => e.scrollWidth <= e.clientWidth && e.getBoundingClientRect().right <= innerWidth")
        assert inside, answer.inner_text()
    sides = [pane.bounding_box() for pane in desk.page.locator("[data-pane]").all()]
    assert all(side is not None and min(side["width"], side["height"]) >= 450 for side in sides)
    shoot(desk.page, "rating-1280")


def test_on_a_phone_it_is_one_column_with_the_picture_on_top(
    desk_of: Callable[..., Desk], campaign: Campaign, shoot: Callable[[Page, str], None]
) -> None:
    desk = desk_of(campaign, width=360, height=740)
    page = desk.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for number in range(1, QUESTIONS + 1):
        desk.question(number).get_by_role("radio", name="Maybe").click(
            trial=number == QUESTIONS
        )  # the last one would submit
        assert page.locator("[data-pane=image]").bounding_box()["y"] < 200, "the picture stays in sight"  # type: ignore[index]
    sizes = page.locator(".rate-answer").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(sizes) >= 44
    page.locator("[data-pane=image]").click()
    expect(page.locator("[data-pane=photo]")).to_be_visible()
    expect(page.locator("[data-pane=image]")).to_be_hidden()
    shoot(page, "rating-360")


def test_both_pictures_zoom_and_move_together(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    page = desk.page
    images = page.locator("[data-layer] > img")
    page.keyboard.press("+")
    expect(page.locator("[data-zoom]")).to_have_text("150 %")
    page.keyboard.press("Shift+ArrowRight")
    moved = images.evaluate_all("all => all.map(e => e.style.transform)")
    assert moved[0] == moved[1] != ""
    page.keyboard.press("0")
    expect(page.locator("[data-zoom]")).to_have_text("100 %")
    box = page.locator("[data-pane=image]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, -200)
    assert images.nth(0).evaluate("e => e.style.transform") == images.nth(1).evaluate("e => e.style.transform")
    assert page.locator("[data-zoom]").inner_text() != "100 %"


def test_photos_are_switched_and_compared_by_flipping_and_overlay(
    desk_of: Callable[..., Desk], campaign: Campaign
) -> None:
    page = desk_of(campaign).page
    label = page.locator("[data-pane=photo] [data-label]")
    expect(label).to_have_text("Product photo 1 of 2")
    page.keyboard.press(".")
    expect(label).to_have_text("Product photo 2 of 2")
    page.keyboard.press("x")
    expect(page.locator("[data-pane=image]")).to_be_hidden()
    page.keyboard.press("x")
    expect(page.locator("[data-pane=photo]")).to_be_hidden()
    page.keyboard.press("c")
    assert float(page.locator("[data-pane=image]").evaluate("e => getComputedStyle(e).opacity")) == 0.5
    page.keyboard.press("f")
    expect(page.locator("body[data-large]")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("[data-question]").nth(1)).to_be_in_viewport()


def test_time_stands_still_while_paused(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    page = desk.page
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Paused")).to_be_visible()
    page.wait_for_timeout(1_200)
    page.keyboard.press("Enter")
    desk.rate()
    desk.saved()
    span = Rating.objects.get()
    taken = (span.made_at - span.assignment.leased_at).total_seconds() * 1000
    assert span.active_ms <= taken - 1_000


CLOCK = """async () => {
  const { Clock, IDLE_MS } = await import("/static/vitrine/rate/clock.js");
  let now = 0;
  const clock = new Clock(() => {}, () => now);
  const sign = (later) => { now += later; document.dispatchEvent(new Event("pointermove")); };
  const hide = (hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  clock.start();
  clock.turn("size");
  sign(1000);
  sign(IDLE_MS * 10);
  clock.turn("logo");
  hide(true); now += 50_000; hide(false);
  sign(2000);
  clock.pause(true); now += 9000; clock.pause(false);
  sign(500);
  return clock.taken();
}"""


def test_the_clock_counts_neither_hidden_nor_idle_nor_paused_time(
    desk_of: Callable[..., Desk], campaign: Campaign
) -> None:
    taken = desk_of(campaign).page.evaluate(CLOCK)
    assert taken == {"times": {"size": 31_000, "logo": 2_500}, "active_ms": 33_500}


def test_two_fingers_zoom(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    page = desk_of(campaign).page
    box = page.locator("[data-pane=image]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80), ("touchEnd", None)):
        points = [] if apart is None else [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator("[data-zoom]")).to_have_text("200 %")


def test_the_page_is_small_and_a_rating_is_two_requests_at_most(
    desk_of: Callable[..., Desk], page_for: PageFor, campaign: Campaign, rater: User
) -> None:
    page = page_for(rater)
    asked: list[str] = []
    finished: list[Request] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type != "image" else None)
    page.on("requestfinished", lambda request: finished.append(request) if request.resource_type != "image" else None)
    desk = Desk(page, campaign).open()
    page.wait_for_function("() => document.body.dataset.ahead")
    assert len(asked) <= 15, asked
    assert sum(request.sizes()["responseBodySize"] for request in finished) <= 200_000
    asked.clear()
    desk.rate()
    desk.saved()
    assert len(asked) <= 2, asked


def test_axe_finds_nothing_while_somebody_rates(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    page = desk.page
    page.evaluate(AXE)
    desk.press("12")
    found = violations(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found += violations(page)
    for key, heading in (("?", "Guidelines and keys"), ("s", "Skip this image"), ("p", "Paused")):
        page.keyboard.press(key)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        found += violations(page)
        page.keyboard.press("Escape")
    assert not found, "\n".join(found)


def test_a_screen_reader_hears_names_and_what_happens(desk_of: Callable[..., Desk], campaign: Campaign) -> None:
    desk = desk_of(campaign)
    page = desk.page
    group = page.get_by_role("radiogroup", name="Product size Is the product's size right for its surroundings?")
    expect(group.get_by_role("radio")).to_have_count(4)
    expect(page.get_by_role("img", name="The image to judge")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Your progress")).to_be_visible()
    expect(page.get_by_role("radiogroup").first.get_by_role("radio", name="Yes")).to_be_focused()
    desk.rate()
    expect(page.get_by_role("status")).to_contain_text("Image 2. 2 product photos, 8 questions.")
    expect(page.get_by_role("radiogroup").first.get_by_role("radio", name="Yes")).to_be_focused()


def test_nothing_on_the_page_tells_what_raters_must_not_know(
    desk_of: Callable[..., Desk], page_for: PageFor, rater: User
) -> None:
    campaign = make_shown_campaign(2)
    page = page_for(rater)
    answers: list[Response] = []
    page.on(
        "response", lambda response: answers.append(response) if "json" in response.headers["content-type"] else None
    )
    desk = Desk(page, campaign).open()
    desk.rate()
    desk.saved()
    told = [answer.text() for answer in answers]
    assert len(told) == 2
    for secret in ("method", "score", "gold", "prompt", "seed"):
        assert secret not in "".join(told).lower(), secret
    for name in ("image-0", "image-1", "{product}"):
        assert name not in page.content() + "".join(told), name
