"""Deciding prompts in a real browser, by keyboard and by mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from catalog.models import ContextPrompt
from tests.browser.conftest import PageFor
from tests.factories.accounts import make_user
from tests.factories.catalog import make_prompt, make_type
from vitrine.access import Role

Shoot = Callable[[Page, str], None]


@pytest.fixture
def drafts(live_server: object) -> list[ContextPrompt]:
    mug = make_type("mug")
    return [make_prompt(mug, f"A {{product}} on a table, number {number}.") for number in range(4)]


@pytest.fixture
def page(page_for: PageFor, drafts: list[ContextPrompt]) -> Page:
    page = page_for(make_user(Role.OPERATOR))
    page.goto("/prompts/list/?status=draft")
    return page


def card(page: Page, prompt: ContextPrompt):
    return page.locator(f"#prompt-{prompt.pk}")


def statuses() -> str:
    return " ".join(prompt.status for prompt in ContextPrompt.objects.order_by("id"))


def test_decides_one_after_another_by_keyboard(page: Page, drafts: list[ContextPrompt], shoot: Shoot) -> None:
    expect(card(page, drafts[0])).to_have_class("prompt card current")
    page.keyboard.press("a")
    expect(card(page, drafts[0])).to_have_attribute("data-status", "approved")
    expect(card(page, drafts[1])).to_be_focused()
    page.keyboard.press("r")
    expect(card(page, drafts[1])).to_have_attribute("data-status", "rejected")
    expect(card(page, drafts[2])).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("Rejected. 2 left on this page.")
    page.keyboard.press("j")
    expect(card(page, drafts[3])).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(card(page, drafts[2])).to_be_focused()
    shoot(page, "prompts-deciding")
    assert statuses() == "approved rejected draft draft"
    page.keyboard.press("z")
    expect(card(page, drafts[1])).to_have_attribute("data-status", "draft")
    expect(card(page, drafts[1])).to_be_focused()
    page.keyboard.press("z")
    expect(card(page, drafts[0])).to_have_attribute("data-status", "draft")
    assert statuses() == "draft draft draft draft"


def test_edits_by_keyboard_without_deciding_while_typing(page: Page, drafts: list[ContextPrompt]) -> None:
    page.keyboard.press("e")
    field = page.get_by_label("Prompt", exact=True)
    expect(field).to_be_focused()
    field.fill("A mug rests on a bar.")
    page.get_by_role("button", name="Save as a draft").click()
    expect(card(page, drafts[0])).to_contain_text("must stand there exactly once")
    field = page.get_by_label("Prompt", exact=True)
    field.fill("")
    field.press_sequentially("A {product} rests near a bazaar.")
    page.get_by_role("button", name="Save as a draft").click()
    expect(card(page, drafts[0])).to_contain_text("A {product} rests near a bazaar.")
    expect(card(page, drafts[0])).to_be_focused()
    assert statuses() == "draft draft draft draft"
    page.keyboard.press("e")
    expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(page, drafts[0]).get_by_role("button", name="Approve")).to_be_visible()


def test_decides_by_button_and_shows_the_keys(page: Page, drafts: list[ContextPrompt]) -> None:
    card(page, drafts[2]).get_by_role("button", name="Approve").click()
    expect(card(page, drafts[2])).to_have_attribute("data-status", "approved")
    card(page, drafts[2]).get_by_role("button", name="Reject").click()
    expect(card(page, drafts[2])).to_have_attribute("data-status", "rejected")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert statuses() == "draft draft rejected draft"


def test_decides_the_ticked_ones_together(page: Page, drafts: list[ContextPrompt]) -> None:
    page.keyboard.press("x")
    card(page, drafts[3]).get_by_role("checkbox").check()
    page.get_by_role("button", name="Approve the ticked").click()
    expect(page.locator(".notice")).to_have_text("2 prompts set to approved.")
    assert statuses() == "approved draft draft approved"
    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Reject the ticked").click()
    expect(page.locator(".empty")).to_contain_text("Every prompt is decided.")
    assert statuses() == "approved rejected rejected approved"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False), (360, True)])
def test_the_pages_fit_the_window(
    page_for: PageFor, drafts: list[ContextPrompt], shoot: Shoot, width: int, dark: bool
) -> None:
    make_prompt(drafts[0].type, status=ContextPrompt.Status.APPROVED)
    make_prompt(make_type("phone case"), status=ContextPrompt.Status.REJECTED)
    page = page_for(make_user(Role.OPERATOR), width=width, dark=dark)
    for name in ("", "list/", "new/", "import/"):
        page.goto(f"/prompts/{name}")
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"/prompts/{name} scrolls sideways at {width} px"
        shoot(page, f"prompts-{name.strip('/') or 'overview'}-{width}-{'dark' if dark else 'light'}")
