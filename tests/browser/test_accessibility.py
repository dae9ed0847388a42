"""axe-core finds nothing on any page, light and dark, narrow and wide, and nothing scrolls sideways at 360 px.

All pages are opened in one window, whose files are fetched once. All rules look at each width and at each scheme; at
the other two looks those about colours do, as a scheme changes nothing else (tests/vitrine/test_layout.py). A report's
file has plots of its own for each scheme, and so has all rules four times.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import TIMEOUT_MS, Unanswered, Watch, open_window, sign_in
from tests.browser.pages import CASES, person

AXE = (Path(__file__).parent / "vendor/axe-core-4.14.1/axe.min.js").read_text(encoding="utf-8")
NARROW, WIDE = 360, 1280
WRONG = "<img src='data:,'><p style='color: #888; background: #999'>Hardly to be read</p>"
COLOURS = ["color-contrast", "link-in-text-block"]
LOOKS: list[tuple[int, Any, list[str] | None]] = [
    (WIDE, "light", None),
    (WIDE, "dark", COLOURS),
    (NARROW, "dark", None),
    (NARROW, "light", COLOURS),
]


def size(width: int) -> ViewportSize:
    return {"width": width, "height": 800}


@pytest.fixture(scope="module")
def window(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The one window; axe is in each of its pages."""
    context = open_window(chromium, live_server.url, size(WIDE))
    context.add_init_script(AXE)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(window: Page, live_server: LiveServer, watch: Watch, unanswered: Unanswered) -> Iterator[Page]:
    """The window as a new one, wide, light and signed out; when the test ends, its page is left and all is answered."""
    window.set_viewport_size(size(WIDE))
    window.emulate_media(color_scheme="light")
    watch.follow(window.context)
    yield window
    try:
        # Not about:blank: as pages isolate themselves from what opened them, each began a process of its own after it.
        window.goto("/healthz")
        unanswered.wait()
    finally:  # the next test gets this window, however this one ended
        watch.leave(window.context)
        window.unroute_all()
        window.context.clear_cookies()
        told = {"origin": live_server.url, "storageTypes": "local_storage"}
        window.context.new_cdp_session(window).send("Storage.clearDataForOrigin", told)


@pytest.mark.parametrize("name", CASES)
def test_a_page_is_for_everybody(
    page: Page,
    live_server: LiveServer,
    expect_console: Callable[[str], None],
    shoot: Callable[[Page, str], None],
    *,
    settings: Settings,
    name: str,
) -> None:
    case = CASES[name]
    settings.DEMO = case.demo
    if case.status >= 400:
        expect_console(f"status of {case.status}")
    if user := person(case):
        sign_in(page.context, user, live_server.url)
    address = case.address()
    is_file = address.endswith("/report.html")
    if is_file:  # a route holds up every other request of a page, too
        page.route("**/report.html", out_of_its_sandbox)
    response = page.goto(address)
    assert response is not None
    assert response.status == case.status
    # What is dimmed while it comes is not what people read.
    expect(page.locator("[data-state=loading]")).to_have_count(0, timeout=TIMEOUT_MS)
    expect(page.locator(case.sees).first).to_be_visible(timeout=TIMEOUT_MS)
    assert urlsplit(page.url).path == urlsplit(address).path, "It is another page that was looked at."
    found = []
    for width, scheme, rules in LOOKS:
        page.set_viewport_size(size(width))
        page.emulate_media(color_scheme=scheme)
        shoot(page, f"{name}-{width}-{scheme}")
        found += [f"{width} px, {scheme}: {line}" for line in violations(page, None if is_file else rules)]
    reach = page.evaluate("document.documentElement.scrollWidth")
    assert reach <= NARROW, f"{name} is {reach} px wide at {NARROW} px"
    assert not found, "\n".join(found)


def test_axe_finds_what_is_wrong_by_all_rules_and_by_those_about_colours(page: Page) -> None:
    page.route("**/wrong", lambda route: route.fulfill(body=WRONG, content_type="text/html"))
    page.goto("/wrong")
    by_all, by_colours = ({line.partition(":")[0] for line in violations(page, rules)} for rules in (None, COLOURS))
    assert by_colours == {"color-contrast"}
    assert by_all >= {"color-contrast", "image-alt"}
    about_colours = page.evaluate("axe.getRules(['cat.color']).map(rule => rule.ruleId)")
    # The enhanced one is of WCAG's level AAA, and axe leaves it out, too.
    assert set(about_colours) - {"color-contrast-enhanced"} == set(COLOURS)


def out_of_its_sandbox(route: Route) -> None:
    """A report's file runs no script at all, and axe is one."""
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe-core objects to by these rules, or by all that it goes by: the rule, and where."""
    options = {"resultTypes": ["violations"], "selectors": False} | ({"runOnly": rules} if rules else {})
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {node['html'][:160]} ({' '.join(node['failureSummary'].split())[:300]})"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
