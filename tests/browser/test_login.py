"""Signing in and out in a real browser."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PageFor
from tests.factories.accounts import make_user
from vitrine.access import Role


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signs_in_with_the_keyboard_and_lands_where_it_was_going(page_for: PageFor) -> None:
    user = make_user(Role.OPERATOR, password="blue-mug-on-a-shelf")
    page = page_for()
    page.goto("/account/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type(user.username)
    page.keyboard.press("Tab")
    page.keyboard.type("blue-mug-on-a-shelf")
    page.keyboard.press("Enter")
    expect(page).to_have_url(lambda url: url.endswith("/account/"))
    expect(page.get_by_role("banner")).to_contain_text(user.username)
