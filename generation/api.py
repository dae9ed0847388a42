"""Generation for programs: methods, runs, batches, candidates. The same services as the pages, and the same roles."""

# ruff: noqa: ARG002 - DRF calls with the request and the view, needed or not

from collections.abc import Collection
from typing import Any

from django.http import Http404
from django.urls import reverse
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Product
from generation.exceptions import GenerationError, NotPossible
from generation.models import Batch, Candidate, Method, Run
from generation.recipe import recipe_from
from generation.selectors import batches as batch_selectors
from generation.selectors import methods as method_selectors
from generation.selectors import pictures
from generation.selectors import runs as run_selectors
from generation.selectors.choosing import MOST as MOST_CHOSEN
from generation.selectors.progress import StageProgress, stage_progress
from generation.services import control
from generation.services import methods as method_services
from generation.services import runs as services
from generation.views.acts import ACTS, BATCH_ACTS
from vitrine.access import Role, allow, roles_of
from vitrine.api_errors import Refused
from vitrine.api_fields import Body
from vitrine.api_paging import cursor_in, cursors_in, size_in
from vitrine.paging import LARGEST_ID, Page, cursor_from

LOOK = (Role.ANALYST, Role.OPERATOR)
LARGEST_PAGE = 200


class OperatorsWrite(permissions.BasePermission):
    """Analysts may read; what changes something is for operators."""

    message = "This call is for operator."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in permissions.SAFE_METHODS or Role.OPERATOR in roles_of(request.user)


class Conflict(Refused):
    """The state of what is meant does not allow that."""

    status_code = 409


class GenerationView(APIView):
    """What the calls share: who may write, and refusals of the services as errors of the caller."""

    permission_classes = [permissions.IsAuthenticated, OperatorsWrite]

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(Refused(str(exc)) if isinstance(exc, GenerationError) else exc)


class Asked(Body):
    """How products are to be run; `method` is a name, for its newest version, or a name and version such as "x v2"."""

    method = serializers.CharField(max_length=100)
    model_set = serializers.CharField(max_length=80, required=False, default="")
    seed = serializers.IntegerField(min_value=0, required=False, default=0)
    candidates = serializers.IntegerField(min_value=1, required=False, default=None)
    commercial = serializers.BooleanField(required=False, default=False)

    def wish(self) -> services.Wish:
        data = self.validated_data
        names = ("model_set", "seed", "commercial", "candidates")
        return services.Wish(method_services.named(data["method"]), **{name: data[name] for name in names})


@allow(*LOOK)
class RunsApi(GenerationView):
    """GET: a page of runs, newest first, by state, method and batch. POST: start one; asked again, the same run.

    `told` of the answer says what becomes of a wish that differs from one before, for a run that is on its way.
    `method` is an id, or a name as in the call that starts one: the newest version's runs, or those of "x v2".
    """

    class Input(Asked):
        product = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)

    def get(self, request: Request) -> Response:
        page = run_selectors.run_page(_runs_wanted(request), **cursors_in(request), size=size_in(request, LARGEST_PAGE))
        return Response(_page(page, [_run(run) for run in page.items]))

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        product = Product.objects.filter(pk=asked.validated_data["product"]).first()
        if product is None:
            raise serializers.ValidationError({"product": f"There is no product {asked.validated_data['product']}."})
        told: list[str] = []
        run = services.start_run(product, asked.wish(), asked_by=request.user, tell=told.append)  # type: ignore[arg-type]
        return Response(_whole_run(run.pk) | {"told": told}, status=201)


@allow(*LOOK)
class RunApi(GenerationView):
    """GET: one run with its stages, how far each is, and what it has cost."""

    def get(self, request: Request, pk: int) -> Response:
        return Response(_whole_run(pk))


@allow(Role.OPERATOR)
class RunActApi(GenerationView):
    """POST: pause, resume, cancel or retry; 409 with a sentence where the run's state does not allow that."""

    def post(self, request: Request, pk: int, act: str) -> Response:
        if act not in ACTS:
            raise Http404
        try:
            ACTS[act].run(run_selectors.run_or_404(pk))
        except NotPossible as refusal:
            raise Conflict(str(refusal)) from None
        return Response(_whole_run(pk))


@allow(*LOOK)
class CandidatesApi(GenerationView):
    """GET: a page of a run's candidates with their metrics; `sort` is place, score or a metric, best first."""

    def get(self, request: Request, pk: int) -> Response:
        run = run_selectors.run_or_404(pk)
        one_of(request, "sort", pictures.SORTS)
        tier = one_of(request, "tier", [str(number) for number in range(run.tier + 1)])
        page = pictures.candidate_page(
            pk,
            tier=int(tier) if tier else run.tier,
            sort=pictures.sort_of(request.query_params),
            after=cursor_in(request, "after"),
            size=size_in(request, LARGEST_PAGE),
        )
        return Response({"results": [told_of(one) for one in page.items], "next": page.next_cursor})


@allow(*LOOK)
class BatchesApi(GenerationView):
    """GET: a page of batches, newest first. POST: start one of the products with these ids."""

    class Input(Asked):
        products = serializers.ListField(
            child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), min_length=1, max_length=MOST_CHOSEN
        )
        title = serializers.CharField(max_length=200, required=False, default="")

    def get(self, request: Request) -> Response:
        page = batch_selectors.batch_page(**cursors_in(request), size=size_in(request, LARGEST_PAGE))
        retried = control.retried_batches()
        return Response(_page(page, [_batch(batch, retrying=batch.pk in retried) for batch in page.items]))

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        ids = asked.validated_data["products"]
        missing = sorted(set(ids) - set(Product.objects.filter(pk__in=ids).values_list("pk", flat=True)))
        if missing:
            raise serializers.ValidationError({"products": f"There is no product {missing[0]}."})
        title = asked.validated_data["title"]
        started = services.start_batch(ids, asked.wish(), title=title, asked_by=request.user)  # type: ignore[arg-type]
        facts = {"batch": _batch(started.batch) if started.batch else None}
        return Response(facts | {"added": started.added, "there": started.there}, status=201 if started.batch else 200)


@allow(*LOOK)
class BatchApi(GenerationView):
    """GET: one batch with its counts, how far each stage is, and why runs stopped."""

    def get(self, request: Request, pk: int) -> Response:
        return Response(_whole_batch(pk))


@allow(Role.OPERATOR)
class BatchActApi(GenerationView):
    """POST: pause, resume, cancel, or retry what failed; 409 with a sentence where there is nothing of that to do."""

    def post(self, request: Request, pk: int, act: str) -> Response:
        if act not in BATCH_ACTS:
            raise Http404
        try:
            BATCH_ACTS[act].run(batch_selectors.batch_or_404(pk))
        except NotPossible as refusal:
            raise Conflict(str(refusal)) from None
        return Response(_whole_batch(pk))


@allow(*LOOK)
class MethodsApi(GenerationView):
    """GET: all methods. POST: a new one, or the next version of the one of that name; `recipe` is plain values."""

    class Input(Body):
        name = serializers.CharField(max_length=80)
        title = serializers.CharField(max_length=200)
        description = serializers.CharField(max_length=5_000, required=False, default="", allow_blank=True)
        recipe = serializers.DictField()

    def get(self, request: Request) -> Response:
        return Response({"results": [_method(method) for method in method_selectors.methods()]})

    def post(self, request: Request) -> Response:
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        words = {"title": data["title"], "description": data["description"]}
        made = method_services.make_method(data["name"], recipe_from(data["recipe"]), **words, by=request.user)  # type: ignore[arg-type]
        return Response(_method(made) | {"recipe": made.recipe}, status=201)


@allow(*LOOK)
class MethodApi(GenerationView):
    """GET: one method with its whole recipe."""

    def get(self, request: Request, pk: int) -> Response:
        method = method_selectors.method_or_404(pk)
        return Response(_method(method) | {"recipe": method.recipe})


def _run(run: Run) -> dict[str, Any]:
    names = ("id", "seed", "model_set", "commercial", "state", "tier", "problem", "candidate_count", "picked_count",
             "created_at", "started_at", "finished_at")  # fmt: skip
    told = {name: getattr(run, name) for name in names}
    url = reverse("generation:run", args=[run.pk])
    return told | {"product": run.product_id, "method": str(run.method), "batch": run.batch_id, "url": url}


def _whole_run(pk: int) -> dict[str, Any]:
    run = run_selectors.run_or_404(pk)
    tiers = run_selectors.tiers_of(run)
    cost = run_selectors.cost_of(tiers)
    return _run(run) | {
        "stages": [_stage(stage) for tier in tiers for stage in tier.stages],
        "cost": {name: getattr(cost, name) for name in ("seconds", "gpu_seconds", "peak_bytes", "images", "money")},
    }


def _stage(stage: run_selectors.StageView) -> dict[str, Any]:
    names = ("seconds", "gpu_seconds", "peak_bytes", "images", "steps", "error", "asks_person")
    return {"stage": stage.name, "tier": stage.row.tier, "state": stage.state, "shared": stage.row.reused} | {
        "percent": stage.pace.percent if stage.pace else None,
        "seconds_left": stage.pace.seconds_left if stage.pace else None,
        "job": stage.result.job_id,
        **{name: getattr(stage.result, name) for name in names},
    }


def told_of(one: Candidate) -> dict[str, Any]:
    """A candidate as calls tell it."""
    names = (
        "id",
        "prompt",
        "words",
        "seed",
        "sha256",
        "width",
        "height",
        "dropped",
        "score",
        "place",
        "picked",
        "tier",
    )
    urls = {"url": one.key, "thumbnail_url": one.thumbnail_key}
    return {
        **{name: getattr(one, name) for name in names},
        **{name: reverse("catalog:media", args=[key]) for name, key in urls.items()},
        "metrics": {name: getattr(one, name) for name in pictures.METRICS},
    }


def _batch(batch: Batch, *, retrying: bool = False) -> dict[str, Any]:
    names = ("id", "title", "state", "model_set", "seed", "commercial", "total", *batch_selectors.STATES, "created_at")
    told = {name: getattr(batch, name) for name in names}
    told |= {"over": batch.is_over, "retrying": retrying}
    return told | {"method": str(batch.method), "url": reverse("generation:batch", args=[batch.pk])}


def _whole_batch(pk: int) -> dict[str, Any]:
    batch = batch_selectors.batch_or_404(pk)
    stages = [_progress(one) for one in stage_progress(batch)]
    told = _batch(batch, retrying=control.retry_job(batch) is not None)
    return told | {"stages": stages, "reasons": [vars(one) for one in batch_selectors.reasons(batch)]}


def _progress(one: StageProgress) -> dict[str, Any]:
    return vars(one) | {"title": one.title, "done": one.done}


def _method(method: Method) -> dict[str, Any]:
    names = ("id", "name", "version", "title", "description", "frozen", "origin", "retired", "created_at")
    return {name: getattr(method, name) for name in names}


def _page(page: Page[Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"results": results, "next": page.next_cursor, "previous": page.previous_cursor}


def one_of(request: Request, name: str, known: Collection[str]) -> str:
    """What a call's address says of that name, or ""; a value that is not known is refused, never left out."""
    value = request.query_params.get(name, "")
    if value and value not in known:
        raise serializers.ValidationError({name: f"{value!r} is none of these: {', '.join(known)}."})
    return value


def _runs_wanted(request: Request) -> run_selectors.RunFilter:
    state, method = one_of(request, "state", Run.State.values), request.query_params.get("method", "")
    batch = request.query_params.get("batch", "")
    if batch and cursor_from(batch) is None:
        raise serializers.ValidationError({"batch": f"{batch!r} is no number of a batch."})
    named = method_services.named(method).pk if method and cursor_from(method) is None else cursor_from(method)
    return run_selectors.RunFilter(state, named, cursor_from(batch))
