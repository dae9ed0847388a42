"""Webhooks: who is told, and with what success. A secret is answered once, when it is made or renewed."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from raters.api.shared import RatersView, bounds, campaign_of, paged
from raters.models import Delivery, Webhook
from raters.models.webhooks import ASKED_FOR
from raters.services import webhooks as services
from vitrine.access import Role, allow
from vitrine.api_fields import Body
from vitrine.paging import keyset_page


@allow(Role.OPERATOR)
class WebhooksApi(RatersView):
    """GET: all webhooks. POST: tell an address of events; the answer has the secret, which is never shown again."""

    class Input(Body):
        url = serializers.CharField(max_length=500, help_text="https://…")
        events = serializers.ListField(
            child=serializers.ChoiceField(choices=[(event.value, event.label) for event in ASKED_FOR]), min_length=1
        )
        campaign = serializers.IntegerField(required=False, allow_null=True, help_text="id; else all campaigns")

    def get(self, request: Request) -> Response:
        return Response({"results": [_webhook(row) for row in Webhook.objects.all()]})

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        campaign = campaign_of(values["campaign"]) if values.get("campaign") else None
        made = services.make_webhook(values["url"], values["events"], campaign=campaign, by=request.user)
        return Response(_webhook(made) | {"secret": made.secret}, status=201)


@allow(Role.OPERATOR)
class WebhookApi(RatersView):
    """GET: one webhook. PATCH: switch it on or off, or renew its secret. DELETE: forget it and what is due to it."""

    class Input(Body):
        active = serializers.BooleanField(required=False)
        renew_secret = serializers.BooleanField(required=False, default=False)

    def get(self, request: Request, pk: int) -> Response:
        return Response(_webhook(get_object_or_404(Webhook, pk=pk)))

    def patch(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        found = get_object_or_404(Webhook, pk=pk)
        if "active" in asked.validated_data:
            services.switch(found, asked.validated_data["active"])
        told = {"secret": services.renew_secret(found)} if asked.validated_data["renew_secret"] else {}
        return Response(_webhook(found) | told)

    def delete(self, request: Request, pk: int) -> Response:
        get_object_or_404(Webhook, pk=pk).delete()
        return Response(status=204)


@allow(Role.OPERATOR)
class PingApi(RatersView):
    """POST: have a test sent to the address; what comes of it is told by its deliveries."""

    def post(self, request: Request, pk: int) -> Response:
        return Response(_delivery(services.ping(get_object_or_404(Webhook, pk=pk))), status=201)


@allow(Role.OPERATOR)
class DeliveriesApi(RatersView):
    """GET: a page of what a webhook was told, or is to be told, newest first."""

    def get(self, request: Request, pk: int) -> Response:
        page = keyset_page(Delivery.objects.filter(webhook=pk), **bounds(request))
        return Response(paged(page, [_delivery(row) for row in page.items]))


def _webhook(row: Webhook) -> dict[str, Any]:
    names = ("id", "url", "events", "active", "failures", "quiet_until", "problem", "told_at", "created_at")
    return {name: getattr(row, name) for name in names} | {"campaign": row.campaign_id}


def _delivery(row: Delivery) -> dict[str, Any]:
    names = ("id", "uuid", "event", "payload", "created_at", "due_at", "attempts", "sent_at", "status", "problem")
    return {name: getattr(row, name) for name in names}
