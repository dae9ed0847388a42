"""Who rates in a campaign: invited, taken off with a reason, let in again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from raters.exceptions import Refused
from raters.forms.campaigns import InviteForm
from raters.models import CampaignRater
from raters.selectors import monitoring
from raters.services import blocking, people
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links


@allow(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_raters(request: HttpRequest, pk: int) -> HttpResponse:
    """A campaign's raters, and who may be invited, found by name."""
    campaign = monitoring.campaign_or_404(pk)
    wanted = request.GET.get("q", "").strip()
    form = InviteForm(request.POST if request.method == "POST" else None, campaign=campaign, wanted=wanted)
    if form.is_bound and form.is_valid():
        invited = people.invite([people.rater_of(user) for user in form.cleaned_data["people"]], campaign)
        messages.success(request, f"{invited} rater{'s' * (invited != 1)} invited.")
        return redirect("raters:campaign-raters", pk)
    page = monitoring.member_page(campaign, **cursors_of(request))
    context = {
        "campaign": campaign,
        "form": form,
        "wanted": wanted,
        "page": page,
        "pager": pager_links(page, request.GET),
    }
    return render(request, "raters/campaign_raters.html", context, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@require_POST
def campaign_rater_block(request: HttpRequest, pk: int, rater: int) -> HttpResponse:
    """Take a rater off the campaign; what they hold goes to others."""
    member = _member(pk, rater)
    try:
        back = blocking.block(member.rater, member.campaign, reason=request.POST.get("reason", ""), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        held = f" {back} image{'s' * (back != 1)} went back to the others." if back else ""
        messages.success(request, f"{member.rater} is off this campaign; their ratings count as before.{held}")
    return redirect("raters:campaign-raters", pk)


@allow(Role.OPERATOR)
@require_POST
def campaign_rater_unblock(request: HttpRequest, pk: int, rater: int) -> HttpResponse:
    """Let a rater in again who was taken off."""
    member = _member(pk, rater)
    try:
        blocking.unblock(member.rater, member.campaign, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{member.rater} may rate here again.")
    return redirect("raters:campaign-raters", pk)


def _member(campaign: int, rater: int) -> CampaignRater:
    rows = CampaignRater.objects.select_related("rater", "campaign")
    return get_object_or_404(rows, campaign=campaign, rater=rater)
