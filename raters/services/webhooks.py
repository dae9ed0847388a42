"""Webhooks: who is told of verdicts and of campaigns that end. What is to be told is a row in the same transaction."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from raters.exceptions import Refused
from raters.models import Campaign, Delivery, Verdict, Webhook
from raters.models.webhooks import ASKED_FOR, Event

MOST_WEBHOOKS = 50
BATCH = 500
KEPT = timedelta(days=30)


class BadWebhook(Refused):
    code, status = "bad_webhook", 400


def make_webhook(url: str, events: Iterable[str], *, campaign: Campaign | None = None, by: Any = None) -> Webhook:
    """Tell this address of these events, of one campaign or of all. Its `secret` is shown by whoever calls, once.

    Raises BadWebhook for an address that is none, or that names no host; whether the host may be called is decided at
    each call, by the addresses that it then has.
    """
    wanted = sorted(set(events))
    unknown = [event for event in wanted if event not in ASKED_FOR]
    if unknown or not wanted:
        may = ", ".join(ASKED_FOR)
        raise BadWebhook(f"{unknown[0]!r} is no event. Choose of {may}." if unknown else f"Choose of {may}.")
    _check_url(url)
    if Webhook.objects.count() >= MOST_WEBHOOKS:
        raise BadWebhook(f"There are {MOST_WEBHOOKS} webhooks already: remove one first.")
    return Webhook.objects.create(url=url, events=wanted, campaign=campaign, made_by=by)


def switch(webhook: Webhook, active: bool) -> None:
    """Tell this address of what comes from now on, or of nothing more; failures are counted anew."""
    webhook.active, webhook.failures, webhook.failing_since, webhook.quiet_until = active, 0, None, None
    webhook.save(update_fields=["active", "failures", "failing_since", "quiet_until"])


def renew_secret(webhook: Webhook) -> str:
    """Sign with another secret from now on; returns it."""
    webhook.key = uuid.uuid4()
    webhook.save(update_fields=["key"])
    return webhook.secret


def ping(webhook: Webhook) -> Delivery:
    """Have a test sent to the address. Raises BadWebhook for one that is switched off, or with a test on its way."""
    if not webhook.active:
        raise BadWebhook("This webhook is switched off: switch it on, then test it.")
    if Delivery.objects.filter(webhook=webhook, event=Event.PING, due_at__isnull=False).exists():
        raise BadWebhook("A test is on its way already: what comes of it is told below.")
    told = {"webhook": webhook.pk, "events": webhook.events}
    return Delivery.objects.create(webhook=webhook, event=Event.PING, payload=told, due_at=timezone.now())


def forget_old(now: datetime | None = None) -> int:
    """Drop deliveries that were sent or given up more than KEPT ago; returns how many."""
    over = Delivery.objects.filter(due_at=None, created_at__lt=(now or timezone.now()) - KEPT)
    count = 0
    while gone := list(over.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        count += Delivery.objects.filter(pk__in=gone).delete()[0]
    return count


def note_verdicts(verdicts: Sequence[Verdict], campaign: int) -> None:
    """Write what is to be told of a campaign's final verdicts, in the caller's transaction."""
    _note(Event.VERDICT, campaign, [_told(verdict) for verdict in verdicts])


def note_closed(campaign: Campaign) -> None:
    """Write what is to be told of a campaign that was closed, in the caller's transaction."""
    at = campaign.closed_at or timezone.now()
    _note(Event.CLOSED, campaign.pk, [{"campaign": campaign.pk, "name": campaign.name, "closed_at": at.isoformat()}])


def listening(event: str, campaign: int) -> list[int]:
    """Ids of the active webhooks that want to hear of this event of this campaign; there are MOST_WEBHOOKS at most."""
    rows = Webhook.objects.filter(Q(campaign=None) | Q(campaign=campaign), active=True)
    return [pk for pk, events in rows.values_list("pk", "events") if event in events]


def _note(event: Event, campaign: int, payloads: Sequence[dict[str, Any]]) -> None:
    heard = listening(event, campaign) if payloads else []
    if heard:
        now = timezone.now()
        rows = [Delivery(webhook_id=pk, event=event, payload=told, due_at=now) for told in payloads for pk in heard]
        Delivery.objects.bulk_create(rows, batch_size=BATCH)


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "campaign": verdict.campaign_id,
        "task": verdict.task_id,
        "outcome": verdict.outcome,
        "by_question": verdict.by_question,
        "by_rater": verdict.by_rater,
        "share": verdict.share,
        "ratings": verdict.ratings,
        "early": verdict.early,
        "questions": verdict.questions,
    }


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - urllib checks the port only when it is asked for
    except ValueError:
        raise BadWebhook(f"{url[:100]!r} is not an address that can be read.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOKS_TO_PRIVATE):
        raise BadWebhook(f"{url[:100]!r} does not begin with https://, so what is told could be read on the way.")
    if not parts.hostname or len(url) > 500 or not _is_name(parts.hostname):
        raise BadWebhook(f"{url[:100]!r} names no host.")
    if parts.username or parts.password:
        raise BadWebhook("A password in an address ends up in logs: leave it out, and check the signature instead.")


def _is_name(host: str) -> bool:
    """Whether a look-up can be asked for it: no empty part, none too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True
