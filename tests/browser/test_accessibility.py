"""axe-core finds nothing on any page, light and dark, narrow and wide, and nothing scrolls sideways at 360 px."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import TIMEOUT_MS, PageFor
from tests.browser.pages import CASES, person

AXE = (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text(encoding="utf-8")
NARROW, WIDE = 360, 1280


@pytest.mark.parametrize("name", CASES)
def test_a_page_is_for_everybody(
    page_for: PageFor, expect_console: Callable[[str], None], shoot: Callable[[Page, str], None], name: str
) -> None:
    case = CASES[name]
    if case.status >= 400:
        expect_console(f"status of {case.status}")
    page = page_for(person(case))
    address = case.address()
    if address.endswith("/report.html"):  # a route holds up every other request of a page, too
        page.route("**/report.html", out_of_its_sandbox)
    response = page.goto(address)
    assert response is not None
    assert response.status == case.status
    # What is dimmed while it comes is not what people read.
    expect(page.locator("[data-state=loading]")).to_have_count(0, timeout=TIMEOUT_MS)
    page.evaluate(AXE)
    found = []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            shoot(page, f"{name}-{width}-{scheme}")
            found += [f"{width} px, {scheme}: {line}" for line in violations(page)]
    reach = page.evaluate("document.documentElement.scrollWidth")
    assert reach <= NARROW, f"{name} is {reach} px wide at {NARROW} px"
    assert not found, "\n".join(found)


def out_of_its_sandbox(route: Route) -> None:
    """A report's file runs no script at all, and axe is one."""
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)


def violations(page: Page) -> list[str]:
    """What axe-core objects to: the rule, and where."""
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:160]} ({' '.join(node['failureSummary'].split())[:300]})"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
