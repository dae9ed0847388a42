"""What is done with images of a list: marked for a second look, or sent to a new campaign, some or all of them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from catalog.selectors.products import Total
from raters.exceptions import BadCampaign
from review.cards import ImageKey
from review.exceptions import CannotChoose
from review.services import choosing, marks, sending
from review.services.choosing import WHOLE
from review.views.overview import LOOK
from review.wall_forms import MOST_SENT, ChooseForm, MarkForm, SendForm, read_items, read_keys, read_wall
from vitrine.access import Role, allow, roles_of


@allow(*LOOK)
@require_POST
def mark_chosen(request: HttpRequest) -> HttpResponse:
    """Mark images of a list for a second look, or take their marks off."""
    form = MarkForm(request.POST)
    try:
        keys = _chosen(request, form)
    except CannotChoose as refusal:
        return _refused(request, str(refusal))
    changed = marks.mark_all(keys, marked=form.cleaned_data["marked"], by=request.user)
    number = f"{changed:,} image{'' if changed == 1 else 's'}"
    if form.cleaned_data["marked"]:
        had = f" Of {len(keys):,}: the others had a mark before, or are gone." if len(keys) > changed else ""
        messages.success(request, f"{number} marked for a second look.{had}")
    else:
        messages.success(request, f"Marks taken off {number}.")
    return redirect(_back(request))


@allow(Role.OPERATOR)
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Make a campaign of the images chosen on a list, or of all that it has."""
    form = SendForm(request.POST)
    try:
        keys = _chosen(request, form)
        asked = form.cleaned_data
        sent = sending.send(keys, asked["name"], raters_per_image=asked["raters"], by=request.user)
    except (BadCampaign, CannotChoose) as refusal:
        return _refused(request, str(refusal))
    left = f" {sent.left_out} could not be taken: their files are gone, or held back." if sent.left_out else ""
    messages.success(
        request, f"{sent.images} images are in {sent.campaign.name}, a draft.{left} Open it when it is right."
    )
    return redirect("raters:campaign", sent.campaign.pk)


def choosing_context(request: HttpRequest, query: str, *, back: str = "", total: Total | None = None) -> dict[str, Any]:
    """What `_choose.html` shows. `query`: of the wall whose images are meant; `back`: the list, where it is no wall.

    `total` is what the list has, where all of it may be meant.
    """
    return {
        "total": total,
        "most_share": WHOLE if total is None else min(WHOLE, WHOLE * MOST_SENT // max(total.number, 1)),
        "may_send": Role.OPERATOR in roles_of(request.user),
        "most_sent": MOST_SENT,
        "send_address": f"{reverse('review:send')}?{query}",
        "mark_address": f"{reverse('review:mark-chosen')}?{query}",
        "back": back,
    }


def _chosen(request: HttpRequest, form: ChooseForm) -> list[ImageKey]:
    """The images that a list's form names, be it by themselves or by their products. Raises CannotChoose."""
    wall, problem = read_wall(request.GET)
    if problem or not form.is_valid():
        raise CannotChoose(problem or f"{next(iter(form.errors))}: {next(iter(form.errors.values()))[0]}")
    if form.cleaned_data["which"] == "all":
        return choosing.keys_on(wall, form.cleaned_data["share"])
    items = read_items(request.POST.getlist("items"))
    keys = [*read_keys(request.POST.getlist("images")), *choosing.keys_of_items(wall.filters, items)]
    choosing.checked(len(keys))
    return keys


def _refused(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The list that the form stood on: a page of review, or the wall."""
    back = request.POST.get("back", "")
    if back.startswith(reverse("review:overview")) and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    return read_wall(request.GET)[0].address
