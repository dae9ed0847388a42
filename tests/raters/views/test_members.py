"""The page of a campaign's raters: taken off with a reason, let in again, found by name, a page at a time."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from raters.forms import campaigns as forms
from raters.models import Campaign, CampaignRater, Rater
from raters.selectors import monitoring
from raters.services import people
from tests.factories.accounts import make_user
from tests.factories.rating import lease, make_campaign, make_gold, make_rater
from vitrine.access import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


@pytest.fixture
def campaign(db: None) -> Campaign:
    return make_campaign(3)


@pytest.fixture
def member(campaign: Campaign) -> Rater:
    """A rater with an image in hand."""
    rater = make_rater()
    lease(rater, campaign)
    return rater


def text(response: Any) -> str:
    return str(response.content.decode())


def test_taken_off_and_let_in_again(site: Client, campaign: Campaign, member: Rater) -> None:
    page = f"/campaigns/{campaign.pk}/raters/"
    answer = site.post(f"{page}{member.pk}/block/", {"reason": "Answers at random"}, follow=True)
    assert "is off this campaign" in text(answer)
    assert "1 image went back" in text(answer)
    assert "Let in again" in text(answer)
    assert CampaignRater.objects.get().state == "blocked"
    again = site.post(f"{page}{member.pk}/block/", {"reason": "Again"}, follow=True)
    assert "already" in text(again)
    answer = site.post(f"{page}{member.pk}/unblock/", follow=True)
    assert "may rate here again" in text(answer)
    assert CampaignRater.objects.get().state == "active"
    assert "is not off" in text(site.post(f"{page}{member.pk}/unblock/", follow=True))


def test_without_a_reason_nothing_happens(site: Client, campaign: Campaign, member: Rater) -> None:
    answer = site.post(f"/campaigns/{campaign.pk}/raters/{member.pk}/block/", {"reason": " "}, follow=True)
    assert "the reason is empty" in text(answer)
    assert CampaignRater.objects.get().state == "active"


@pytest.mark.parametrize("act", ["block", "unblock"])
def test_who_is_not_in_it(site: Client, campaign: Campaign, act: str) -> None:
    address = f"/campaigns/{campaign.pk}/raters/{make_rater().pk}/{act}/"
    assert site.post(address, {"reason": "random"}).status_code == 404
    assert site.get(address).status_code == 405


@pytest.mark.parametrize("role", [Role.RATER, Role.ANALYST])
@pytest.mark.parametrize("act", ["block", "unblock"])
def test_for_operators_only(client_for: Callable[[User | None], Client], member: Rater, role: Role, act: str) -> None:
    place = CampaignRater.objects.get()
    address = f"/campaigns/{place.campaign_id}/raters/{member.pk}/{act}/"
    assert client_for(make_user(role)).post(address, {"reason": "x"}).status_code == 403
    assert CampaignRater.objects.get().state == "active"


def test_who_may_be_invited_is_found_by_name(site: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "LISTED", 2)
    users = [make_user(Role.RATER) for _ in range(4)]
    page = f"/campaigns/{campaign.pk}/raters/"
    assert "There are more: find them by name." in text(site.get(page))
    found = text(site.get(page, {"q": users[3].username}))
    assert users[3].username in found
    assert users[0].username not in found
    assert "is called “nobody-at-all”" in text(site.get(page, {"q": "nobody-at-all"}))
    site.post(page, {"people": [users[3].pk, users[2].pk]})
    assert CampaignRater.objects.count() == 2


def test_raters_and_gold_items_come_a_page_at_a_time(
    site: Client, campaign: Campaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people.invite([make_rater() for _ in range(52)], campaign)
    first = site.get(f"/campaigns/{campaign.pk}/raters/")
    assert len(first.context["page"].items) == 50
    second = site.get(f"/campaigns/{campaign.pk}/raters/{first.context['pager'].next}")
    assert len(second.context["page"].items) == 2
    with django_assert_max_num_queries(12):
        found = monitoring.monitor(campaign)
    assert (len(found.raters), found.rater_count) == (50, 52)
    draft = make_campaign(1, open=False)
    make_gold(draft, 26)
    page = site.get(f"/campaigns/{draft.pk}/gold/")
    assert len(page.context["items"]) == 24
    older = site.get(f"/campaigns/{draft.pk}/gold/", {"made": page.context["older"]})
    assert len(older.context["items"]) == 2
    assert older.context["older"] is None
