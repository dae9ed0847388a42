"""From a figure to its pictures and back by keyboard: overview, failing question, wall, product, image, its past."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from raters.models import Campaign
from review import walls
from review.models import Mark
from tests.browser.conftest import PageFor
from tests.browser.review import judged_product
from tests.factories.accounts import make_user
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> User:
    return make_user(Role.OPERATOR)


def focused(page: Page) -> int:
    """Which picture of the wall has the focus, from 0."""
    where = "[...document.querySelectorAll('[data-card-link]')].indexOf(document.activeElement)"
    return int(page.evaluate(where))


def test_every_figure_leads_to_its_pictures_and_back(page_for: PageFor, person: User) -> None:
    product = judged_product(images=6, side=32)
    campaign = Campaign.objects.get()
    page = page_for(person)
    page.goto(f"/review/?campaign={campaign.pk}")
    page.get_by_role("link", name="Product size").click()
    expect(page.get_by_text("Images where “Product size” fails")).to_be_visible()
    assert f"campaign={campaign.pk}" in page.url
    assert page.locator("[data-card]").count() == 4

    page.goto(f"/review/products/{product.pk}/?campaign={campaign.pk}")
    page.locator(".failing").get_by_role("link", name="Product size").click()
    expect(page.locator("[data-card]")).to_have_count(4)
    wall = page.url.partition("#")[0]

    page.locator("[data-card-link]").first.focus()
    for key, expected in (("ArrowRight", 1), ("End", 3), ("ArrowLeft", 2), ("Home", 0), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert focused(page) == expected, key
    before = Mark.objects.count()
    mark = page.locator("[data-mark]").first
    marked = mark.get_attribute("aria-pressed") == "true"
    page.keyboard.press("m")
    expect(mark).to_have_attribute("aria-pressed", "false" if marked else "true")
    assert Mark.objects.count() == before + (-1 if marked else 1)
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Send the chosen 1")).to_be_enabled()
    expect(page.get_by_role("button", name="★ Mark the chosen 1")).to_be_enabled()

    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Every vote")).to_be_visible()
    expect(page.get_by_text("Training images dropped")).to_be_visible()
    expect(page.locator("a[rel=prev]")).to_have_count(0)
    first = page.get_by_role("heading", level=1).inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text(first)
    page.keyboard.press("u")
    expect(page.locator("[data-card]")).to_have_count(4)
    assert page.url.partition("#")[0] == wall
    expect(page.locator("[data-card-link]").first).to_be_focused()


def test_the_next_images_come_before_the_end_is_in_view_and_each_once(
    page_for: PageFor, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "SIZE", 5)
    product = judged_product(images=8, side=32)
    page = page_for(person)
    page.goto(f"/review/products/{product.pk}/")
    expect(page.locator("[data-card]")).to_have_count(12)
    expect(page.locator(".shots-more")).to_have_count(0)
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("new Set([...document.querySelectorAll('[data-card]')].map((one) => one.id)).size") == 12


def test_notes_are_kept_changed_removed_and_brought_back(page_for: PageFor, person: User) -> None:
    product = judged_product(images=4, side=32)
    page = page_for(person)
    page.goto(f"/review/products/{product.pk}/")
    notes = page.locator("#notes")
    notes.get_by_label("Write a note").fill("The glaze is too shiny.\nLook twice.")
    notes.get_by_role("button", name="Keep the note").click()
    expect(notes.locator(".note-text", has_text="The glaze is too shiny.")).to_be_visible()
    newest = notes.locator(".note").first
    newest.get_by_text("Change").click()
    newest.get_by_label("Text of the note").fill("The glaze is right.")
    newest.get_by_role("button", name="Save").click()
    expect(notes.locator(".note-text", has_text="The glaze is right.")).to_be_visible()
    notes.get_by_role("button", name="Remove").first.click()
    expect(notes.get_by_text("The note is removed.")).to_be_visible()
    notes.get_by_role("button", name="Undo").click()
    expect(notes.locator(".note-text", has_text="The glaze is right.")).to_be_visible()
