"""Agreement, raters, exclusions, disputes and rulings."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from raters.api.shared import LOOK, RatersView, bounds, campaign_of, paged, rater_named
from raters.models import Exclusion, RaterFigures
from raters.selectors import disputes
from raters.selectors import quality as selectors
from raters.services import adjudication, exclusions, figures
from vitrine.access import Role, allow
from vitrine.api_fields import Body
from vitrine.paging import keyset_page


@allow(*LOOK)
class QualityApi(RatersView):
    """GET: agreement by question with intervals, as last computed, when, and whether it is `old`. POST: compute it."""

    permission_classes = [permissions.IsAuthenticated]

    def get(self, request: Request, pk: int) -> Response:
        found = selectors.figures_of(campaign_of(pk))
        names = ("asked_at", "computed_at", "seconds", "ratings", "agreement", "usual", "consensus", "problem")
        told = {name: getattr(found, name) if found else None for name in names}
        return Response(told | {"old": found is not None and selectors.is_old(found)})

    def post(self, request: Request, pk: int) -> Response:
        asked = figures.ask(campaign_of(pk), by=request.user)
        return Response({"asked_at": asked.asked_at}, status=202)


@allow(*LOOK)
class RatersApi(RatersView):
    """GET: a page of a campaign's raters with figures and flags, as last computed."""

    def get(self, request: Request, pk: int) -> Response:
        rows = RaterFigures.objects.filter(campaign=campaign_of(pk)).select_related("rater")
        page = keyset_page(rows, **bounds(request), ascending=True)
        return Response(paged(page, [_rater(row) for row in page.items]))


@allow(*LOOK)
class ExclusionsApi(RatersView):
    """GET: a page of exclusions, newest first. POST: leave a rater's ratings out from a time on."""

    class Input(Body):
        rater = serializers.CharField(max_length=80, help_text="the rater's code")
        since = serializers.DateTimeField(help_text="ratings made at or after this time")
        reason = serializers.CharField(max_length=500)

    def get(self, request: Request, pk: int) -> Response:
        page = keyset_page(selectors.exclusions(campaign_of(pk)), **bounds(request))
        return Response(paged(page, [_exclusion(row) for row in page.items]))

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        made = exclusions.exclude(
            rater_named(values["rater"]),
            campaign_of(pk),
            since=values["since"],
            reason=values["reason"],
            by=request.user,
        )
        return Response(_exclusion(made), status=201)


@allow(Role.OPERATOR)
class LiftApi(RatersView):
    """POST: undo an exclusion, with the reason."""

    class Input(Body):
        reason = serializers.CharField(max_length=500)

    def post(self, request: Request, pk: int, exclusion: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        found = get_object_or_404(Exclusion, pk=exclusion, campaign=pk)
        return Response(_exclusion(exclusions.lift(found, by=request.user, **asked.validated_data)))


@allow(*LOOK)
class DisputesApi(RatersView):
    """GET: a page of tasks that wait for a ruling, by `kind`: tied, rules, split or weighed. Without the votes.

    Their pictures are at `api/campaigns/<id>/tasks/<task>/picture` and `…/photos/<place>`, as raters saw them.
    """

    def get(self, request: Request, pk: int) -> Response:
        kind = request.query_params.get("kind", disputes.DEFAULT)
        if kind not in disputes.KINDS:
            raise serializers.ValidationError({"kind": f"It may be {', '.join(disputes.KINDS)}."})
        page = keyset_page(disputes.disputed(campaign_of(pk), kind), **bounds(request), ascending=True)
        return Response(paged(page, [{"task": row.task_id} for row in page.items]))


@allow(*LOOK)
class RulingsApi(RatersView):
    """POST: rule on a task with an answer to each question; the votes stay as they are."""

    permission_classes = [permissions.IsAuthenticated]

    class Input(Body):
        answers = serializers.DictField(child=serializers.CharField(), help_text="by question key")
        reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def post(self, request: Request, pk: int, task: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        found = disputes.task_or_404(campaign_of(pk), task)
        made = adjudication.rule(found, by=request.user, **asked.validated_data)
        told = {name: getattr(made, name) for name in ("id", "outcome", "answers", "reason", "at")}
        return Response(told | {"task": found.pk, "verdict": found.verdict.outcome}, status=201)


def _rater(row: RaterFigures) -> dict[str, Any]:
    told = {"rater": row.rater.code, "origin": row.rater.origin, "computed_at": row.computed_at}
    return told | {"flags": row.flags, **row.figures}


def _exclusion(row: Exclusion) -> dict[str, Any]:
    names = ("id", "since", "reason", "made_at", "lifted_at", "lift_reason")
    return {"rater": row.rater.code, **{name: getattr(row, name) for name in names}}
