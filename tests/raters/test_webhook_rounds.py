"""With patience: what fails is tried again, who fails is left alone for longer, and nobody holds the others up."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from raters import sending
from raters.models import Delivery, Webhook
from raters.services import webhooks
from tests.factories.listening import BOTH, Heard, decided, due_again, minutes_until

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_bad_answer_is_tried_again_later(listener: Heard, status: int) -> None:
    webhooks.make_webhook(listener.url, BOTH)
    decided()
    listener.status = status
    assert sending.send_due() == {"sent": 0, "failed": 1}
    delivery = Delivery.objects.get()
    assert delivery.problem == f"It answered {status}."
    assert timedelta(seconds=30) < delivery.due_at - timezone.now() < timedelta(seconds=90)  # type: ignore[operator]
    assert sending.send_due() == {"sent": 0, "failed": 0}
    assert len(listener.calls) == 1  # nothing was followed
    listener.status = 204
    due_again()
    assert sending.send_due() == {"sent": 1, "failed": 0}
    assert listener.calls[0][0]["X-Vitrine-Delivery"] == listener.calls[1][0]["X-Vitrine-Delivery"]


def test_after_the_last_try_a_delivery_is_given_up(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    decided()
    listener.status = 500
    waits, quiet = [], []
    for _ in range(len(sending.BACK_OFF) + 1):
        sending.send_due()
        hook.refresh_from_db()
        waits.append(minutes_until(Delivery.objects.get().due_at))
        quiet.append(minutes_until(hook.quiet_until))
        due_again()
    assert waits == [1, 5, 30, 120, 480, 1440, None]
    assert quiet == [1, 5, 30, 120, 480, 1440, 1440]
    assert (hook.active, hook.failures, hook.problem) == (True, 7, "It answered 500.")


@pytest.mark.parametrize(
    ("failures", "hours", "active"),
    [
        pytest.param(0, 0, True, id="one bad delivery"),
        pytest.param(400, 2, True, id="many in a short time"),
        pytest.param(3, 100, True, id="few in a long time"),
        pytest.param(6, 35, False, id="a row of them over a day and a half"),
    ],
)
@pytest.mark.parametrize("status", [500, 410])
def test_when_a_webhook_is_switched_off(listener: Heard, failures: int, hours: int, active: bool, status: int) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    since = timezone.now() - timedelta(hours=hours) if failures else None
    Webhook.objects.update(failures=failures, failing_since=since)
    decided()
    listener.status = status
    assert sending.send_due() == {"sent": 0, "failed": 1}
    hook.refresh_from_db()
    assert (hook.active, hook.failures) == (active, failures + 1)


def test_an_answer_that_is_good_forgets_the_failures(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    Webhook.objects.update(failures=6, failing_since=timezone.now() - timedelta(days=9), problem="It answered 500.")
    decided()
    sending.send_due()
    hook.refresh_from_db()
    assert (hook.failures, hook.failing_since, hook.quiet_until, hook.problem) == (0, None, None, "")


def test_what_is_gone_is_not_told_again(listener: Heard) -> None:
    webhooks.make_webhook(listener.url, BOTH)
    decided()
    listener.status = 410
    sending.send_due()
    assert Delivery.objects.get().due_at is None


def test_a_webhook_that_fails_is_left_alone_and_loses_nothing(listener: Heard) -> None:
    webhooks.make_webhook(listener.url, BOTH)
    decided(3)
    listener.status = 500
    assert sending.send_due() == {"sent": 0, "failed": 1}
    assert not sending.is_due()
    assert sending.send_due() == {"sent": 0, "failed": 0}
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    listener.status = 200
    due_again()
    assert sending.is_due()
    assert sending.send_due() == {"sent": 3, "failed": 0}


def test_a_test_is_sent_to_a_webhook_that_is_left_alone(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    decided()
    Webhook.objects.update(quiet_until=timezone.now() + timedelta(hours=8), failures=3)
    webhooks.ping(hook)
    assert sending.is_due()
    assert sending.send_due() == {"sent": 1, "failed": 0}
    hook.refresh_from_db()
    assert (hook.failures, hook.quiet_until) == (0, None)


@pytest.mark.parametrize(
    ("limit", "told"),
    [("HOST_SECONDS", {"slow": 1, "quick": 3}), ("ROUND_SECONDS", {"slow": 1, "quick": 0})],
)
def test_a_slow_host_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, limit: str, told: dict[str, int]) -> None:
    """It answers well, and so late that one call uses up its seconds: what is left of it waits for the next round."""
    clock, calls = [0.0], dict.fromkeys(told, 0)

    def answer(target: sending.Target, *_: Any) -> int:
        calls[target.host] += 1
        clock[0] += 15 if target.host == "slow" else 0
        return 200

    monkeypatch.setattr(sending, limit, 10)
    monkeypatch.setattr(sending, "monotonic", lambda: clock[0])
    monkeypatch.setattr(sending, "target_of", lambda url: sending.Target(True, url.split("/")[2], 443, "/", "::1"))
    monkeypatch.setattr(sending, "_post", answer)
    for host in told:
        webhooks.make_webhook(f"https://{host}/", BOTH)
    decided(3)
    sending.send_due()
    assert calls == told
    assert sending.is_due()


def test_who_answers_comes_before_who_does_not(listener: Heard) -> None:
    webhooks.make_webhook("http://127.0.0.1:9/", BOTH)
    Webhook.objects.update(failures=2)
    webhooks.make_webhook(listener.url, BOTH)
    decided()
    assert [hook.url for hook in sending._waiting(timezone.now())] == [listener.url, "http://127.0.0.1:9/"]


def test_what_is_due_to_a_webhook_that_was_switched_off_is_given_up(listener: Heard) -> None:
    hook = webhooks.make_webhook(listener.url, BOTH)
    decided()
    webhooks.switch(hook, False)
    assert sending.is_due()
    assert sending.send_due() == {"sent": 0, "failed": 0}
    assert list(Delivery.objects.values_list("due_at", "problem")) == [(None, "The webhook was switched off.")]
    assert not sending.is_due()


def test_old_deliveries_are_forgotten(listener: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BATCH", 2)
    webhooks.make_webhook(listener.url, BOTH)
    decided(5)
    due = Delivery.objects.first()
    Delivery.objects.exclude(pk=due.pk).update(due_at=None)  # type: ignore[union-attr]
    later = timezone.now() + timedelta(days=31)
    assert webhooks.forget_old() == 0
    assert webhooks.forget_old(later) == 4
    assert Delivery.objects.get() == due
