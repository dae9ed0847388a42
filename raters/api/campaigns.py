"""Campaigns, their verdicts, and their ratings as files."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from raters.api.shared import LOOK, RatersView, bounds, campaign_of, paged, question_set_of
from raters.models import AlternativeVerdict, Campaign, Ruling, Verdict
from raters.models.campaigns import CampaignState, Vote
from raters.models.ratings import Outcome
from raters.selectors import monitoring
from raters.services import campaigns as services
from raters.services.campaigns import LONGEST_LEASE, MOST_RATERS
from raters.views.quality import ratings_response
from vitrine.access import Role, allow
from vitrine.api_fields import Body, Number
from vitrine.api_paging import cursors_in
from vitrine.paging import keyset_page

MOVES = {"open": services.open_campaign, "pause": services.pause, "close": services.close}


class Settings(Body):
    """What may be set of a campaign; each call has its own subclass, as the schema names them by call."""

    name = serializers.CharField(max_length=120)
    question_set = serializers.IntegerField(required=False, help_text="id; else the paper's eight questions")
    raters_per_image = serializers.IntegerField(min_value=1, max_value=MOST_RATERS[False], required=False)
    vote = serializers.ChoiceField(choices=Vote.choices, required=False)
    guidelines = serializers.CharField(required=False, allow_blank=True, max_length=40_000, help_text="Markdown")
    lease_minutes = serializers.IntegerField(min_value=1, max_value=LONGEST_LEASE, required=False)
    gold_share = Number(min_value=0, max_value=0.5, required=False, help_text="of the images shown")
    gold_feedback = serializers.BooleanField(required=False, help_text="tell the right answers after a gold item")
    per_rater_limit = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    early_stop = serializers.BooleanField(required=False, help_text="ask nobody more where the outcome is decided")
    tie_break = serializers.BooleanField(required=False, help_text="ask one more rater where the outcome is open")
    show_prompt = serializers.BooleanField(required=False)
    by_invitation = serializers.BooleanField(required=False)
    qualification_items = serializers.IntegerField(min_value=0, max_value=200, required=False)
    qualification_share = Number(min_value=0, max_value=1, required=False, help_text="to be right")


@allow(*LOOK)
class CampaignsApi(RatersView):
    """GET: a page of campaigns, newest first, by `state`. POST: make a draft."""

    class Input(Settings):
        """All of them; only the name is needed."""

    def get(self, request: Request) -> Response:
        page = monitoring.campaign_page(request.query_params.get("state", ""), **cursors_in(request))
        return Response(paged(page, [_campaign(row) for row in page.items]))

    def post(self, request: Request) -> Response:
        made = services.make_campaign(by=request.user, **_settings(self.Input(data=request.data)))
        return Response(_campaign(made), status=201)


@allow(*LOOK)
class CampaignApi(RatersView):
    """GET: one campaign with its guidelines and progress. PATCH: change some of its settings. DELETE: forget a draft.

    Once it was opened, what gives the ratings their meaning stays as it is.
    """

    class Input(Settings):
        name = serializers.CharField(max_length=120, required=False)

    def patch(self, request: Request, pk: int) -> Response:
        values = _settings(self.Input(data=request.data))
        return Response(_campaign(services.change_campaign(campaign_of(pk), by=request.user, **values)))

    def delete(self, request: Request, pk: int) -> Response:
        services.delete_draft(campaign_of(pk))
        return Response(status=204)

    def get(self, request: Request, pk: int) -> Response:
        campaign = campaign_of(pk)
        found = monitoring.monitor(campaign)
        outcomes = {value: count for value, _, count in found.outcomes}
        progress = {name: getattr(found.progress, name) for name in ("ratings", "target", "finished", "images")}
        told = {"progress": progress, "verdicts": outcomes, "held": found.held, "withheld": found.withheld}
        words = {name: getattr(campaign, name) for name in ("guidelines", "guidelines_version")}
        return Response(_campaign(campaign) | words | told)


@allow(Role.OPERATOR)
class CampaignActApi(RatersView):
    """POST: open, pause or close; 400 with a sentence where the campaign's state does not allow that."""

    def post(self, request: Request, pk: int, act: str) -> Response:
        if act not in MOVES:
            raise Http404(f"A campaign can be told to {', '.join(MOVES)}.")
        return Response(_campaign(MOVES[act](campaign_of(pk), by=request.user)))


@allow(*LOOK)
class VerdictsApi(RatersView):
    """GET: a page of verdicts by task, by `outcome` and `final`, with vote shares as soft labels.

    Beside each stand the newest ruling on the task, and what Dawid-Skene and MACE say of it, as last computed.
    """

    def get(self, request: Request, pk: int) -> Response:
        rows = Verdict.objects.filter(campaign=campaign_of(pk)).select_related("task__subject")
        if (outcome := request.query_params.get("outcome", "")) in Outcome.values:
            rows = rows.filter(outcome=outcome)
        if request.query_params.get("final") in ("true", "false"):
            rows = rows.filter(final=request.query_params["final"] == "true")
        page = keyset_page(rows, **bounds(request), ascending=True)
        return Response(paged(page, _verdicts(page.items)))


@allow(*LOOK)
class RatingsFileApi(RatersView):
    """GET: all ratings of a campaign as csv, jsonl, parquet, or json for Label Studio, streamed."""

    def get(self, request: Request, pk: int, kind: str) -> HttpResponseBase:
        return ratings_response(campaign_of(pk), kind)


def _settings(asked: serializers.Serializer[Any]) -> dict[str, Any]:
    """What was sent, as the services take it. Raises ValidationError."""
    asked.is_valid(raise_exception=True)
    values = dict(asked.validated_data)
    if "question_set" in values:
        values["question_set"] = question_set_of(values["question_set"])
    return values


def _campaign(row: Campaign) -> dict[str, Any]:
    names = ("id", "name", "state", "raters_per_image", "vote", "lease_minutes", "gold_share", "gold_feedback",
             "per_rater_limit", "early_stop", "tie_break", "show_prompt", "by_invitation", "qualification_items",
             "qualification_share", "origin", "task_count", "gold_count", "rating_target", "created_at", "opened_at",
             "closed_at")  # fmt: skip
    told = {name: getattr(row, name) for name in names}
    return told | {"question_set": row.question_set_id, "is_open": row.state == CampaignState.OPEN}


def _verdicts(rows: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts with what stands beside them; two queries, whatever there is."""
    tasks = [row.task_id for row in rows]
    rulings = {one.task_id: one for one in Ruling.objects.filter(task__in=tasks).order_by("pk")}
    others: dict[int, list[AlternativeVerdict]] = {}
    for other in AlternativeVerdict.objects.filter(task__in=tasks).order_by("pk"):
        others.setdefault(other.task_id, []).append(other)
    return [_verdict(row, rulings.get(row.task_id), others.get(row.task_id, [])) for row in rows]


def _verdict(row: Verdict, ruling: Ruling | None, others: Sequence[AlternativeVerdict]) -> dict[str, Any]:
    names = ("outcome", "by_question", "by_rater", "share", "ratings", "final", "early", "questions", "updated_at")
    beside = ("outcome", "probability", "questions", "computed_at")
    task = row.task
    return {
        "task": task.pk,
        "name": task.name or f"#{task.pk}",
        "candidate": task.candidate_id,
        "subject": task.subject.name if task.subject else "",
        "method": task.method,
        **{name: getattr(row, name) for name in names},
        "ruling": {"outcome": ruling.outcome, "answers": ruling.answers, "at": ruling.at} if ruling else None,
        "alternatives": {one.method: {name: getattr(one, name) for name in beside} for one in others},
    }
