"""Addresses that are told of verdicts and of campaigns that end, and what is still to be told them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from raters.models.campaigns import Campaign

_SALT = "raters.webhook"


class Event(models.TextChoices):
    """What can be told."""

    VERDICT = "verdict.final", "A verdict became final, or a final one changed"
    CLOSED = "campaign.closed", "A campaign was closed"
    PING = "ping", "A test of the address"  # whoever presses the button is told, whatever the webhook asks for


ASKED_FOR = (Event.VERDICT, Event.CLOSED)


class Webhook(models.Model):
    """One address. Its secret is in no table: it follows from the server's key and `key`, and is shown once."""

    url = models.URLField(max_length=500)
    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, blank=True, related_name="webhooks")  # None: all
    events = models.JSONField(default=list)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True, blank=True)  # the first of these
    quiet_until = models.DateTimeField(null=True, blank=True)  # nothing but a test is sent before
    problem = models.CharField(max_length=500, blank=True)  # of the last attempt
    told_at = models.DateTimeField(null=True, blank=True)  # the last time that it answered well
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        """What deliveries are signed with. Another SECRET_KEY of the server makes it another one."""
        return "whsec_" + salted_hmac(_SALT, self.key.hex, algorithm="sha256").hexdigest()


class Delivery(models.Model):
    """One thing to tell one address: written in the transaction of what it tells of, sent later, with back-off."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(max_length=20, choices=Event)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True, blank=True)  # None once it was sent, or given up
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # of the last HTTP answer
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [models.CheckConstraint(condition=Q(event__in=Event.values), name="delivery_event_is_known")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["webhook", "-id"], name="delivery_by_webhook"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to webhook {self.webhook_id}"
