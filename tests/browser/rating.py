"""The rating page in the hands of a test: opened, waited for, and driven by keys."""

from playwright.sync_api import Locator, Page, expect

from raters.models import Campaign
from raters.questions import DEFAULT

QUESTIONS = 8
SLOW_MS = 15_000  # of a machine under load


class Desk:
    """One rater's page."""

    def __init__(self, page: Page, campaign: Campaign) -> None:
        self.page, self.campaign = page, campaign

    def open(self) -> "Desk":
        self.page.goto(f"/rate/{self.campaign.pk}/")
        return self.ready()

    def ready(self) -> "Desk":
        """Wait for an image on the screen."""
        expect(self.page.locator("body[data-shown][data-state=rating]")).to_be_visible(timeout=SLOW_MS)
        return self

    def shown(self) -> str:
        """The assignment on the screen; "" while there is none."""
        return self.page.locator("body").get_attribute("data-shown") or ""

    def press(self, keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def rate(self, keys: str = "1" * QUESTIONS) -> None:
        """Answer all questions by keys, and wait for what comes after."""
        before = self.shown()
        self.press(keys)
        self.page.wait_for_function(
            "was => document.body.dataset.state !== 'loading'"
            " && (document.body.dataset.state !== 'rating' || document.body.dataset.shown !== was)",
            arg=before,
        )

    def line(self) -> Locator:
        """What the page says of the server."""
        return self.page.locator("[data-line]")

    def saved(self) -> None:
        expect(self.line()).to_have_text("Saved", timeout=SLOW_MS)

    def question(self, number: int) -> Locator:
        return self.page.locator("[data-question]").nth(number - 1)

    def answer(self, number: int) -> str:
        """The answer chosen for a question; "" for none."""
        chosen = self.question(number).locator("input:checked")
        return chosen.get_attribute("value") or "" if chosen.count() else ""

    def current(self) -> int:
        """The number of the current question."""
        keys = self.page.locator("[data-question]").evaluate_all("all => all.findIndex(q => 'current' in q.dataset)")
        return int(keys) + 1


def in_order(answers: dict[str, str]) -> list[str]:
    """The answers in the order of the questions: PostgreSQL keeps an object's keys in an order of its own."""
    return [answers[question.key] for question in DEFAULT]
