"""Figures, exclusions, disputes and rulings for programs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from raters.models import Campaign, CampaignFigures, Rater, RaterFigures, Rating, Verdict
from tests.factories import rating as made

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def raters(db: None) -> list[Rater]:
    return [made.make_rater() for _ in range(3)]


@pytest.fixture
def campaign(raters: list[Rater]) -> Campaign:
    """One image: the rules differ on it."""
    found = made.make_campaign(1)
    for rater, answers in zip(raters, (made.YES, made.NO, {**made.YES, "logo": "maybe"}), strict=True):
        made.rate(rater, found, answers)
    return found


def test_figures_before_and_after(client_for: ClientFor, analyst: User, campaign: Campaign) -> None:
    client = client_for(analyst)
    assert client.get(f"/api/campaigns/{campaign.pk}/quality/").json()["computed_at"] is None
    assert client.post(f"/api/campaigns/{campaign.pk}/quality/").status_code == 202
    assert CampaignFigures.objects.get(campaign=campaign).asked_at is not None


def test_raters_with_figures(client_for: ClientFor, analyst: User, campaign: Campaign, raters: list[Rater]) -> None:
    figures = {"ratings": 1, "agreement": {"value": 1.0}}
    flags = [{"code": "strict", "reason": "Lets little pass."}]
    RaterFigures.objects.create(
        campaign=campaign, rater=raters[0], computed_at=timezone.now(), ratings=1, figures=figures, flags=flags
    )
    row = client_for(analyst).get(f"/api/campaigns/{campaign.pk}/raters/").json()["results"][0]
    assert (row["rater"], row["flags"], row["agreement"]) == (raters[0].code, flags, {"value": 1.0})
    assert "user" not in row


def test_taken_off_and_let_in_again(
    client_for: ClientFor, operator: User, campaign: Campaign, raters: list[Rater]
) -> None:
    client, base = client_for(operator), f"/api/campaigns/{campaign.pk}/raters"
    body = {"rater": raters[0].code, "reason": "random"}
    answer = client.post(f"{base}/block/", body, content_type=JSON)
    assert (answer.status_code, answer.json()) == (200, {"rater": raters[0].code, "given_back": 0})
    again = client.post(f"{base}/block/", body, content_type=JSON)
    assert (again.status_code, "already" in again.json()["detail"]) == (400, True)
    assert client.post(f"{base}/unblock/", {"rater": raters[0].code}, content_type=JSON).status_code == 200
    strange = client.post(f"{base}/unblock/", {"rater": "R-NOBODY"}, content_type=JSON)
    assert strange.json()["errors"] == {"rater": ["There is no rater R-NOBODY."]}


def test_excluded_and_lifted(client_for: ClientFor, operator: User, campaign: Campaign, raters: list[Rater]) -> None:
    client = client_for(operator)
    body = {"rater": raters[0].code, "since": timezone.now() - timedelta(days=1), "reason": "random"}
    made_one = client.post(f"/api/campaigns/{campaign.pk}/exclusions/", body, content_type=JSON)
    assert made_one.status_code == 201
    assert Rating.objects.get(rater=raters[0]).excluded
    again = client.post(f"/api/campaigns/{campaign.pk}/exclusions/", body, content_type=JSON)
    assert (again.status_code, "lift that first" in again.json()["detail"]) == (400, True)
    lift = f"/api/campaigns/{campaign.pk}/exclusions/{made_one.json()['id']}/lift/"
    assert client.post(lift, {"reason": "no"}, content_type=JSON).json()["lift_reason"] == "no"
    assert not Rating.objects.get(rater=raters[0]).excluded
    assert len(client.get(f"/api/campaigns/{campaign.pk}/exclusions/").json()["results"]) == 1


def test_unknown_raters_and_analysts_cannot_exclude(
    client_for: ClientFor, operator: User, analyst: User, campaign: Campaign
) -> None:
    url, body = f"/api/campaigns/{campaign.pk}/exclusions/", {"rater": "R-none", "since": timezone.now(), "reason": "x"}
    assert "rater" in client_for(operator).post(url, body, content_type=JSON).json()["errors"]
    assert client_for(analyst).post(url, body, content_type=JSON).status_code == 403


def test_disputes_are_blind_and_a_ruling_stands_beside(
    client_for: ClientFor, analyst: User, campaign: Campaign
) -> None:
    client, task = client_for(analyst), campaign.tasks.get()
    found = client.get(f"/api/campaigns/{campaign.pk}/disputes/?kind=rules").json()
    assert found["results"] == [{"task": task.pk}]
    url = f"/api/campaigns/{campaign.pk}/disputes/{task.pk}/ruling/"
    ruled = client.post(url, {"answers": made.NO, "reason": "Too large."}, content_type=JSON)
    assert (ruled.status_code, ruled.json()["outcome"], ruled.json()["verdict"]) == (201, "failed", "passed")
    assert Verdict.objects.get(task=task).outcome == "passed"
    assert client.get(f"/api/campaigns/{campaign.pk}/disputes/?kind=rules").json()["results"] == []
    assert client.get(f"/api/campaigns/{campaign.pk}/disputes/?kind=odd").status_code == 400


def test_a_partial_ruling_is_refused(client_for: ClientFor, analyst: User, campaign: Campaign) -> None:
    url = f"/api/campaigns/{campaign.pk}/disputes/{campaign.tasks.get().pk}/ruling/"
    answer = client_for(analyst).post(url, {"answers": {"size": "yes"}}, content_type=JSON)
    assert answer.status_code == 422
    assert "have no answer yet" in answer.json()["detail"]
