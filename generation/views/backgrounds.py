"""The backgrounds that swaps put products before: those there are, and a seller's own, added and removed."""

from typing import BinaryIO, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog.exceptions import PhotoRefused
from generation.exceptions import NotPossible
from generation.forms import BackgroundForm
from generation.services import own_backgrounds as services
from vitrine.access import Role, allow


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def backgrounds(request: HttpRequest) -> HttpResponse:
    """All backgrounds: own ones first, and those that can be put back."""
    return _page(request, BackgroundForm())


@allow(Role.ANALYST, Role.OPERATOR)
@require_safe
def background_picture(request: HttpRequest, name: str) -> HttpResponse:
    """One of them, small."""
    try:
        data = services.thumbnail(name, removed="removed" in request.GET)
    except NotPossible as refusal:
        raise Http404(str(refusal)) from None
    headers = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(data, content_type="image/webp", headers=headers)


@allow(Role.OPERATOR)
@require_POST
def background_add(request: HttpRequest) -> HttpResponse:
    """Keep the uploaded pictures; each that is refused is named with its reason."""
    form, files = BackgroundForm(request.POST), request.FILES.getlist("pictures")
    if not files:
        form.add_error(None, "No picture was chosen. Choose one or more first.")
    if not form.is_valid():
        return _page(request, form, status=422)
    for file in files:
        try:
            name = services.add(cast(BinaryIO, file), file.name or "background", form.facts())
        except (PhotoRefused, NotPossible) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{name} is added. Runs that begin from now on may use it.")
    return redirect("generation:backgrounds")


@allow(Role.OPERATOR)
@require_POST
def background_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Offer an own background no longer."""
    return _changed(request, name, restored=False)


@allow(Role.OPERATOR)
@require_POST
def background_restore(request: HttpRequest, name: str) -> HttpResponse:
    """Put a removed one back."""
    return _changed(request, name, restored=True)


def _changed(request: HttpRequest, name: str, *, restored: bool) -> HttpResponse:
    try:
        (services.put_back if restored else services.remove)(name)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        done = "is back" if restored else "is removed. It can be put back below"
        messages.success(request, f"{name} {done}.")
    return redirect("generation:backgrounds")


def _page(request: HttpRequest, form: BackgroundForm, status: int = 200) -> HttpResponse:
    own = services.owned()
    context = {
        "form": form,
        "own": own,
        "unusable": sum(bool(one.problem) for one in own),
        "removed": services.owned(removed=True),
        "shipped": services.shipped(),
        "kept_days": services.KEPT_FOR.days,
    }
    return render(request, "generation/backgrounds.html", context, status=status)
