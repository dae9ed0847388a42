"""Made-up ratings are never shown as people's: each page of review says so where they may be among its figures."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from raters.models.campaigns import Origin
from review.filters import Filters
from review.models import Voters
from review.reporting import contents
from review.templatetags.review_simulated import simulated
from tests.factories import rating as made
from tests.factories.catalog import make_product

pytestmark = pytest.mark.django_db
PAGES = ("review:overview", "review:compare", "review:tables", "review:products", "review:images")


@pytest.mark.parametrize(
    ("origin", "is_open", "filters", "said"),
    [
        ("simulation", True, {}, True),
        ("simulation", True, {"voters": Voters.SIMULATED}, True),
        ("simulation", True, {"voters": Voters.MIXED}, True),
        ("simulation", True, {"voters": Voters.PEOPLE}, False),
        ("simulation", True, {"voters": Voters.IMPORTED}, False),
        ("simulation", False, {}, False),
        ("person", True, {}, False),
        ("import", True, {}, False),
    ],
)
def test_it_is_said_where_it_may_be_so(origin: str, is_open: bool, filters: dict[str, Any], said: bool) -> None:
    made.make_campaign(1, open=is_open, origin=Origin(origin))
    assert simulated(Filters(**filters)) is said


def test_a_filter_by_campaign_is_about_that_campaign() -> None:
    made_up = made.make_campaign(1, origin=Origin.SIMULATION)
    real = made.make_campaign(1)
    assert simulated(Filters(campaign=made_up.pk))
    assert not simulated(Filters(campaign=real.pk))
    assert simulated("")  # a page without filters is about everything


def test_a_report_and_a_products_page_say_it(client_for: Any, analyst: User) -> None:
    client, said = client_for(analyst), ("Ratings", "a simulated crowd is among these")
    page = reverse("review:product", args=[make_product().pk])
    assert "Simulated ratings" not in client.get(page).content.decode()
    assert said not in contents._cut(Filters(), None)
    made.make_campaign(1, origin=Origin.SIMULATION)
    assert "Simulated ratings" in client.get(page).content.decode()
    assert "Simulated ratings" not in client.get(f"{page}?voters=person").content.decode()
    assert said in contents._cut(Filters(), None)
    assert said not in contents._cut(Filters(voters=Voters.PEOPLE), None)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_it(client_for: Any, analyst: User, page: str) -> None:
    client: Client = client_for(analyst)
    assert "Simulated ratings" not in client.get(reverse(page)).content.decode()
    made.make_campaign(1, origin=Origin.SIMULATION)
    assert "Simulated ratings" in client.get(reverse(page)).content.decode()
