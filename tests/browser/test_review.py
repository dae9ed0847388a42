"""The analyst's way from a figure to the picture behind it and back, and what is kept on the way."""

import re

from playwright.sync_api import expect

from accounts.models import User
from catalog.models import Product
from raters.models import Campaign
from review.models import SavedView
from tests.browser.conftest import PageFor
from tests.browser.review import judged_product
from tests.factories.catalog import make_product


def test_from_a_failing_question_to_where_an_image_comes_from_and_back(page_for: PageFor, analyst: User) -> None:
    product = judged_product(images=4)
    kept = re.compile(rf"[?&]campaign={Campaign.objects.get().pk}(&|$)")
    page = page_for(analyst)
    page.goto(f"/review/?campaign={Campaign.objects.get().pk}")
    page.get_by_role("link", name="Product size", exact=True).click()
    expect(page).to_have_url(re.compile(r"/review/images/\?.*question=size"))
    expect(page).to_have_url(kept)
    expect(page.locator("[data-card]")).not_to_have_count(0)
    page.get_by_label("Review", exact=True).get_by_role("link", name="Products", exact=True).click()
    expect(page).to_have_url(kept)
    page.locator(f'a[href^="/review/products/{product.pk}/"]').first.click()
    expect(page).to_have_url(kept)
    page.locator(".failing").get_by_role("link", name="Product size", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/review/products/{product.pk}/\?.*question=size"))
    expect(page).to_have_url(kept)
    wall = page.url
    page.locator("[data-card-link]").first.click()
    expect(page.get_by_role("heading", name=re.compile(r"Candidate #\d+"))).to_be_visible()
    expect(page.get_by_role("region", name="Where it comes from")).to_contain_text("Photos of the product")
    expect(page.get_by_role("heading", name="Every vote")).to_be_visible()
    page.locator("[data-back]").click()
    expect(page).to_have_url(re.compile(re.escape(wall.split("#")[0])))
    expect(page.locator(".failing .current")).to_contain_text("Product size")


def test_a_product_is_found_by_typing_and_the_page_is_kept_as_a_view(page_for: PageFor, analyst: User) -> None:
    chosen = make_product("Stoneware mug")
    make_product("Brass lamp")
    page = page_for(analyst)
    page.goto("/review/?least=2")
    box = page.get_by_role("combobox", name="Product", exact=True)
    box.fill("stone")
    option = page.get_by_role("option", name=re.compile("Stoneware mug"))
    expect(option).to_be_visible()
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("Stoneware mug")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(rf"product={chosen.pk}(&|$)"))
    expect(page.get_by_label("Filters that are set")).to_contain_text("Stoneware mug")
    page.get_by_text("Saved views", exact=True).click()
    page.get_by_label("Save this page as").fill("Stoneware")
    page.get_by_role("button", name="Save this page").click()
    expect(page.get_by_text("Saved as 'Stoneware'.")).to_be_visible()
    assert SavedView.objects.get().path == "/review/"
    page.get_by_label(re.compile("Without the filter product")).click()
    expect(page).to_have_url(re.compile(r"least=2"))
    expect(page.get_by_label("Filters that are set")).to_have_count(0)
    box = page.get_by_role("combobox", name="Product", exact=True)
    box.fill("nothing like it")
    expect(page.get_by_text("No product with “nothing like it”")).to_be_visible()
    page.get_by_role("button", name="Show").click()
    expect(box).to_be_focused()
    assert Product.objects.count() == 2
