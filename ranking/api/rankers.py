"""Rankers, trainings, promotion and rollback."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ranking.api.shared import LOOK, RankingView, paged
from ranking.exceptions import BadWish
from ranking.models import LabelSet, Policy, Promotion, Ranker, RankerFile, Training
from ranking.models.rankers import RankerState
from ranking.selectors import rankers as selectors
from ranking.services import policy, registry, training
from ranking.services.training import LARGEST_SEED, LEARNERS, RULES, Wish
from vitrine.access import Role, allow
from vitrine.api_fields import Body, Number
from vitrine.api_paging import cursors_in
from vitrine.paging import LARGEST_ID


@allow(*LOOK)
class RankersApi(RankingView):
    """GET: a page of rankers, newest first, by `state`."""

    def get(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        if state and state not in RankerState.values:
            raise BadWish(f"{state!r} is no state of a ranker: say one of {', '.join(RankerState.values)}.")
        page = selectors.ranker_page(**cursors_in(request), state=state)
        return Response(paged(page, [_ranker(row) for row in page.items]))


@allow(*LOOK)
class ChampionApi(RankingView):
    """GET: who decides; `ranker` is null where the plain sum does. With the newest changes of champion."""

    def get(self, request: Request) -> Response:
        champion = registry.champion()
        log = Promotion.objects.select_related("before", "after", "by")[: selectors.LOG]
        told = {"ranker": _ranker(champion) if champion else None, "by": str(champion or registry.THE_SUM)}
        return Response(told | {"log": [_promotion(row) for row in log]})


@allow(*LOOK)
class RankerApi(RankingView):
    """GET: one ranker with its figures, its gate, its label set and its files."""

    def get(self, request: Request, pk: int) -> Response:
        found = selectors.ranker_or_404(pk)
        files = [{"name": one.name, "sha256": one.sha256, "bytes": one.bytes} for one in found.files.all()]
        told = {"figures": found.figures, "gate": found.gate, "why_not": selectors.standing(found), "files": files}
        return Response(_ranker(found) | told | {"labels": _labels(found.label_set), "versions": found.versions})


@allow(*LOOK)
class RankerFileApi(RankingView):
    """GET: one of a ranker's files, as it was trained; all of them in a folder load on another machine to the bit."""

    def get(self, request: Request, pk: int, name: str) -> FileResponse:
        found = get_object_or_404(RankerFile, ranker=pk, name=name)
        try:
            opened = default_storage.open(found.key)
        except FileNotFoundError:
            raise Http404(f"The file {name} is gone from the store; bring it back from a backup.") from None
        answer = FileResponse(opened, as_attachment=True, filename=name, content_type="application/octet-stream")
        answer.headers["ETag"] = f'"{found.sha256}"'
        return answer


@allow(Role.OPERATOR)
class PromoteApi(RankingView):
    """POST: have a ranker made champion; 409 with the gate's reasons unless a `reason` of one's own overrides it."""

    class Input(Body):
        reason = serializers.CharField(required=False, allow_blank=True, max_length=1000)

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        reason = asked.validated_data.get("reason", "")
        made = registry.ask_for_promotion(selectors.ranker_or_404(pk), by=request.user, reason=reason)
        return Response(_promotion(made), status=202)


@allow(Role.OPERATOR)
class RollbackApi(RankingView):
    """POST: give back to whoever decided before the champion, at once."""

    class Input(Body):
        reason = serializers.CharField(required=False, allow_blank=True, max_length=1000)

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_promotion(registry.rollback(by=request.user, reason=asked.validated_data.get("reason", ""))))


@allow(Role.OPERATOR)
class EvaluateApi(RankingView):
    """POST: hold a ranker against today's champion and labels, in the background."""

    def post(self, request: Request, pk: int) -> Response:
        job = training.ask_for_evaluation(selectors.ranker_or_404(pk), by=request.user)
        return Response({"job": job.pk}, status=202)


@allow(Role.OPERATOR)
class ShadowApi(RankingView):
    """POST: have a ranker score along without deciding (`on`), or no longer."""

    class Input(Body):
        on = serializers.BooleanField(default=True)

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_ranker(registry.set_shadow(selectors.ranker_or_404(pk), asked.validated_data["on"])))


@allow(*LOOK)
class TrainingsApi(RankingView):
    """POST: have a ranker trained. GET: the newest trainings."""

    class Input(Body):
        learner = serializers.ChoiceField(choices=list(LEARNERS), required=False)
        campaigns = serializers.ListField(
            child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), required=False, help_text="none: all"
        )
        rule = serializers.ChoiceField(choices=list(RULES), required=False)
        source = serializers.ChoiceField(choices=LabelSet.Source.choices, required=False)  # type: ignore[assignment]
        seed = serializers.IntegerField(min_value=0, max_value=LARGEST_SEED, required=False)
        note = serializers.CharField(max_length=300, required=False, allow_blank=True)

    def get(self, request: Request) -> Response:
        return Response({"results": [_training(row) for row in Training.objects.select_related("ranker")[:50]]})

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        made = training.ask(Wish.from_plain(asked.validated_data), by=request.user)
        return Response(_training(made), status=202)


@allow(*LOOK)
class TrainingApi(RankingView):
    """GET: one training, with its figures as they come."""

    def get(self, request: Request, pk: int) -> Response:
        return Response(_training(selectors.training_or_404(pk)))


@allow(*LOOK)
class PolicyApi(RankingView):
    """GET: how picks follow from scores. POST: change some of it."""

    class Input(Body):
        threshold = Number(min_value=0, max_value=1, required=False)
        top = serializers.IntegerField(min_value=1, max_value=100, required=False)
        distance = Number(min_value=0, max_value=2, required=False)
        retrain_after = serializers.IntegerField(min_value=0, required=False)

    def get(self, request: Request) -> Response:
        return Response(_policy(policy.current()))

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_policy(policy.change(by=request.user, **asked.validated_data)))


def _policy(row: Policy) -> dict[str, Any]:
    return {name: getattr(row, name) for name in policy.FIELDS}


def _ranker(row: Ranker) -> dict[str, Any]:
    names = ("id", "name", "version", "state", "learner", "seed", "digest", "definition", "note", "made_at")
    told = {name: getattr(row, name) for name in names}
    return told | {"label_set": row.label_set_id, "gate_passed": row.gate.get("promote")}


def _labels(row: LabelSet) -> dict[str, Any]:
    names = ("id", "digest", "source", "images", "products", "passed", "weighted", "sources", "left_out", "made_at")
    return {name: getattr(row, name) for name in names}


def _promotion(row: Promotion) -> dict[str, Any]:
    names = ("id", "kind", "state", "reason", "problem", "asked_at", "done_at")
    told = {name: getattr(row, name) for name in names}
    return told | {"before": row.before_id, "after": row.after_id, "job": row.job_id, "gate": row.gate}


def _training(row: Training) -> dict[str, Any]:
    names = ("id", "wish", "told", "problem", "scheduled", "asked_at", "ended_at")
    return {name: getattr(row, name) for name in names} | {"job": row.job_id, "ranker": row.ranker_id}
