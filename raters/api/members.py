"""Who rates in a campaign, invited, taken off and let in again, and the log of what was done to it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from raters.api.shared import LOOK, RatersView, bounds, campaign_of, paged, rater_named
from raters.models import CampaignEvent, CampaignRater
from raters.selectors import monitoring
from raters.services import blocking, people
from vitrine.access import Role, allow
from vitrine.api_fields import Body
from vitrine.paging import keyset_page

MOST_INVITED = 500


@allow(*LOOK)
class MembersApi(RatersView):
    """GET: a page of who is in a campaign, each with their state, qualification and counts, in the order they came.

    `state` is invited, qualifying, active, failed (the qualification round) or blocked (taken off).
    """

    def get(self, request: Request, pk: int) -> Response:
        page = keyset_page(monitoring.members(campaign_of(pk)), **bounds(request), ascending=True)
        return Response(paged(page, [_member(row) for row in page.items]))


@allow(Role.OPERATOR)
class InviteApi(RatersView):
    """POST: let people with the role of a rater into a campaign, by their usernames; answers how many are new."""

    class Input(Body):
        usernames = serializers.ListField(child=serializers.CharField(max_length=150), max_length=MOST_INVITED)

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = set(asked.validated_data["usernames"])
        users = list(User.objects.filter(username__in=wanted, is_active=True, groups__name=Role.RATER.value))
        unknown = sorted(wanted - {user.username for user in users})
        if unknown:
            raise serializers.ValidationError({"usernames": f"{unknown[0]!r} is no active person who may rate."})
        invited = people.invite([people.rater_of(user) for user in users], campaign_of(pk))
        return Response({"invited": invited})


@allow(Role.OPERATOR)
class BlockApi(RatersView):
    """POST: take a rater off the campaign, with a reason; what they hold goes to others, their ratings stay."""

    class Input(Body):
        rater = serializers.CharField(max_length=80, help_text="the rater's code")
        reason = serializers.CharField(max_length=500)

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        back = blocking.block(rater_named(values["rater"]), campaign_of(pk), reason=values["reason"], by=request.user)
        return Response({"rater": values["rater"], "given_back": back})


@allow(Role.OPERATOR)
class UnblockApi(RatersView):
    """POST: let a blocked rater in again, or one who did not qualify all the same."""

    class Input(Body):
        rater = serializers.CharField(max_length=80, help_text="the rater's code")

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        blocking.unblock(rater_named(asked.validated_data["rater"]), campaign_of(pk), by=request.user)
        return Response({"rater": asked.validated_data["rater"]})


@allow(*LOOK)
class EventsApi(RatersView):
    """GET: a page of what was done to a campaign, by whom and when, newest first; it is only ever added to."""

    def get(self, request: Request, pk: int) -> Response:
        rows = CampaignEvent.objects.filter(campaign=campaign_of(pk)).select_related("by")
        page = keyset_page(rows, **bounds(request))
        return Response(paged(page, [_event(row) for row in page.items]))


def _member(row: CampaignRater) -> dict[str, Any]:
    names = ("state", "qualified_at", "joined_at", "last_at", "ratings", "gold_ratings", "skips", "active_ms")
    user = row.rater.user
    told = {"rater": row.rater.code, "username": user.get_username() if user else None, "origin": row.rater.origin}
    return told | {name: getattr(row, name) for name in names}


def _event(row: CampaignEvent) -> dict[str, Any]:
    by = row.by.get_username() if row.by else None
    return {"id": row.pk, "kind": row.kind, "at": row.at, "by": by, "details": row.details}
