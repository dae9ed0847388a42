"""Webhooks: told with what they tell of, signed, with patience, and never into the own network."""

import hashlib
import hmac
import json
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from raters import sending
from raters.models import Delivery, Webhook
from raters.services import campaigns, webhooks
from raters.services.webhooks import BadWebhook
from tests.factories import rating as made
from tests.factories.listening import BOTH, Heard, decided

pytestmark = pytest.mark.django_db


def test_verdict_and_end_are_told(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    campaign = decided()
    campaigns.close(campaign)
    assert sending.send_due() == {"sent": 2, "failed": 0}
    headers, body = listener.calls[0]
    told = json.loads(body)
    assert headers["path"] == "/hook?a=1"
    assert headers["X-Vitrine-Event"] == told["event"] == "verdict.final"
    assert (told["campaign"], told["outcome"], told["ratings"]) == (campaign.pk, "passed", 3)
    assert json.loads(listener.calls[1][1])["event"] == "campaign.closed"
    hook.refresh_from_db()
    assert hook.told_at is not None
    assert sending.send_due() == {"sent": 0, "failed": 0}


def test_the_signature_is_over_time_and_body(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    decided()
    sending.send_due()
    headers, body = listener.calls[0]
    seconds, signed = (part.split("=")[1] for part in headers["X-Vitrine-Signature"].split(","))
    expected = hmac.new(hook.secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signed == expected
    assert abs(int(seconds) - timezone.now().timestamp()) < 60


def test_the_secret_is_in_no_table(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    stored = [str(value) for value in Webhook.objects.values_list().get(pk=hook.pk)]
    assert not any(hook.secret in value or hook.secret[6:] in value for value in stored)
    assert hook.secret != webhooks.make_webhook(listener.url, BOTH).secret


def test_nothing_is_told_of_what_was_rolled_back(listener: Heard) -> None:
    webhooks.make_webhook(listener.url, BOTH)
    campaign = made.make_campaign(1)
    with transaction.atomic():
        campaigns.close(campaign)
        assert Delivery.objects.exists()
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("name", "fields", "told"),
    [
        ("all campaigns", {}, 1),
        ("another campaign", {"other": True}, 0),
        ("another event", {"events": ["campaign.closed"]}, 0),
        ("switched off", {"active": False}, 0),
    ],
)
def test_who_is_told(listener: Heard, name: str, fields: dict[str, Any], told: int) -> None:
    other = made.make_campaign(1) if fields.get("other") else None
    hook = webhooks.make_webhook(listener.url, fields.get("events", ["verdict.final"]), campaign=other)
    Webhook.objects.filter(pk=hook.pk).update(active=fields.get("active", True))
    decided()
    assert Delivery.objects.count() == told, name


def test_nobody_there_is_tried_again(settings: Any) -> None:
    settings.WEBHOOKS_TO_PRIVATE = True
    webhooks.make_webhook("http://127.0.0.1:9/", BOTH)
    decided()
    sending.send_due()
    delivery = Delivery.objects.get()
    assert delivery.problem.startswith("ConnectionRefusedError")
    assert delivery.due_at is not None


def test_the_own_network_is_never_called(listener: Heard, settings: Any) -> None:
    webhooks.make_webhook(listener.url, BOTH)
    decided()
    settings.WEBHOOKS_TO_PRIVATE = False
    sending.send_due()
    assert listener.calls == []
    delivery = Delivery.objects.get()
    assert "127.0.0.1, which is not a public address" in delivery.problem
    assert delivery.due_at is not None  # names change: a wrong one for a moment loses nothing


INSIDE = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 fe80::1"
    " fe80::1%eth0 fd00::1 ::127.0.0.1 ::10.0.0.1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1:: ff02::1 ::"
)


@pytest.mark.parametrize("address", INSIDE.split())
def test_private_addresses(address: str) -> None:
    assert not sending.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert sending.is_public(address)


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(sending.AddressRefused, match=r"10\.0\.0\.7"):
        sending.target_of("https://rebinding.example/")


def test_the_call_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.215.14", 8443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    target = sending.target_of("https://hooks.example:8443/a?b=c")
    assert target == sending.Target(True, "hooks.example", 8443, "/a?b=c", "93.184.215.14")


def test_two_senders_send_it_once(listener: Heard) -> None:
    webhooks.make_webhook(listener.url, BOTH)
    decided()
    row, same = Delivery.objects.get(), Delivery.objects.get()
    now = timezone.now()
    assert sending._claim(row, now)
    assert not sending._claim(same, now)


@pytest.mark.parametrize(
    ("url", "events", "sentence"),
    [
        ("http://example.com/", BOTH, "does not begin with https://"),
        ("ftp://example.com/", BOTH, "does not begin with https://"),
        ("https://user:pw@example.com/", BOTH, "A password in an address"),
        ("https:///path", BOTH, "names no host"),
        ("https://hooks..example/", BOTH, "names no host"),
        (f"https://{'a' * 64}.example/", BOTH, "names no host"),
        ("https://[::1", BOTH, "cannot|not an address"),
        ("https://example.com/", ["nonsense"], "'nonsense' is no event"),
        ("https://example.com/", [], "Choose of verdict.final"),
    ],
)
def test_refused_at_the_door(url: str, events: list[str], sentence: str) -> None:
    with pytest.raises(BadWebhook, match=sentence):
        webhooks.make_webhook(url, events)
    assert not Webhook.objects.exists()


def test_a_name_that_no_look_up_takes_holds_nobody_up(listener: Heard) -> None:
    """Such a row came in before the door was there."""
    Webhook.objects.create(url="https://hooks..example/", events=BOTH)
    webhooks.make_webhook(listener.url, BOTH)
    decided()
    assert sending.send_due() == {"sent": 1, "failed": 1}
    assert len(listener.calls) == 1
    assert Webhook.objects.get(url="https://hooks..example/").problem == "hooks..example is no name of a host."


@pytest.mark.parametrize(
    ("path", "called"),
    [
        ("/a b", "/a%20b"),
        ("/h\u00f6rer?q=\u00e4", "/h%C3%B6rer?q=%C3%A4"),
        ("/done%20so?a=1&b=%2F", "/done%20so?a=1&b=%2F"),
    ],
)
def test_letters_of_any_kind_in_a_path(listener: Heard, path: str, called: str) -> None:
    webhooks.make_webhook(listener.url.partition("/hook")[0] + path, BOTH)
    decided()
    assert sending.send_due() == {"sent": 1, "failed": 0}
    assert listener.calls[0][0]["path"] == called


def test_who_answers_a_byte_at_a_time_is_left(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOKS_TO_PRIVATE = True
    monkeypatch.setattr(sending, "SECONDS", 0.4)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            caller, _ = server.accept()
            with caller, suppress(OSError):
                caller.sendall(b"HTTP/1.1 ")
                while not over.wait(0.05):
                    caller.sendall(b"2")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        webhooks.make_webhook(f"http://127.0.0.1:{server.getsockname()[1]}/", BOTH)
        decided()
        began = time.monotonic()
        assert sending.send_due() == {"sent": 0, "failed": 1}
        assert time.monotonic() - began < 5
        over.set()
        thread.join()
