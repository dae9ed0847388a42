"""Webhooks for programs: the secret comes once, and only operators see any of it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from raters.models import Webhook
from raters.services import campaigns
from tests.factories import rating as made

ClientFor = Callable[[User | None], Client]
pytestmark = pytest.mark.django_db
JSON = "application/json"
HOOK = {"url": "https://example.com/hook", "events": ["campaign.closed"]}


def test_the_secret_is_shown_once(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    new = client.post("/api/webhooks/", HOOK, content_type=JSON)
    assert new.status_code == 201
    secret = new.json()["secret"]
    assert secret.startswith("whsec_")
    pk = new.json()["id"]
    assert secret not in client.get(f"/api/webhooks/{pk}/").content.decode()
    assert secret not in client.get("/api/webhooks/").content.decode()
    renewed = client.patch(f"/api/webhooks/{pk}/", {"renew_secret": True}, content_type=JSON).json()["secret"]
    assert renewed != secret
    assert Webhook.objects.get().secret == renewed


def test_switched_off_and_forgotten(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    pk = client.post("/api/webhooks/", HOOK, content_type=JSON).json()["id"]
    assert client.patch(f"/api/webhooks/{pk}/", {"active": False}, content_type=JSON).json()["active"] is False
    assert client.delete(f"/api/webhooks/{pk}/").status_code == 204
    assert client.get(f"/api/webhooks/{pk}/").status_code == 404


def test_what_was_told_is_listed(client_for: ClientFor, operator: User) -> None:
    client, campaign = client_for(operator), made.make_campaign(1)
    pk = client.post("/api/webhooks/", {**HOOK, "campaign": campaign.pk}, content_type=JSON).json()["id"]
    campaigns.close(campaign)
    row = client.get(f"/api/webhooks/{pk}/deliveries/").json()["results"][0]
    assert (row["event"], row["payload"]["campaign"], row["attempts"]) == ("campaign.closed", campaign.pk, 0)


def test_a_test_of_the_address(client_for: ClientFor, operator: User) -> None:
    client = client_for(operator)
    pk = client.post("/api/webhooks/", HOOK, content_type=JSON).json()["id"]
    answer = client.post(f"/api/webhooks/{pk}/ping/")
    assert (answer.status_code, answer.json()["event"]) == (201, "ping")
    again = client.post(f"/api/webhooks/{pk}/ping/")
    assert (again.status_code, again.json()["detail"][:26]) == (400, "A test is on its way alrea")
    assert client.post("/api/webhooks/", HOOK | {"events": ["ping"]}, content_type=JSON).status_code == 400


@pytest.mark.parametrize(
    ("changed", "where"),
    [({"url": "http://example.com/"}, "detail"), ({"events": ["odd"]}, "errors"), ({"events": []}, "errors")],
)
def test_refused(client_for: ClientFor, operator: User, changed: dict[str, object], where: str) -> None:
    answer = client_for(operator).post("/api/webhooks/", HOOK | changed, content_type=JSON)
    assert answer.status_code == 400
    assert answer.json()[where]


@pytest.mark.parametrize("who", ["analyst", "rater"])
def test_for_operators_only(client_for: ClientFor, request: pytest.FixtureRequest, who: str) -> None:
    assert client_for(request.getfixturevalue(who)).get("/api/webhooks/").status_code == 403
