"""Batches: the list, one with its counts and reasons, and starting one from the products that a filter finds."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.forms import type_options
from catalog.selectors.products import ProductFilter, list_facts
from generation.exceptions import GenerationError, NotPossible
from generation.models import Batch
from generation.selectors import batches as selectors
from generation.selectors.choosing import chosen_ids, title_of, words_of
from generation.selectors.costs import bill_of_batch
from generation.selectors.progress import stage_progress
from generation.selectors.runs import RunFilter
from generation.services import control
from generation.services import runs as services
from generation.views.acts import BATCH_ACTS, acts_for_batch
from generation.views.people import is_operator, person
from generation.views.runs import fragment, rows_context, toast
from generation.views.starting import start_form
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """Batches, newest first; asked by htmx, only the rows."""
    page, retried = selectors.batch_page(**cursors_of(request)), control.retried_batches()
    context = {
        "page": page,
        "pager": pager_links(page, request.GET),
        "base_url": request.path,
        "retried": retried,
        "live": any(selectors.is_live(one) or one.pk in retried for one in page.items),
        "own_url": request.get_full_path(),
    }
    template = "_batch_rows" if fragment(request) else "batches"
    response = render(request, f"generation/{template}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@allow(*LOOK)
@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch: counts, stages, why runs stopped, and its runs."""
    found = selectors.batch_or_404(pk)
    wanted = RunFilter(state=RunFilter.of(request.GET).state, batch=pk)
    own = rows_context(request, wanted) | {"base_url": reverse("generation:batch", args=[pk])}
    if fragment(request):
        return render(request, "generation/_run_rows.html", own)
    # Its rows renew themselves; `live` of the counts is the batch's.
    rows_live = own.pop("live")
    return render(request, "generation/batch.html", own | _live_context(request, found) | {"rows_live": rows_live})


@allow(*LOOK)
@require_safe
def batch_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a batch's page that changes while it runs."""
    return render(request, "generation/_batch_live.html", _live_context(request, selectors.batch_or_404(pk)))


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def batch_new(request: HttpRequest) -> HttpResponse:
    """Choose products by the list's own filter, and start a batch of them."""
    wanted = ProductFilter.of(request.GET)
    form = start_form(request)
    if form.is_bound and form.is_valid():
        try:
            started = services.start_batch(
                chosen_ids(wanted), form.wish(), title=title_of(wanted), asked_by=person(request)
            )
        except GenerationError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _started(request, started)
    facts = list_facts(wanted)
    context = {
        "form": form,
        "filter": wanted,
        "type_options": type_options(facts["types"], wanted.type_id),
        "chosen": words_of(wanted),
    }
    return render(request, "generation/batch_new.html", context | _found(wanted), status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_POST
def batch_change(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Pause, resume or cancel a batch, or retry what failed in it."""
    found = selectors.batch_or_404(pk)
    if act not in BATCH_ACTS:
        raise Http404(f"A batch knows no {act}.")
    level, notice = messages.SUCCESS, BATCH_ACTS[act].done.format(what=str(found))
    try:
        BATCH_ACTS[act].run(found)
    except GenerationError as refusal:
        level, notice = messages.ERROR, str(refusal)
    if fragment(request):
        context = _live_context(request, selectors.batch_or_404(pk))
        return toast(render(request, "generation/_batch_live.html", context), level, notice)
    messages.add_message(request, level, notice)
    return redirect("generation:batch", pk)


def _found(wanted: ProductFilter) -> dict[str, Any]:
    """How many products the filter finds, None before one is set; or why that is too many."""
    try:
        return {"total": len(chosen_ids(wanted)) if wanted.is_narrowed else None}
    except NotPossible as refusal:
        return {"too_many": str(refusal)}


def _started(request: HttpRequest, started: services.Started) -> HttpResponse:
    if started.batch is None:
        messages.info(request, f"Nothing to do: all {started.there} products have such a run already.")
        return redirect("generation:runs")
    there = f" {started.there} had such a run already." if started.there else ""
    messages.success(request, f"{started.added} runs are being planned.{there}")
    return redirect("generation:batch", started.batch.pk)


def _live_context(request: HttpRequest, found: Batch) -> dict[str, Any]:
    operator = is_operator(request)
    retrying = control.retry_job(found)
    return {
        "batch": found,
        "counts": selectors.counts_of(found),
        "stages": stage_progress(found),
        "reasons": selectors.reasons(found),
        "bill": bill_of_batch(found.pk),
        "retrying": retrying,
        "live": selectors.is_live(found) or retrying is not None,
        "is_operator": operator,
        "acts": acts_for_batch(found, retrying=retrying is not None) if operator else [],
    }
