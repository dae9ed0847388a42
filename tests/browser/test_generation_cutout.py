"""Marking a product in a real browser, with a real worker's segmenter behind it."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from catalog.models import Photo
from generation import live
from generation.live import CUT, Embeddings
from generation.models import PhotoMask
from generation.storage import site_files
from jobs import claiming, execution
from jobs.models import Job, State
from jobs.warmth import NOTHING_WARM
from tests.browser.conftest import FLAGS, PageFor, Unanswered, Watch, open_window, sign_in
from tests.browser.pages import a_mug
from tests.factories.accounts import make_user
from tests.factories.checkpoints.model_set import tiny_set
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)
COVERS = "mask covers"


@pytest.fixture
def person() -> User:
    return make_user(Role.OPERATOR)


@pytest.fixture
def photo() -> Photo:
    return a_mug().photos.all()[0]


@pytest.fixture
def worker(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker of the live queue in a thread of its own, with the tiny segmenter."""
    settings.MODEL_SETS_DIR = tmp_path / "sets"
    tiny_set(settings.MODEL_SETS_DIR, name="tiny")
    settings.MODEL_SET = "tiny"
    monkeypatch.setattr(live, "_embeddings", Embeddings(site_files().store))
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            job = claiming.claim("live", "live@test", NOTHING_WARM)
            if job is None:
                time.sleep(0.01)
            else:
                execution.run(job)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


class Marking:
    """A page on which a photo is marked, with places given as shares of the photo's sides."""

    def __init__(self, page: Page, photo: Photo, part: str = "") -> None:
        self.page, self.photo = page, photo
        page.goto(f"/photos/{photo.pk}/cutout/{part}")
        self.stage: Locator = page.locator("[data-stage]")
        self.status: Locator = page.locator("[data-status]")
        box = self.stage.bounding_box()
        assert box is not None
        self.left, self.top, self.width, self.height = (box[name] for name in ("x", "y", "width", "height"))

    def at(self, x: float, y: float) -> tuple[float, float]:
        side = min(self.width / self.photo.width, self.height / self.photo.height)
        wide, high = side * self.photo.width, side * self.photo.height
        return (self.left + (self.width - wide) / 2 + x * wide, self.top + (self.height - high) / 2 + y * high)

    def click(self, x: float, y: float, **options: Any) -> None:
        self.page.mouse.click(*self.at(x, y), **options)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=4)
        self.page.mouse.up()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def asked(self) -> dict[str, Any]:
        """The prompt of the newest question."""
        prompt: dict[str, Any] = Job.objects.filter(kind=CUT).latest("pk").params["prompt"]
        return prompt


@pytest.mark.usefixtures("worker")
def test_a_suggestion_is_a_box_of_all_but_the_rim_and_can_be_undone(
    page_for: PageFor, person: User, photo: Photo
) -> None:
    marking = Marking(page_for(person), photo)
    marking.button("Suggest").click()
    expect(marking.status).to_contain_text(COVERS, timeout=60_000)  # torch is imported first
    left, top, right, bottom = marking.asked()["box"]
    assert (left, top) == (round(0.03 * photo.width), round(0.03 * photo.height))
    assert (right, bottom) == (photo.width - left, photo.height - top)
    expect(marking.button("Save mask")).to_be_enabled()
    marking.button("Undo").click()
    expect(marking.button("Save mask")).to_be_disabled()


def test_an_answer_without_any_mask_says_so(page_for: PageFor, person: User, photo: Photo) -> None:
    page = page_for(person)
    # A segmenter finds nothing in few photos, and in none that all segmenters share.
    nothing = json.dumps({"state": "done", "job": 1, "width": photo.width, "height": photo.height, "guesses": []})
    for asked in ("prepare", "cut"):
        page.route(f"**/cutout/{asked}/", lambda route: route.fulfill(body=nothing, content_type="application/json"))
    marking = Marking(page, photo)
    marking.click(0.5, 0.5)
    expect(marking.status).to_contain_text("Nothing was found there")
    expect(marking.button("Save mask")).to_be_disabled()
    expect(marking.button("Undo")).to_be_enabled()


@pytest.mark.usefixtures("worker")
def test_clicks_are_answered_undone_and_saved(
    page_for: PageFor, person: User, photo: Photo, shoot: Callable[[Page, str], None]
) -> None:
    page = page_for(person)
    marking = Marking(page, photo)
    expect(marking.button("Save mask")).to_be_disabled()
    marking.click(0.5, 0.5)
    expect(marking.status).to_contain_text(COVERS, timeout=60_000)  # torch is imported first
    assert len(marking.asked()["points"]) == 1
    shoot(page, "cutout-marked")

    marking.click(0.9, 0.1, button="right")
    expect(marking.stage).not_to_have_attribute("data-busy", "")
    expect(marking.button("Undo")).to_be_enabled()
    wait_for(lambda: [label for _, _, label in marking.asked()["points"]] == [1, 0])

    began = time.monotonic()
    marking.drag((0.2, 0.2), (0.8, 0.9))
    wait_for(lambda: marking.asked()["box"] is not None)
    expect(marking.stage).not_to_have_attribute("data-busy", "")
    assert time.monotonic() - began < 10  # alone on a machine it is a fraction of a second

    count = Job.objects.filter(kind=CUT).count()
    page.keyboard.press("Control+z")
    expect(marking.button("Redo")).to_be_enabled()
    page.keyboard.press("Control+Shift+z")
    expect(marking.button("Redo")).to_be_disabled()
    assert Job.objects.filter(kind=CUT).count() == count, "what was answered once is not asked again"

    marking.button("Save mask").click()
    expect(page.get_by_text("The mask is saved.")).to_be_visible()
    kept = PhotoMask.objects.get()
    assert kept.prompt["box"] is not None
    assert len(kept.prompt["points"]) == 2
    assert kept.made_by == person
    expect(page.get_by_text("marked by a person")).to_be_visible()

    page.on("dialog", lambda dialog: dialog.accept())
    marking.button("Use automatic again").click()
    expect(page.get_by_text("The automatic mask holds again.")).to_be_visible()
    assert not PhotoMask.objects.filter(undone_at=None).exists()


@pytest.mark.usefixtures("worker")
def test_everything_goes_by_keyboard(page_for: PageFor, person: User, photo: Photo) -> None:
    page = page_for(person)
    marking = Marking(page, photo)
    marking.stage.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(marking.status).to_contain_text(COVERS, timeout=60_000)
    ((x, y, label),) = marking.asked()["points"]
    assert label == 1
    assert abs(x - photo.width / 2) <= 4
    assert abs(y - photo.height / 2) <= 4
    page.keyboard.press("b")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("b")
    wait_for(lambda: marking.asked()["box"] is not None)
    expect(marking.button("Save mask")).to_be_enabled()
    page.keyboard.press("Delete")
    expect(marking.button("Save mask")).to_be_disabled()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()


@pytest.mark.usefixtures("worker")
def test_on_a_phone_the_ground_is_marked_by_choice(page_for: PageFor, person: User, photo: Photo) -> None:
    page = page_for(person, width=390, height=800)
    marking = Marking(page, photo)
    marking.click(0.5, 0.5)
    page.locator("label", has_text="Ground").click()
    marking.click(0.1, 0.1)
    wait_for(lambda: Job.objects.filter(kind=CUT).exists() and len(marking.asked()["points"]) == 2, seconds=60)
    assert [label for _, _, label in marking.asked()["points"]] == [1, 0]


def test_a_question_that_fails_is_said_and_the_next_one_works(page_for: PageFor, person: User, photo: Photo) -> None:
    """No worker runs: the answers are the test's own."""
    page = page_for(person)
    answers = [
        {"state": "failed", "detail": "The segmenter is not on this machine."},
        {"state": "done", "job": 1, "width": photo.width, "height": photo.height,
         "guesses": [{"score": 0.9, "counts": [photo.width * photo.height // 2, photo.width * photo.height // 2]}]},
    ]  # fmt: skip
    page.route("**/cutout/prepare/", lambda route: route.fulfill(status=202, body='{"job": 1}'))
    page.route("**/cutout/cut/", lambda route: route.fulfill(status=200, body=json.dumps(answers.pop(0))))
    marking = Marking(page, photo)
    marking.click(0.5, 0.5)
    expect(marking.status).to_have_text("The segmenter is not on this machine.")
    expect(marking.button("Save mask")).to_be_disabled()
    marking.click(0.4, 0.4)
    expect(marking.status).to_contain_text("The mask covers 50.0 % of the photo, and the segmenter is 90 % sure of it.")


def half_answered(page: Page, photo: Photo) -> None:
    """Every question is answered with half of the photo; no worker runs."""
    half = photo.width * photo.height // 2
    answer = {
        "state": "done",
        "job": 1,
        "width": photo.width,
        "height": photo.height,
        "guesses": [{"score": 0.9, "counts": [half, half]}],
    }
    prepared(page)
    page.route("**/cutout/cut/", lambda route: route.fulfill(status=200, body=json.dumps(answer)))


def prepared(page: Page) -> None:
    """No worker has to embed the photo."""
    page.route("**/cutout/prepare/", lambda route: route.fulfill(status=202, body='{"job": 1}'))


def test_a_mark_that_is_not_saved_is_asked_about_before_it_is_lost(
    page_for: PageFor, person: User, photo: Photo
) -> None:
    page = page_for(person)
    half_answered(page, photo)
    marking = Marking(page, photo)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    marking.click(0.5, 0.5)
    expect(marking.status).to_contain_text(COVERS)
    page.get_by_role("link", name="Photo 2 →").click(no_wait_after=True)
    wait_for(lambda: asked == ["beforeunload"])
    expect(marking.status).to_contain_text(COVERS)
    marking.button("Undo").click()
    page.get_by_role("link", name="Photo 2 →").click()
    expect(page.get_by_text("Photo 2 of 2")).to_be_visible()
    assert asked == ["beforeunload"], "there was nothing left to lose"


@pytest.fixture
def remembering(
    chromium: Browser, live_server: LiveServer, watch: Watch, unanswered: Unanswered, person: User
) -> Iterator[Page]:
    """A page of a browser that keeps pages as they were left, for the button Back; Playwright turns that off."""
    browser = chromium.browser_type.launch(
        executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        args=FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    context = open_window(browser, live_server.url, {"width": 1280, "height": 800})
    watch.follow(context)
    sign_in(context, person, live_server.url)
    yield context.new_page()
    browser.close()
    unanswered.wait()


def test_a_page_that_comes_back_after_saving_asks_before_new_marks_are_lost(remembering: Page, photo: Photo) -> None:
    """Whoever went on while the server was slow to show what was saved, and then back."""
    page, url = remembering, f"/photos/{photo.pk}/cutout/"
    half_answered(page, photo)
    page.route("**/cutout/save/", lambda route: route.fulfill(status=200, body=json.dumps({"url": url})))
    marking = Marking(page, photo)
    page.evaluate("window.leftBehind = true")
    marking.click(0.5, 0.5)
    expect(marking.status).to_contain_text(COVERS)
    box = page.get_by_role("link", name="Photo 2 →").bounding_box()
    assert box is not None
    page.route(f"**{url}", lambda _route: None)  # never answered
    with page.expect_request(f"**{url}"):
        marking.button("Save mask").click(no_wait_after=True)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.mouse.click(box["x"] + 9, box["y"] + 9)  # a locator would wait for the page that does not come
    expect(page.get_by_text("Photo 2 of 2")).to_be_visible()
    assert not asked, "all was saved"
    page.unroute(f"**{url}")
    page.evaluate("history.back()")
    page.wait_for_url(f"**{url}")
    page.wait_for_function("!window.leftBehind")  # it was loaded anew, to show what holds now
    expect(page.get_by_text("Photo 1 of 2")).to_be_visible()
    marking.click(0.4, 0.4)
    expect(marking.status).to_contain_text(COVERS)
    page.get_by_role("link", name="Photo 2 →").click(no_wait_after=True)
    wait_for(lambda: asked == ["beforeunload"])


def test_what_is_undone_or_cleared_is_told_of_no_more(page_for: PageFor, person: User, photo: Photo) -> None:
    page = page_for(person)
    half_answered(page, photo)
    marking = Marking(page, photo)
    for key, told in (("Control+z", "Click on the product."), ("Delete", "Nothing is marked.")):
        marking.click(0.5, 0.5)
        expect(marking.status).to_contain_text(COVERS)
        page.keyboard.press(key)
        expect(marking.status).to_have_text(told)


def test_a_photo_that_is_out_of_sight_is_drawn_once_it_is_seen(page_for: PageFor, person: User, photo: Photo) -> None:
    page = page_for(person)
    half_answered(page, photo)
    marking = Marking(page, photo)
    marking.click(0.5, 0.5)
    expect(marking.status).to_contain_text(COVERS)
    canvas = marking.stage.locator("canvas")
    marking.stage.evaluate("(stage) => { stage.style.display = 'none'; }")
    expect(canvas).to_have_attribute("width", "0")
    marking.stage.evaluate("(stage) => { stage.style.display = ''; }")
    expect(canvas).not_to_have_attribute("width", "0")


def test_whoever_was_signed_out_is_told_so(
    page_for: PageFor, person: User, photo: Photo, expect_console: Callable[[str], None]
) -> None:
    page = page_for(person)
    prepared(page)
    marking = Marking(page, photo)
    page.context.clear_cookies(name="sessionid")
    marking.click(0.5, 0.5)
    expect(marking.status).to_contain_text("You are signed out")
    expect_console("403")
    page.context.clear_cookies()
    marking.click(0.4, 0.4)
    expect(marking.status).to_contain_text("You are signed out")


def test_on_a_phone_every_button_can_be_touched_and_none_covers_the_photo(
    page_for: PageFor, person: User, photo: Photo, shoot: Callable[[Page, str], None]
) -> None:
    page = page_for(person, width=360, height=740)
    prepared(page)
    marking = Marking(page, photo)
    shoot(page, "cutout-phone")
    shown = page.locator(".cutout-main .button, .cutout-main .segments > label").all()
    boxes = [box for one in shown if (box := one.bounding_box())]
    assert len(boxes) == len(shown) > 8
    assert min(box["height"] for box in boxes) >= 36
    assert all(box["y"] >= marking.top + marking.height for box in boxes)


def test_only_the_newest_question_is_asked_after_a_slow_one(page_for: PageFor, person: User, photo: Photo) -> None:
    page = page_for(person)
    asked: list[int] = []
    held: list[Any] = []

    def answer(route: Any) -> None:
        points = route.request.post_data_json["points"]
        asked.append(len(points))
        guess = {"score": 0.9, "counts": [photo.width * photo.height - len(points), len(points)]}
        body = {"state": "done", "job": 1, "width": photo.width, "height": photo.height, "guesses": [guess]}
        if len(points) == 1:
            held.append((route, body))
        else:
            route.fulfill(status=200, body=json.dumps(body))

    page.route("**/cutout/prepare/", lambda route: route.fulfill(status=202, body='{"job": 1}'))
    page.route("**/cutout/cut/", answer)
    marking = Marking(page, photo)
    for number in range(4):
        marking.click(0.2 + number / 6, 0.5)
    expect(marking.stage).to_have_attribute("data-busy", "")
    route, body = held[0]
    route.fulfill(status=200, body=json.dumps(body))
    expect(marking.stage).not_to_have_attribute("data-busy", "")
    expect(marking.status).to_contain_text("The mask covers")
    assert asked == [1, 4]


def wait_for(happened: Callable[[], Any], seconds: float = 20) -> None:
    ends_at = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < ends_at, f"not within {seconds} s"
        time.sleep(0.05)


def test_a_caption_is_mended_on_the_same_page(
    page_for: PageFor, person: User, photo: Photo, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 422")
    page = page_for(person)
    page.route("**/cutout/prepare/", lambda route: route.fulfill(status=202, body='{"job": 1}'))
    page.goto(f"/photos/{photo.pk}/cutout/")
    page.get_by_role("textbox", name="Caption").fill("a mug on a table")
    page.get_by_role("button", name="Save caption").click()
    expect(page.get_by_text("The caption does not say where the product is named")).to_be_visible()
    page.get_by_role("textbox", name="Caption").fill("a green {product} on a table")
    page.get_by_role("button", name="Save caption").click()
    expect(page.get_by_text("The caption is saved.")).to_be_visible()
    assert Job.objects.filter(state=State.SUCCEEDED).count() == 0
