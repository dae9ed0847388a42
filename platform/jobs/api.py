"""Jobs for programs: list, one, cancel, retry. The same services as the pages, and the same roles."""

# ruff: noqa: ARG002 - DRF calls with the request, needed or not

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import selectors, services
from jobs.exceptions import NotAllowed
from jobs.kinds import kind_names
from jobs.models import Attempt, Job, Queue, State
from vitrine.access import Role, allow, roles_of
from vitrine.api_errors import Refused
from vitrine.api_fields import Body
from vitrine.api_paging import cursors_in
from vitrine.paging import keyset_page

LARGEST_PAGE = 200


@allow(Role.ANALYST, Role.OPERATOR)
class JobListApi(APIView):
    """GET: a page of jobs, newest first, with the cursors of its neighbours."""

    class Input(Body):
        state = serializers.ChoiceField(State.choices, required=False, default="")
        kind = serializers.CharField(required=False, default="")
        queue = serializers.ChoiceField(Queue.choices, required=False, default="")
        text = serializers.CharField(required=False, default="", max_length=200)
        size = serializers.IntegerField(required=False, default=50, min_value=1, max_value=LARGEST_PAGE)

        def validate_kind(self, value: str) -> str:
            if value and value not in kind_names():
                raise serializers.ValidationError(f"{value!r} is not a kind of job.")
            return value

    def get(self, request: Request) -> Response:
        asked = self.Input(data=request.query_params)
        asked.is_valid(raise_exception=True)
        names = ("state", "kind", "queue", "text")
        jobs = selectors.jobs_matching(selectors.Filters(**{name: asked.validated_data[name] for name in names}))
        page = keyset_page(jobs, **cursors_in(request), size=asked.validated_data["size"])
        results = [selectors.as_facts(job) for job in page.items]
        return Response({"results": results, "next": page.next_cursor, "previous": page.previous_cursor})


@allow(Role.ANALYST, Role.OPERATOR)
class JobApi(APIView):
    """GET: one job with its attempts; tracebacks and log lines are for operators."""

    def get(self, request: Request, job_id: int) -> Response:
        job = get_object_or_404(Job, pk=job_id)
        near = selectors.neighbours(job)
        told_all = Role.OPERATOR in roles_of(request.user)
        facts = selectors.as_facts(job) | {
            "params": job.params,
            "result": job.result,
            "steps_done": selectors.steps_done(job),
            "needs": [need.pk for need in near.needs],
            "needed_by": [need.pk for need in near.needed_by],
            "attempts": [_attempt(attempt, told_all) for attempt in selectors.attempts_of(job)],
        }
        return Response(facts)


@allow(Role.OPERATOR)
class JobCancelApi(APIView):
    """POST: cancel the job; 409 with a sentence where its state does not allow that."""

    def post(self, request: Request, job_id: int) -> Response:
        return _changed(job_id, services.cancel)


@allow(Role.OPERATOR)
class JobRetryApi(APIView):
    """POST: queue the job again; 409 with a sentence where its state does not allow that."""

    def post(self, request: Request, job_id: int) -> Response:
        return _changed(job_id, services.retry)


class Conflict(Refused):
    """The job's state does not allow that."""

    status_code = 409


def _changed(job_id: int, act: Callable[[Job], Job]) -> Response:
    try:
        return Response(selectors.as_facts(act(get_object_or_404(Job, pk=job_id))))
    except NotAllowed as error:
        raise Conflict(str(error)) from None


def _attempt(attempt: Attempt, told_all: bool) -> dict[str, Any]:
    names = ["number", "worker", "outcome", "started_at", "finished_at", "seconds", "exception"]
    if told_all:
        names += ["traceback", "log_tail"]
    return {name: getattr(attempt, name) for name in names}
