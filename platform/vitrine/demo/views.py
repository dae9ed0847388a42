"""The page that shows how far the demonstration is, and leads to what is there already; and moving on in the tour."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from vitrine.access import allow_signed_in
from vitrine.demo import looking, tour


@allow_signed_in
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """All shows and their steps; htmx gets the part that changes."""
    _refuse_elsewhere()
    shown = looking.all_shown(request.user)
    context = {"shown": shown, "live": any(one.live for one in shown), "looks": looking.looks(request.user)}
    part = request.htmx  # type: ignore[attr-defined]
    return render(request, "demo/_shows.html" if part else "demo/progress.html", context)


@allow_signed_in
@require_POST
def tour_act(request: HttpRequest) -> HttpResponse:
    """`act` is next (from `stop`), hide or again; back to the page it was asked from."""
    _refuse_elsewhere()
    act, user = request.POST.get("act"), request.user
    if act == "next":
        tour.pass_by(user, request.POST.get("stop", ""))  # type: ignore[arg-type]
    elif act in ("hide", "again"):
        tour.hide(user, hidden=act == "hide")  # type: ignore[arg-type]
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, None) else resolve_url("home"))


def _refuse_elsewhere() -> None:
    if not settings.DEMO:
        raise Http404("The demonstration is not shown here.")
