"""Webhooks as their pages show them."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from raters.models import Delivery, Webhook
from vitrine.paging import Page, keyset_page


def listed() -> QuerySet[Any]:
    """All webhooks (there are MOST_WEBHOOKS at most), each with `due`, how many deliveries are on their way."""
    due = Count("deliveries", filter=Q(deliveries__due_at__isnull=False))
    return Webhook.objects.select_related("campaign", "made_by").annotate(due=due)


def deliveries(webhook: Webhook, *, after: int | None, before: int | None) -> Page[Delivery]:
    """What the webhook was told, or is to be told, newest first."""
    return keyset_page(Delivery.objects.filter(webhook=webhook), after=after, before=before, size=25)
