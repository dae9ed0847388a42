"""Rankers: who decides, how good each is, and who is to decide next."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ranking.exceptions import Refused
from ranking.forms import PolicyForm
from ranking.models import DriftNotice
from ranking.models.rankers import RankerState
from ranking.selectors import rankers as selectors
from ranking.services import notices, policy, registry, training, trials
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

LOOK = (Role.ANALYST, Role.OPERATOR)
EDIT = ["GET", "HEAD", "POST"]


@allow(*LOOK)
@require_safe
def rankers(request: HttpRequest) -> HttpResponse:
    """Who decides and how well, then all rankers, newest first."""
    page = selectors.ranker_page(**cursors_of(request))
    context = {**selectors.overview(), "page": page, "pager": pager_links(page, request.GET)}
    return render(request, "ranking/rankers.html", context)


@allow(*LOOK)
@require_safe
def ranker(request: HttpRequest, pk: int) -> HttpResponse:
    """One ranker: figures, gate, files, and what may be done with it."""
    return _page(request, pk)


@allow(Role.OPERATOR)
@require_POST
def ranker_promote(request: HttpRequest, pk: int) -> HttpResponse:
    """Have it made champion: through the gate, or over it with a reason."""
    found = selectors.ranker_or_404(pk)
    reason = request.POST.get("reason", "")
    try:
        registry.ask_for_promotion(found, by=request.user, reason=reason)
    except Refused as refusal:
        return _page(request, pk, refusal=str(refusal), reason=reason)
    messages.success(request, f"{found} becomes champion as soon as all images are scored.")
    return redirect("ranking:ranker", pk)


@allow(Role.OPERATOR)
@require_POST
def ranker_do(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Have it score along or no longer, tried on a share of products, or evaluated again."""
    found = selectors.ranker_or_404(pk)
    try:
        messages.success(request, _act(request, found, act))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("ranking:ranker", pk)


@allow(Role.OPERATOR)
@require_POST
def rollback(request: HttpRequest) -> HttpResponse:
    """Give back to whoever decided before, at once."""
    try:
        done = registry.rollback(by=request.user, reason=request.POST.get("reason", ""))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Rolled back: {done.after or registry.THE_SUM} decides again.")
    return redirect("ranking:rankers")


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def policy_edit(request: HttpRequest) -> HttpResponse:
    """How picks follow from scores."""
    form = PolicyForm.of(policy.current(), request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            policy.change(by=request.user, **form.values())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The picks follow these rules as soon as images are scored anew.")
            return redirect("ranking:rankers")
    return render(request, "ranking/policy_edit.html", {"form": form}, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_POST
def notice_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a notice of drift."""
    notices.close(get_object_or_404(DriftNotice, pk=pk), by=request.user)
    messages.success(request, "The notice is closed. It comes back if the next look finds the same.")
    return redirect("ranking:rankers")


def _act(request: HttpRequest, found: Any, act: str) -> str:
    """Do it, and say so. Raises Refused."""
    if act in ("shadow", "unshadow"):
        registry.set_shadow(found, act == "shadow", by=request.user)
        return f"{found} {'scores along, and decides nothing' if act == 'shadow' else 'scores along no longer'}."
    if act == "evaluate":
        training.ask_for_evaluation(found, by=request.user)
        return f"{found} is being held against today's champion and labels."
    if act == "trial":
        trials.begin(found, _share(request.POST.get("share", "")), by=request.user)
        return f"{found} picks for a share of the products now."
    raise Refused(f"A ranker cannot be told to {act}.")


def _share(text: str) -> float:
    try:
        return float(text) / 100
    except ValueError:
        raise Refused(f"{text!r} is no share: say how many percent of the products.") from None


def _page(request: HttpRequest, pk: int, refusal: str = "", reason: str = "") -> HttpResponse:
    found = selectors.ranker_or_404(pk)
    context = {
        "ranker": found,
        "evaluation": selectors.evaluation_of(found),
        "gate": found.gate,
        "why_not": selectors.standing(found),
        "promotions": selectors.promotions_of(found),
        "files": found.files.all(),
        "may_rise": found.state != RankerState.CHAMPION,
        "trial": trials.running(),
        "refusal": refusal,
        "reason": reason,
    }
    return render(request, "ranking/ranker.html", context, status=409 if refusal else 200)
