"""The overview's page: what it says, and how little it asks the database."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from review import figures
from review.counting import folding
from review.definitions import DEFINITIONS
from review.filters import Filters
from tests.factories.rating import make_campaign, make_rater, rate
from tests.review.made import mixed_world

ClientFor = Callable[[User | None], Client]


@pytest.fixture
def client(client_for: ClientFor, analyst: User) -> Client:
    return client_for(analyst)


def test_figures_come_with_intervals_and_definitions(client: Client) -> None:
    mixed_world()
    page = client.get("/review/").content.decode()
    filters = ("days", "rater_group", "best", "least")
    for key in ("per_image", "per_product", "judged", "ratings", "hours", "alone", "agreement", *filters):
        assert DEFINITIONS[key].words.replace("'", "&#x27;") in page, key
    found = figures.overview(Filters())
    assert f"{found.per_image.value * 100:.1f} %" in page
    assert f"{found.per_image.low * 100:.1f} % to {found.per_image.high * 100:.1f} %" in page
    assert "Product fidelity" in page
    assert "far too few" in page


def test_nothing_yet_is_said_in_words(client: Client) -> None:
    page = client.get("/review/").content.decode()
    assert "Nothing is judged yet" in page
    assert "0.0 %" not in page
    assert "nan" not in page.lower()


def test_a_filter_that_fits_nothing_says_so_and_leads_back(client: Client) -> None:
    mixed_world()
    page = client.get("/review/?campaign=999999").content.decode()
    assert "No image fits these filters" in page
    assert "which is not there" in page


def test_unfinished_work_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made, rater = make_campaign(2, raters_per_image=1), make_rater()
    for _ in range(2):
        rate(rater, made)
    monkeypatch.setattr(figures, "COUNTED_FIRST", 1)
    page = client.get(f"/review/?campaign={made.pk}").content.decode()
    assert "1 changed verdict is still to be counted" in page
    assert "2 of 2 ratings" in page


def test_the_address_holds_the_filter_in_every_link(client: Client) -> None:
    made = mixed_world()[0]
    page = client.get(f"/review/?campaign={made.pk}&least=2").content.decode()
    query = f"campaign={made.pk}&amp;least=2"
    assert f'href="/review/questions.csv?{query}"' in page
    assert f'href="/review/images.csv?{query}"' in page
    assert f'href="?campaign={made.pk}&amp;method=a&amp;least=2"' in page


def test_a_filter_that_cannot_be_is_told_and_figures_are_of_everything(client: Client) -> None:
    response = client.get("/review/?since=2026-02-01&until=2026-01-01")
    assert response.status_code == 422
    assert "2026-01-01 is before 2026-02-01" in response.content.decode()


def test_nothing_can_be_posted(client: Client) -> None:
    for address in ("/review/", "/review/images.csv", "/api/review/overview/"):
        assert client.post(address).status_code in (403, 405)


def test_queries_do_not_grow_with_the_rows(client: Client) -> None:
    mixed_world()
    client.get("/review/")
    with CaptureQueriesContext(connection) as few:
        client.get("/review/")
    mixed_world(seed=9)
    folding.count_all_waiting()
    client.get("/review/")
    with CaptureQueriesContext(connection) as many:
        client.get("/review/")
    assert len(many) == len(few) <= 40
