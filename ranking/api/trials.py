"""A/B: trials of a ranker on a share of the products, what raters said of both sides, and notices of drift."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.shared import LOOK, RankingView, paged
from ranking.models import DriftNotice, Ranker, Trial
from ranking.selectors import comparing
from ranking.selectors.comparing import Side
from ranking.selectors.rankers import open_notices
from ranking.services import notices, registry, trials
from vitrine.access import Role, allow
from vitrine.api_fields import Body, Number
from vitrine.api_paging import cursors_in


@allow(*LOOK)
class TrialsApi(RankingView):
    """GET: a page of trials, newest first. POST: begin one, against whoever decides now; 409 while another runs."""

    class Input(Body):
        ranker = serializers.PrimaryKeyRelatedField(queryset=Ranker.objects.all())
        share = Number(help_text=f"of the products, above 0 and at most {trials.LARGEST_SHARE:g}")

    def get(self, request: Request) -> Response:
        page = comparing.trial_page(**cursors_in(request))
        return Response(paged(page, [_trial(row) for row in page.items]))

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_trial(trials.begin(**asked.validated_data, by=request.user)), status=201)


@allow(*LOOK)
class TrialApi(RankingView):
    """GET: a trial with its two sides, the tried ranker's first, and the difference with its 95 % range."""

    def get(self, request: Request, pk: int) -> Response:
        told = comparing.compared(comparing.trial_or_404(pk))
        sides = [_side(side) for side in told.sides]
        return Response(_trial(told.trial) | {"sides": sides, "difference": asdict(told.difference)})


@allow(Role.OPERATOR)
class TrialEndApi(RankingView):
    """POST: give all products the champion's picks again; done twice, it is done once."""

    def post(self, request: Request, pk: int) -> Response:
        found = comparing.trial_or_404(pk)
        trials.end(found)
        return Response(_trial(found))


@allow(Role.OPERATOR)
class TrialCampaignApi(RankingView):
    """POST: make a campaign, as a draft, of both sides' picks of products drawn by lot; raters see no side."""

    class Input(Body):
        name = serializers.CharField(max_length=120)
        images = serializers.IntegerField(min_value=2, max_value=trials.LARGEST_CAMPAIGN, help_text="of both sides")
        raters_per_image = serializers.IntegerField(min_value=1, max_value=50, required=False)

    def post(self, request: Request, pk: int) -> Response:
        found = comparing.trial_or_404(pk)
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        made = trials.make_campaign(found, **asked.validated_data, by=request.user)
        return Response({"campaign": made.pk, "images": made.task_count}, status=201)


@allow(*LOOK)
class NoticesApi(RankingView):
    """GET: the open notices of drift, and of rankers that cannot score, newest first."""

    def get(self, request: Request) -> Response:
        return Response({"results": [_notice(row) for row in open_notices()]})


@allow(Role.OPERATOR)
class NoticeCloseApi(RankingView):
    """POST: close a notice; it comes back where the next look finds the same."""

    def post(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(DriftNotice, pk=pk)
        notices.close(found, by=request.user)
        found.refresh_from_db()
        return Response(_notice(found))


def _trial(row: Trial) -> dict[str, Any]:
    names = ("id", "share", "running", "begun_at", "ended_at")
    told = {name: getattr(row, name) for name in names}
    against = str(row.against or registry.THE_SUM)
    return told | {"ranker": row.ranker_id, "name": str(row.ranker), "against": row.against_id, "against_name": against}


def _side(side: Side) -> dict[str, Any]:
    return asdict(side) | {"rate": side.rate, "product_rate": side.product_rate}


def _notice(row: DriftNotice) -> dict[str, Any]:
    names = ("id", "kind", "about", "sentence", "figures", "opened_at", "closed_at")
    return {name: getattr(row, name) for name in names} | {"ranker": row.ranker_id}
