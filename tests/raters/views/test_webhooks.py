"""The pages of webhooks: who is told, how that went, a test of the address, off and on, another secret."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from raters import sending
from raters.models import Delivery, Webhook
from raters.services import campaigns, webhooks
from tests.factories import rating as made

pytestmark = pytest.mark.django_db
LIST = "/campaigns/webhooks/"
ADDRESS = "https://example.com/hooks/vitrine"
BOTH = ["verdict.final", "campaign.closed"]


@pytest.fixture
def site(client_for: Callable[[User | None], Client], operator: User) -> Client:
    return client_for(operator)


@pytest.fixture
def hook(db: None) -> Webhook:
    return webhooks.make_webhook(ADDRESS, BOTH)


def words(text: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.decode()))


def secrets_in(text: bytes) -> list[str]:
    return re.findall(r"whsec_[0-9a-f]+", text.decode())


def test_a_new_one_shows_its_secret_once(site: Client, operator: User) -> None:
    assert "Nobody is told" in words(site.get(LIST).content)
    answer = site.post(LIST, {"url": ADDRESS, "events": BOTH})
    hook = Webhook.objects.get()
    assert secrets_in(answer.content) == [hook.secret]
    assert (hook.made_by, hook.campaign, hook.events) == (operator, None, sorted(BOTH))
    assert "no-store" in answer.headers["Cache-Control"]
    for address in (LIST, f"{LIST}{hook.pk}/"):
        assert ADDRESS in site.get(address).content.decode()
        assert secrets_in(site.get(address).content) == []


def test_of_one_campaign(site: Client) -> None:
    campaign = made.make_campaign(1)
    site.post(LIST, {"url": ADDRESS, "events": ["campaign.closed"], "campaign": campaign.pk})
    assert Webhook.objects.get().campaign == campaign
    assert campaign.name in words(site.get(LIST).content)


@pytest.mark.parametrize(
    ("name", "sent", "said"),
    [
        ("no event", {"url": ADDRESS}, "This field is required."),
        ("no such event", {"url": ADDRESS, "events": ["ping"]}, "ping is not one of the available choices"),
        ("no address", {"events": BOTH}, "This field is required."),
        ("not encrypted", {"url": "http://example.com/", "events": BOTH}, "does not begin with https://"),
        ("a password", {"url": "https://me:pass@example.com/", "events": BOTH}, "ends up in logs"),
        ("no such campaign", {"url": ADDRESS, "events": BOTH, "campaign": 0}, "Select a valid choice"),
    ],
)
def test_what_is_refused_is_said(site: Client, name: str, sent: dict[str, object], said: str) -> None:
    answer = site.post(LIST, sent)
    assert answer.status_code == 422, name
    assert said in words(answer.content)
    assert not Webhook.objects.exists()


def test_off_and_on_again(site: Client, hook: Webhook) -> None:
    page = f"{LIST}{hook.pk}/"
    assert "Switched off" in words(site.post(f"{page}do/off/", follow=True).content)
    assert "switched off: switch it on" in words(site.post(f"{page}do/test/", follow=True).content)
    Webhook.objects.update(failures=7)
    site.post(f"{page}do/on/")
    hook.refresh_from_db()
    assert (hook.active, hook.failures) == (True, 0)


def test_another_secret_is_shown_once(site: Client, hook: Webhook) -> None:
    before = hook.secret
    answer = site.post(f"{LIST}{hook.pk}/do/renew/")
    hook.refresh_from_db()
    assert secrets_in(answer.content) == [hook.secret] != [before]
    assert secrets_in(site.get(f"{LIST}{hook.pk}/").content) == []


def test_forgotten_with_what_was_due(site: Client, hook: Webhook) -> None:
    webhooks.ping(hook)
    assert site.post(f"{LIST}{hook.pk}/do/forget/").headers["Location"] == LIST
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


def test_a_test_is_sent_once_and_switches_nothing_off(site: Client, hook: Webhook, settings: object) -> None:
    page = f"{LIST}{hook.pk}/"
    Webhook.objects.update(url="https://127.0.0.1:9/")
    for said in ("A test is on its way.", "A test is on its way already"):
        assert said in words(site.post(f"{page}do/test/", follow=True).content)
    assert "every 3s" in site.get(page).content.decode()
    assert sending.send_due() == {"sent": 0, "failed": 1}
    told = site.get(page, headers={"HX-Request": "true"}).content
    assert "Given up" in words(told)
    assert "not a public address" in words(told)
    assert b"every 3s" not in told
    assert b"<html" not in told
    hook.refresh_from_db()
    assert (hook.active, hook.failures) == (True, 0)


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("on its way", {}, "On its way"),
        ("failed", {"attempts": 1, "problem": "It answered 500.", "status": 500}, "It answered 500."),
        ("failed", {"attempts": 2}, "Failed, again at"),
        ("delivered", {"attempts": 1, "due_at": None, "sent_at": timezone.now(), "status": 204}, "Delivered"),
        ("given up", {"attempts": 7, "due_at": None}, "Given up"),
    ],
)
def test_what_became_of_a_delivery(
    site: Client, hook: Webhook, name: str, fields: dict[str, object], said: str
) -> None:
    campaigns.close(made.make_campaign(1))
    Delivery.objects.update(**fields)
    assert said in words(site.get(f"{LIST}{hook.pk}/").content), name


def test_the_list_says_who_works(site: Client, hook: Webhook) -> None:
    for fields, said in (
        ({}, "Not told yet"),
        ({"told_at": timezone.now()}, "Works"),
        ({"failures": 3}, "3 failed in a row"),
        ({"active": False}, "Switched off"),
    ):
        Webhook.objects.update(**fields)
        assert said in words(site.get(LIST).content)


def test_what_there_is_not(site: Client, hook: Webhook) -> None:
    assert site.get(f"{LIST}{hook.pk + 1}/").status_code == 404
    assert site.post(f"{LIST}{hook.pk}/do/shout/").status_code == 404
    assert site.get(f"{LIST}{hook.pk}/do/off/").status_code == 405


@pytest.mark.parametrize("who", ["rater", "analyst"])
def test_for_operators_only(
    client_for: Callable[[User | None], Client], request: pytest.FixtureRequest, who: str, hook: Webhook
) -> None:
    client = client_for(request.getfixturevalue(who))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{hook.pk}/").status_code == 403
    assert client.post(f"{LIST}{hook.pk}/do/renew/").status_code == 403
    assert client_for(None).get(LIST).status_code == 302
