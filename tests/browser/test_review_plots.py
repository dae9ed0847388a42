"""Plots in a browser: drawn under the site's content policy, read by keyboard, saved as files, right in the dark."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import PageFor
from tests.browser.plots import overview


def saved(page: Page, form: str, into: Path) -> bytes:
    figure = page.locator("figure[data-plot=by-method]")
    with page.expect_download() as download:
        figure.get_by_role("button", name=f"as {form.upper()}").click()
    assert download.value.suggested_filename == f"by-method.{form}"
    download.value.save_as(into / form)
    return (into / form).read_bytes()


def test_plots_are_drawn_read_and_saved(
    page_for: PageFor, analyst: User, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> None:
    page = page_for(analyst)
    page.goto(overview())
    figure = page.locator("figure[data-plot=by-method]")
    expect(figure).to_have_attribute("data-state", "drawn")
    for text in ("dreambooth-lora v1", "per product"):  # an axis, and the legend
        expect(figure.locator("svg")).to_contain_text(text)

    figure.locator(".plot-drawn").focus()
    page.keyboard.press("ArrowRight")
    expect(figure.locator(".plot-read")).to_contain_text("Method: paper-2503.08729 v1, Rate: per image")

    rows = list(csv.DictReader(io.StringIO(saved(page, "csv", tmp_path).decode())))
    assert [row["Rate"] for row in rows] == ["per image", "per product"] * 2
    assert b"<svg" in saved(page, "svg", tmp_path)
    picture = Image.open(io.BytesIO(saved(page, "png", tmp_path)))
    assert picture.width > 1_000
    assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)

    time = page.locator("figure[data-plot=over-time]")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(time).to_have_attribute("data-state", "drawn")
    shoot(page, "review-overview-light")

    light = background(page)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("figure[data-plot=by-method] svg.marks")).not_to_have_css("background-color", light)
    shoot(page, "review-overview-dark")


def background(page: Page) -> str:
    """What the first plot lies on."""
    found = page.locator("figure[data-plot=by-method] svg.marks").evaluate(
        "one => getComputedStyle(one).backgroundColor"
    )
    return str(found)
