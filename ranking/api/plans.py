"""What to rate next."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.shared import LOOK, RankingView
from ranking.models import RatingPlan
from ranking.selectors import plans as selectors
from ranking.services import plans
from ranking.services.plans import LARGEST_BUDGET, USUAL, PlanWish
from vitrine.access import Role, allow
from vitrine.api_fields import Body, Number


@allow(*LOOK)
class PlansApi(RankingView):
    """GET: the newest plans. POST: have images drawn for rating, in the background."""

    class Input(Body):
        budget = serializers.IntegerField(min_value=1, max_value=LARGEST_BUDGET, help_text="images")
        top = Number(min_value=0, max_value=1, default=USUAL["top"])
        uncertain = Number(min_value=0, max_value=1, default=USUAL["uncertain"])
        seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)

    def get(self, request: Request) -> Response:
        return Response({"results": [_plan(row) for row in selectors.newest()]})

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_plan(plans.ask(PlanWish(**asked.validated_data), by=request.user)), status=202)


@allow(*LOOK)
class PlanApi(RankingView):
    """GET: one plan with its parts; `images` are the first few of each."""

    def get(self, request: Request, pk: int) -> Response:
        found = selectors.plan_or_404(pk)
        facts = selectors.facts_of(found)
        shown = [
            {"candidate": one.candidate_id, "why": one.why, "inclusion": one.inclusion, "probability": one.probability}
            for one in facts["images"]
        ]
        return Response(_plan(found) | {"parts": facts["parts"], "total": facts["total"], "images": shown})


@allow(Role.OPERATOR)
class PlanCampaignApi(RankingView):
    """POST: make the plan's campaign, as a draft."""

    class Input(Body):
        name = serializers.CharField(max_length=120)
        raters_per_image = serializers.IntegerField(min_value=1, max_value=50, required=False)

    def post(self, request: Request, pk: int) -> Response:
        found = selectors.plan_or_404(pk)
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        made = plans.make_campaign(found, by=request.user, **asked.validated_data)
        return Response({"campaign": made.pk, "images": made.task_count}, status=201)


def _plan(row: RatingPlan) -> dict[str, Any]:
    names = ("id", "budget", "shares", "seed", "gain", "made_at")
    return {name: getattr(row, name) for name in names} | {"campaign": row.campaign_id, "ranker": row.ranker_id}
