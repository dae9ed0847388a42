"""Saved views: the list, saving the page that one is on, and what may be done to each."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from review.exceptions import CannotSave
from review.forms import FilterForm
from review.models import SavedView
from review.services import saved
from review.views.overview import LOOK
from vitrine.access import allow


@allow(*LOOK)
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Where review begins: the person's own first view, else the overview of everything."""
    first = saved.first_of(request.user)
    return redirect(first.address if first else reverse("review:overview"))


@allow(*LOOK)
@require_safe
def views(request: HttpRequest) -> HttpResponse:
    """Own views with what may be done to them, those of others, and removed ones to bring back."""
    rows = list(saved.visible(request.user)[: saved.MOST_LISTED])
    context = {
        "own": [one for one in rows if one.owner_id == request.user.pk],
        "others": [one for one in rows if one.owner_id != request.user.pk],
        "removed": saved.removed(request.user)[: saved.MOST_LISTED],
        "first": saved.first_of(request.user),
        "filters": FilterForm(request.GET).filters(),
    }
    return render(request, "review/saved_views.html", context)


@allow(*LOOK)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the page that the form stands on; back to it."""
    address = request.POST.get("address", "")
    try:
        made = saved.save(request.user, request.POST.get("name", ""), address, shared="shared" in request.POST)
    except CannotSave as refusal:
        messages.error(request, str(refusal))
        return redirect("review:views")
    messages.success(request, f"Saved as {made.name!r}{', for all' if made.shared else ''}.")
    return redirect(made.address)


@allow(*LOOK)
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, or shared with all or no longer."""
    view = _own(request, pk)

    def act() -> str:
        saved.change(view, request.POST.get("name", ""), shared="shared" in request.POST)
        return f"{view.name!r} is {'for all' if view.shared else 'your own'}."

    return _answered(request, act)


@allow(*LOOK)
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a view out of the lists; it can be brought back from there."""
    view = _own(request, pk)

    def act() -> str:
        saved.remove(view)
        return f"{view.name!r} is removed. It can be brought back below."

    return _answered(request, act)


@allow(*LOOK)
@require_POST
def bring_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a removal."""
    view = _own(request, pk)

    def act() -> str:
        saved.bring_back(view)
        return f"{view.name!r} is back."

    return _answered(request, act)


@allow(*LOOK)
@require_POST
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin with a view from now on, or, when it is the first one already, with the overview again."""
    view = saved.visible(request.user).filter(pk=pk).first()
    if view is None:
        raise Http404(f"There is no saved view {pk} for you.")
    saved.begin_with(request.user, None if saved.first_of(request.user) == view else view)
    return redirect("review:views")


def _answered(request: HttpRequest, act: Callable[[], str]) -> HttpResponse:
    """The list again, with what was done, or why it was not."""
    try:
        messages.success(request, act())
    except CannotSave as refusal:
        messages.error(request, str(refusal))
    return redirect("review:views")


def _own(request: HttpRequest, pk: int) -> SavedView:
    """The person's own view, removed or not. Raises Http404, for others' views too: only their owners change them."""
    found = SavedView.objects.filter(pk=pk, owner=request.user.pk).select_related("owner").first()
    if found is None:
        raise Http404(f"You have no saved view {pk}.")
    return found
