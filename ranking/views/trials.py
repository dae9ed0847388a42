"""A/B: what raters said of the picks on each side of a trial, and how they come to be asked."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from ranking.exceptions import Refused
from ranking.forms import TrialCampaignForm
from ranking.selectors import comparing
from ranking.services import trials
from raters.exceptions import Refused as RatingRefused
from vitrine.access import Role, allow

LOOK = (Role.ANALYST, Role.OPERATOR)


@allow(*LOOK)
@require_safe
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """What passed among the picks of each side."""
    return _page(request, pk, TrialCampaignForm(initial={"name": f"Images to judge #{pk}"}))


@allow(Role.OPERATOR)
@require_POST
def trial_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Give all products the champion's picks again."""
    trials.end(comparing.trial_or_404(pk))
    messages.success(request, "The trial has ended: all products get the champion's picks.")
    return redirect("ranking:trial", pk)


@allow(Role.OPERATOR)
@require_POST
def trial_campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """Have picks of both sides rated."""
    found = comparing.trial_or_404(pk)
    form = TrialCampaignForm(request.POST)
    if form.is_valid():
        try:
            made = trials.make_campaign(found, **form.cleaned_data, by=request.user)
        except (Refused, RatingRefused) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{made.name} is made, as a draft with {made.task_count} images of both sides.")
            return redirect("raters:campaign", made.pk)
    return _page(request, pk, form)


def _page(request: HttpRequest, pk: int, form: TrialCampaignForm) -> HttpResponse:
    found = comparing.trial_or_404(pk)
    context = {"trial": found, "told": comparing.compared(found), "form": form}
    return render(request, "ranking/trial.html", context, status=422 if form.errors else 200)
