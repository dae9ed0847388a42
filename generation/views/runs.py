"""Runs: the list, one with its stages and pictures, and what a person does with it."""

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from generation.exceptions import GenerationError
from generation.models import Run, StageResult
from generation.recipe_fields import sections
from generation.selectors import photos, pictures, runs, stages
from generation.selectors.costs import cost_of_stage
from generation.selectors.methods import methods
from generation.services import untold
from generation.views.acts import ACTS, acts_for
from generation.views.people import is_operator
from jobs.selectors import pace, running_time
from vitrine.access import Role, allow
from vitrine.page_cursors import cursor_of, cursors_of
from vitrine.paging import pager_links

LOOK = (Role.ANALYST, Role.OPERATOR)
WITH_CANDIDATES = ("generate", "measure", "select")


@allow(*LOOK)
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """Runs, newest first; asked by htmx, only the rows."""
    wanted = runs.RunFilter.of(request.GET)
    context = rows_context(request, wanted) | {"base_url": reverse("generation:runs")}
    if fragment(request):
        return render(request, "generation/_run_rows.html", context)
    context |= {"states": Run.State.choices, "methods": methods()}
    response = render(request, "generation/runs.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@allow(*LOOK)
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: its stages as a strip, and one of them in full."""
    context = _live_context(request, runs.run_or_404(pk))
    if chosen := context["chosen"]:
        context |= _stage_context(request, context["run"], chosen)
    return render(request, "generation/run.html", context)


@allow(*LOOK)
@require_safe
def run_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a run's page that changes while it runs."""
    return render(request, "generation/_run_live.html", _live_context(request, runs.run_or_404(pk)))


@allow(*LOOK)
@require_safe
def run_stage(request: HttpRequest, pk: int, tier: int, stage: str) -> HttpResponse:
    """One stage in full; without htmx, the run's page with that stage open."""
    if not fragment(request):
        return _on_its_page(request, pk, stage, tier)
    found = runs.run_or_404(pk)
    view = runs.chosen_stage(runs.tiers_of(found), stage, tier)
    if view is None or (view.name, view.row.tier) != (stage, tier):
        raise Http404(f"Run #{pk} has no stage {stage}.")
    return render(request, "generation/_stage.html", {"run": found} | _stage_context(request, found, view))


@allow(*LOOK)
@require_safe
def stage_pictures(request: HttpRequest, pk: int) -> HttpResponse:
    """A stage's pictures of one kind; with `after`, the next ones alone. Without htmx, a run's page that shows them."""
    result = get_object_or_404(StageResult.objects.defer("result", "inputs"), pk=pk)
    if not fragment(request) and (used := stages.user_of(result)):
        return _on_its_page(request, used.run_id, used.stage, used.tier)
    context = _pictures_context(request, result) | {"stage": {"result_id": pk}}
    template = "_shots" if request.GET.get("after") else "_pictures"
    return render(request, f"generation/{template}.html", context)


@allow(*LOOK)
@require_safe
def run_candidates(request: HttpRequest, pk: int, tier: int) -> HttpResponse:
    """The candidates of a run, sorted; with `after`, the next ones alone. Without htmx, the run's page with them."""
    found = runs.run_or_404(pk)
    if not fragment(request):
        return _on_its_page(request, pk, "select", tier)
    context = {"run": found, "tier": tier} | _candidates_context(request, found, tier)
    template = "_candidate_shots" if request.GET.get("after") else "_candidates"
    return render(request, f"generation/{template}.html", context)


@allow(Role.OPERATOR)
@require_POST
def run_change(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Pause, resume, cancel or retry a run."""
    found = runs.run_or_404(pk)
    if act not in ACTS:
        raise Http404(f"A run knows no {act}.")
    level, notice = messages.SUCCESS, ACTS[act].done.format(what=f"Run #{pk}")
    try:
        ACTS[act].run(found)
    except GenerationError as refusal:
        level, notice = messages.ERROR, str(refusal)
    if fragment(request):
        # The answer stands in the page at once, so its message is a toast.
        response = render(request, "generation/_run_live.html", _live_context(request, runs.run_or_404(pk)))
        return toast(response, level, notice)
    messages.add_message(request, level, notice)
    return redirect("generation:run", pk)


@allow(*LOOK)
@require_safe
def job_training(request: HttpRequest, pk: int) -> HttpResponse:
    """How a job of fine-tuning goes, on the job's own page; it asks again until the job has ended."""
    context: dict[str, Any] = {"job_id": pk}
    if (result := stages.trained_by(pk)) is not None:
        live = result.state in (StageResult.State.WAITING, StageResult.State.RUNNING)
        context |= {"training": stages.training_of(result), "stage": stages.user_of(result), "live": live}
    return render(request, "generation/_job_training.html", context)


def rows_context(request: HttpRequest, wanted: runs.RunFilter) -> dict[str, Any]:
    """What `_run_rows.html` needs for these runs."""
    page = runs.run_page(wanted, **cursors_of(request))
    return {
        "page": page,
        "pager": pager_links(page, request.GET),
        "filter": wanted,
        "live": any(runs.is_live(one) for one in page.items),
        "own_url": request.get_full_path(),
    }


def _live_context(request: HttpRequest, found: Run) -> dict[str, Any]:
    tiers = runs.tiers_of(found)
    if untold.settle_shown(found, [stage.row for tier in tiers for stage in tier.stages]):
        found = runs.run_or_404(found.pk)
        tiers = runs.tiers_of(found)
    tier = request.GET.get("tier", "")
    chosen = runs.chosen_stage(tiers, request.GET.get("stage", ""), int(tier) if tier.isdecimal() else None)
    operator = is_operator(request)
    return {
        "run": found,
        "tiers": tiers,
        "chosen": chosen,
        "cost": runs.cost_of(tiers),
        "live": runs.is_live(found),
        "left_out": photos.left_out(found),
        "to_mark": any(stage.result.asks_person for one in tiers for stage in one.stages),
        "is_operator": operator,
        "acts": acts_for(found) if operator else [],
    }


def _stage_context(request: HttpRequest, found: Run, view: runs.StageView) -> dict[str, Any]:
    """What `_stage.html` needs; the strip's own `live` is not the stage's."""
    row = view.row
    result = StageResult.objects.select_related("job").get(pk=row.result_id)
    row.result = result
    context = {
        "stage": row,
        "view": view,
        "section": next((one for one in sections() if one.path == row.stage), {"help": _SHARED.get(row.stage, "")}),
        "maker": stages.maker_of(row) if row.reused else None,
        "settings": stages.settings_of(result),
        "stage_cost": cost_of_stage(row),
        "training": stages.training_of(result),
        "is_operator": is_operator(request),
        "stage_live": view.state == StageResult.State.RUNNING,
        "job": result.job,
    }
    if result.job:
        context |= {"pace": pace(result.job), "elapsed": running_time(result.job)}
    if row.stage in WITH_CANDIDATES:
        return context | {"tier": row.tier} | _candidates_context(request, found, row.tier)
    return context | _pictures_context(request, result)


_SHARED = {
    "class_images": "Images of the product's type by the base alone, for DreamBooth's prior preservation; shared by its"
    " products.",
}


def _pictures_context(request: HttpRequest, result: StageResult) -> dict[str, Any]:
    wanted = pictures.PictureFilter.of(request.GET)
    page = pictures.picture_page(result, wanted, cursor_of(request, "after"))
    counts = [] if request.GET.get("after") and fragment(request) else pictures.kind_counts(result)
    total, kept = sum(count.total for count in counts), sum(count.kept for count in counts)
    more = _more(reverse("generation:stage-pictures", args=[result.pk]), request, page.next_cursor, ("kind", "which"))
    facts = {"wanted": wanted, "page": page, "counts": counts, "more": more}
    return facts | {"total": total, "kept": kept, "dropped": total - kept}


def _candidates_context(request: HttpRequest, found: Run, tier: int) -> dict[str, Any]:
    sort = pictures.sort_of(request.GET)
    page = pictures.candidate_page(found.pk, tier=tier, sort=sort, after=cursor_of(request, "after"))
    url = reverse("generation:run-candidates", args=[found.pk, tier])
    more = _more(url, request, page.next_cursor, ("sort",))
    # The best by any order has a sum, where anything was measured.
    sorts = pictures.SORTS if any(one.score is not None for one in page.items) else {}
    return {"candidates": page, "sort": sort, "sorts": sorts, "metrics": pictures.METRICS, "more": more}


def _on_its_page(request: HttpRequest, pk: int, stage: str, tier: int) -> HttpResponse:
    """Lead whoever has no htmx, or opens another window, to a run's page with that stage open and the same choice."""
    query = urlencode(request.GET.dict() | {"stage": stage, "tier": tier})
    return redirect(f"{reverse('generation:run', args=[pk])}?{query}")


def _more(url: str, request: HttpRequest, cursor: int | None, kept: tuple[str, ...]) -> str:
    if cursor is None:
        return ""
    query = {name: request.GET[name] for name in kept if request.GET.get(name)}
    return f"{url}?{urlencode(query | {'after': cursor})}"


def toast(response: HttpResponse, level: int, text: str) -> HttpResponse:
    """Have the answer to htmx say this in a toast."""
    notice = {"level": "error" if level == messages.ERROR else "success", "text": text}
    response.headers["HX-Trigger"] = json.dumps({"notice": notice})
    return response


def fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page, and not for a page that it shows anew from its history."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request
