"""A campaign's images one by one, what raters reported of them, and the gold items among them."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from raters.api.shared import LOOK, RatersView, bounds, campaign_of, paged
from raters.models import Assignment, GoldItem, Task
from raters.models.tasks import TaskState
from raters.selectors import disputes, monitoring
from raters.selectors import reports as selectors
from raters.services import gold, tasks
from vitrine.access import Role, allow
from vitrine.api_fields import Body
from vitrine.paging import keyset_page


def _expected() -> serializers.DictField:
    """A field of right answers; each serializer needs one of its own."""
    return serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=60), max_length=9),
        help_text="by question key: the answers that are right; a question that is left out is not marked",
    )


@allow(*LOOK)
class TasksApi(RatersView):
    """GET: a page of a campaign's images in the order in which they were added, each with what raters reported of it.

    By `state`: fresh, begun, full, complete, withheld (after reports) or gold; or `reported` for all that ever were.
    """

    def get(self, request: Request, pk: int) -> Response:
        asked = request.query_params.get("state", "")
        if asked not in ("", selectors.REPORTED, *TaskState.values):
            raise serializers.ValidationError({"state": f"It may be reported, {', '.join(TaskState.values)}."})
        rows = selectors.tasks_of(campaign_of(pk), asked)
        page = keyset_page(rows, **bounds(request), ascending=True)
        reports = selectors.reports_of(page.items)
        return Response(paged(page, [_task(row, reports.get(row.pk, [])) for row in page.items]))


@allow(Role.OPERATOR)
class TaskActApi(RatersView):
    """POST: withhold an image from raters, or release one that is withheld; its ratings stay either way."""

    def post(self, request: Request, pk: int, task: int, act: str) -> Response:
        found = disputes.task_or_404(campaign_of(pk), task)
        if act not in tasks.ACTS:
            raise Http404(f"An image can be told to {', '.join(tasks.ACTS)}.")
        tasks.ACTS[act](found, by=request.user)
        found = disputes.task_or_404(campaign_of(pk), task)
        return Response(_task(found, selectors.reports_of([found]).get(found.pk, [])))


@allow(Role.OPERATOR)
class GoldItemsApi(RatersView):
    """GET: a page of gold items, newest first. POST: make one of an image that nobody has had (`state` fresh)."""

    class Input(Body):
        task = serializers.IntegerField(min_value=1, help_text="id of the image")
        expected = _expected()
        use = serializers.ChoiceField(choices=GoldItem.Use.choices, required=False, default=GoldItem.Use.HIDDEN)
        explanation = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def get(self, request: Request, pk: int) -> Response:
        page = keyset_page(monitoring.gold_items(campaign_of(pk)), **bounds(request))
        return Response(paged(page, [_gold(row) for row in page.items]))

    def post(self, request: Request, pk: int) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        found = disputes.task_or_404(campaign_of(pk), values.pop("task"))
        return Response(_gold(gold.make_gold(found, values.pop("expected"), by=request.user, **values)), status=201)


@allow(Role.OPERATOR)
class GoldItemApi(RatersView):
    """GET: one gold item. PUT: other right answers to it, and why; the log tells what was expected before."""

    class Input(Body):
        expected = _expected()
        explanation = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def get(self, request: Request, pk: int, item: int) -> Response:
        return Response(_gold(get_object_or_404(GoldItem, pk=item, campaign=pk)))

    def put(self, request: Request, pk: int, item: int) -> Response:
        found = get_object_or_404(GoldItem, pk=item, campaign=pk)
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_gold(gold.change_gold(found, by=request.user, **asked.validated_data)))


def _task(row: Task, reports: list[Assignment]) -> dict[str, Any]:
    photos = row.subject.photos if row.subject else []
    names = ("name", "method", "state", "wanted", "held", "done")
    return {
        "id": row.pk,
        "candidate": row.candidate_id,
        "subject": row.subject.name if row.subject else "",
        **{name: getattr(row, name) for name in names},
        "reports": [{"rater": one.rater.code, "reason": one.reason, "at": one.ended_at} for one in reports],
        "picture": reverse("raters:api-task-picture", args=[row.campaign_id, row.pk]) if row.picture_key else None,
        "photos": [
            reverse("raters:api-task-photo", args=[row.campaign_id, row.pk, place]) for place in range(len(photos))
        ],
    }


def _gold(row: GoldItem) -> dict[str, Any]:
    names = ("id", "use", "expected", "explanation", "created_at")
    return {"task": row.task_id, **{name: getattr(row, name) for name in names}}
