"""Campaigns, for operators and analysts: the list, one as it goes, its settings, and what moves it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raters.exceptions import BadCampaign
from raters.forms.campaigns import CampaignForm
from raters.models import Campaign
from raters.models.campaigns import CampaignState
from raters.selectors import monitoring
from raters.services import campaigns as services
from raters.services import questions
from vitrine.access import Role, allow, roles_of
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

LOOK = (Role.ANALYST, Role.OPERATOR)
EDIT = ["GET", "HEAD", "POST"]
# address part: (service, what the button says, the question before it, what is said after it)
MOVES: dict[str, tuple[Any, str, str, str]] = {
    "open": (services.open_campaign, "Open", "", "is open: raters may begin."),
    "pause": (services.pause, "Pause", "", "is paused: raters finish what they hold, and get nothing more."),
    "close": (
        services.close,
        "Close",
        "Close this campaign for good? What raters hold goes back, and nothing more is taken.",
        "is closed.",
    ),
}
_OFFERED = {
    CampaignState.DRAFT: ("open",),
    CampaignState.OPEN: ("pause", "close"),
    CampaignState.PAUSED: ("open", "close"),
    CampaignState.CLOSED: (),
}


@allow(*LOOK)
@require_safe
def campaigns(request: HttpRequest) -> HttpResponse:
    """Campaigns, newest first."""
    state = request.GET.get("state", "")
    page = monitoring.campaign_page(state, **cursors_of(request))
    context = {"page": page, "pager": pager_links(page, request.GET), "state": state, "states": CampaignState.values}
    return render(request, "raters/campaigns.html", context)


@allow(*LOOK)
@require_safe
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """One campaign: how far it is, who rates, and what came out so far."""
    return render(request, "raters/campaign.html", live_context(request, monitoring.campaign_or_404(pk)))


@allow(*LOOK)
@require_safe
def campaign_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a campaign's page that changes while raters work."""
    return render(request, "raters/_campaign_live.html", live_context(request, monitoring.campaign_or_404(pk)))


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Make a campaign: a draft without images."""
    default = questions.default_question_set()
    form = CampaignForm(request.POST or None, initial={"question_set": default.pk})
    if form.is_bound and form.is_valid():
        try:
            made = services.make_campaign(by=request.user, **form.settings())
        except BadCampaign as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{made.name} is made, as a draft. Add images to it now.")
            return redirect("raters:campaign-images", made.pk)
    return render(request, "raters/campaign_edit.html", {"form": form}, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def campaign_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a campaign's settings; of one that was opened, only what leaves the meaning of its ratings alone."""
    found = monitoring.campaign_or_404(pk)
    form = CampaignForm(request.POST or None, campaign=found)
    if form.is_bound and form.is_valid():
        try:
            services.change_campaign(found, by=request.user, **form.settings())
        except BadCampaign as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The settings are saved.")
            return redirect("raters:campaign", pk)
    context = {"form": form, "campaign": found}
    return render(request, "raters/campaign_edit.html", context, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_POST
def campaign_move(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Open, pause, close or delete."""
    found = monitoring.campaign_or_404(pk)
    try:
        if act == "delete":
            services.delete_draft(found)
            messages.success(request, f"The draft {found.name} is deleted.")
            return redirect("raters:campaigns")
        if act not in MOVES:
            raise Http404(f"A campaign cannot be told to {act[:40]}.")
        service, _, _, said = MOVES[act]
        service(found, by=request.user)
        messages.success(request, f"{found.name} {said}")
    except BadCampaign as refusal:
        messages.error(request, str(refusal))
    return redirect("raters:campaign", pk)


def live_context(request: HttpRequest, found: Campaign) -> dict[str, Any]:
    """What the live part of a campaign's page shows."""
    return {
        "campaign": found,
        "monitor": monitoring.monitor(found),
        "moves": [(act, MOVES[act][1], MOVES[act][2]) for act in _OFFERED[CampaignState(found.state)]],
        "live": found.state == CampaignState.OPEN,
        "is_operator": Role.OPERATOR in roles_of(request.user),
    }
