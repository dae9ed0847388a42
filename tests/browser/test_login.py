"""Signing in and out in a real browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import PageFor
from tests.factories.accounts import make_user
from vitrine.access import Role

PASSWORD = "blue-mug-on-a-shelf"


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signs_in_by_keyboard_and_lands_where_it_was_going(page_for: PageFor) -> None:
    user = make_user(Role.OPERATOR, password=PASSWORD)
    page = page_for()
    page.goto("/account/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type(user.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/account/$"))
    expect(page.get_by_role("banner")).to_contain_text(user.username)


def test_a_wrong_password_is_said_and_the_name_is_kept(page_for: PageFor, shoot: Callable[[Page, str], None]) -> None:
    user = make_user(Role.RATER, password=PASSWORD)
    page = page_for()
    page.goto("/account/login/")
    sign_in(page, user.username, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("User name")).to_have_value(user.username)
    expect(page.get_by_label("Password")).to_have_value("")
    shoot(page, "login-wrong")


def test_five_wrong_passwords_lead_to_the_page_that_says_how_long(
    page_for: PageFor, expect_console: Callable[[str], None], shoot: Callable[[Page, str], None]
) -> None:
    expect_console("status of 429")
    user = make_user(Role.RATER, password=PASSWORD)
    page = page_for()
    page.goto("/account/login/")
    for _ in range(5):
        sign_in(page, user.username, "wrong")
    expect(page.get_by_role("heading", level=1)).to_have_text("Too many wrong passwords")
    expect(page.get_by_role("main")).to_contain_text("15 minutes")
    shoot(page, "login-locked")


def test_signs_out_and_the_way_back_is_closed(page_for: PageFor) -> None:
    page = page_for(make_user(Role.RATER))
    page.goto("/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/account/login/$"))
    page.goto("/account/")
    expect(page).to_have_url(re.compile(r"/account/login/\?next=/account/$"))


def test_a_temporary_password_is_replaced_at_once(page_for: PageFor) -> None:
    user = make_user(Role.RATER, password=PASSWORD)
    user.password_is_temporary = True
    user.save()
    page = page_for()
    page.goto("/account/login/")
    sign_in(page, user.username, PASSWORD)
    expect(page.get_by_role("status").first).to_contain_text("Choose one that only you know")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("green-lamp-by-a-window")
    page.get_by_label("New password, once more").fill("green-lamp-by-a-window")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status").first).to_contain_text("Your password is changed")
    user.refresh_from_db()
    assert user.check_password("green-lamp-by-a-window")


def test_the_skip_link_comes_first_and_leads_to_the_content(page_for: PageFor) -> None:
    page = page_for(make_user(Role.OPERATOR))
    page.goto("/account/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_admin_works_under_its_own_policy(page_for: PageFor, shoot: Callable[[Page, str], None]) -> None:
    person = make_user(Role.RATER)
    page = page_for(make_user(Role.OPERATOR))
    for address in ("/admin/", "/admin/accounts/user/", f"/admin/accounts/user/{person.pk}/change/"):
        page.goto(address)
        shoot(page, f"admin-{address.strip('/').replace('/', '-')}")
    page.get_by_label("First name").fill("Robin")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    person.refresh_from_db()
    assert person.first_name == "Robin"


def test_what_to_do_on_a_refusal_stays_in_the_middle_of_a_narrow_window(
    page_for: PageFor, expect_console: Callable[[str], None]
) -> None:
    expect_console("403")
    page = page_for(make_user(Role.RATER), width=360, height=720)
    page.goto("/products/")
    for name in ("To the start page", "See your roles"):
        box = page.get_by_role("link", name=name).bounding_box()
        assert box is not None
        assert abs(box["x"] + box["width"] / 2 - 180) <= 2
