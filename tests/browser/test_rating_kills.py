"""The server dies by kill -9 while people rate, and comes back: no rating is lost, none is doubled.

A smaller run of benchmarks/rating_browser.py, on this test's own database.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser

from benchmarks.rating_browser import Desk, audit, desk_for
from benchmarks.rating_site import Server, environment
from tests.browser.conftest import session
from tests.factories.accounts import make_user
from tests.factories.campaigns import make_shown_campaign
from vitrine.access import Role

pytestmark = pytest.mark.django_db(transaction=True)
KILLS, BROWSERS = 2, 2


@pytest.fixture
def server() -> Iterator[Server]:
    """Gunicorn in processes of its own, on the database and files of this test."""
    folder = Path(settings.DATA_DIR)
    server = Server(folder, environment(folder, database_url(), VITRINE_WEB_WORKERS="1"))
    server.start()
    yield server
    server.stop()


def database_url() -> str:
    """Where the test's database is, as DATABASE_URL says it."""
    own = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{own['NAME']}"
    return f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"


def test_a_killed_server_costs_no_rating(chromium: Browser, server: Server) -> None:
    campaign = make_shown_campaign(12)
    keys = [session(make_user(Role.RATER)) for _ in range(BROWSERS)]
    desks = [desk_for(chromium, server, key, campaign.pk) for key in keys]
    for desk in desks:
        desk.open()
    chance = random.Random(1)  # noqa: S311 - answers
    for _ in range(KILLS):
        rate_some(desks, chance)
        server.kill()
        rate_some(desks, chance)  # on what was fetched before
        server.start()
    for desk in desks:
        wait_until_sent(desk)
    assert sum(len(desk.given) for desk in desks) >= KILLS * BROWSERS
    assert audit(campaign.pk, desks, KILLS)
    for desk in desks:
        desk.page.context.close()


def rate_some(desks: list[Desk], chance: random.Random, rounds: int = 3) -> None:
    for _ in range(rounds):
        for desk in desks:
            desk.rate(chance)
        desks[0].page.wait_for_timeout(150)


def wait_until_sent(desk: Desk, seconds: int = 60) -> None:
    for _ in range(seconds * 5):
        if desk.is_sent():
            return
        desk.page.wait_for_timeout(200)
    raise AssertionError("Ratings still wait in the browser.")
